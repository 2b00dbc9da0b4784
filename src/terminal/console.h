// The terminal: results on stdout, progress and log lines on stderr, none in another's way.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "vpr/base/progress.h"

namespace spdlog {
class logger;
}

namespace vpr::terminal {

// Progress on stderr: on a terminal a bar with rate and time left, redrawn in place; otherwise a
// plain line now and then. News and warnings are log lines. `quiet`: warnings alone.
std::unique_ptr<Progress> MakeProgress(bool quiet);

// Nobody reads the results any more: the program ends without a word, as SIGPIPE ends others.
struct ClosedPipe {};

// Writes results to stdout, and makes sure they arrived: to a terminal as PrintableText, tabs as
// blanks, the bar of a progress taken away first. Throws kIo (a full disk), ClosedPipe.
void Print(const std::string& text);
// One line of JSON, or with an `indent` many; what is not UTF-8 becomes U+FFFD.
std::string ToLine(const nlohmann::ordered_json& json, int indent = -1);
void PrintJson(const nlohmann::ordered_json& json);

// "vpr: warning: ..." on stderr, one clean line each.
std::shared_ptr<spdlog::logger> MakeLogger();
// The same of the default logger, for those who call back.
void Warn(const std::string& line);

// Of the terminal at stderr, 80 if there is none; those that `text`, clean UTF-8, takes; and as
// much of it as fits in.
std::size_t TerminalWidth();
std::size_t ColumnsOf(std::string_view text);
std::string ShortenForTerminal(std::string_view text, std::size_t width);

// The last part of a path, for titles; "standard input" for "-".
std::string FileName(const std::string& path);

// A line that shows the level of a microphone and a text, if stderr is a terminal and it is wanted.
// What is written goes above it, as above the bar of a progress.
class LevelMeter {
 public:
  explicit LevelMeter(bool wanted);
  ~LevelMeter();
  void Show(double level_db, const std::string& text);

 private:
  bool shown_;
  std::chrono::steady_clock::time_point last_{};
};

// What `run` returns, which is an exit code; of what it throws, one line on stderr and kExitFailed.
// ClosedPipe ends the process.
int RunTellingErrors(const std::function<int()>& run);

}  // namespace vpr::terminal
