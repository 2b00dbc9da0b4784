// What every command shares. A command is one file: AddNameCommand declares a subcommand with its
// options in a struct and stores what to run; the run function calls the library and prints.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "vpr/base/progress.h"

namespace CLI {
class App;
class Validator;
}  // namespace CLI

namespace spdlog {
class logger;
}

namespace vpr::cli {

// Exit codes: 0 done, 1 it could not be done, 2 wrong usage. Accept or reject is output, not an
// exit code, unless --exit-status asks for it (3: rejected).
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitRejected = 3;

struct Context {
  std::function<int()> run;  // set by the chosen subcommand
  bool quiet = false;        // --quiet: no progress, warnings and errors only
};

// Progress on stderr: on a terminal a bar with rate and time left, redrawn in place; otherwise a
// plain line now and then. News and warnings are log lines.
std::unique_ptr<Progress> MakeConsoleProgress(const Context& context);

// First of all: standard input, output and error are open, and signals that end the program (INT,
// TERM, HUP, QUIT) remove unfinished files before they do.
void BeginProcess();

// From now on the first Ctrl-C (or SIGTERM, or SIGHUP) makes the returned function true and a
// second one ends the program at once.
StopRequested CatchInterrupts();

// Shows again what is typed into the terminal, if a question for a passphrase has turned that off.
// May be called in a signal's handler.
void RestoreEcho() noexcept;

// Nobody reads the results any more: the program ends without a word, as SIGPIPE ends others.
struct ClosedPipe {};

// Writes results to stdout, to a terminal as PrintableText and with the bar of a progress taken
// away first, and makes sure they arrived; throws kIo (a full disk), ClosedPipe.
void Print(const std::string& text);
// One line of JSON, or with an `indent` many; what is not UTF-8 becomes U+FFFD.
std::string ToLine(const nlohmann::ordered_json& json, int indent = -1);
void PrintJson(const nlohmann::ordered_json& json);

// "vpr: warning: ..." on stderr, one clean line each.
std::shared_ptr<spdlog::logger> MakeLogger();

// Of the terminal at stderr, 80 if there is none; those that `text`, clean UTF-8, takes; and as
// much of it as fits in.
std::size_t TerminalWidth();
std::size_t ColumnsOf(std::string_view text);
std::string ShortenForTerminal(std::string_view text, std::size_t width);

// The last part of a path, for titles; "standard input" for "-".
std::string FileName(const std::string& path);

// For CLI::Validator: a number of Hz, or "file" for the file's own; else what is wrong.
std::string CheckSampleRate(const std::string& rate);

void AddFeaturesCommand(CLI::App& app, Context& context);
void AddDegradeCommand(CLI::App& app, Context& context);
void AddTrimCommand(CLI::App& app, Context& context);
void AddPackCommand(CLI::App& app, Context& context);
void AddTrainCommand(CLI::App& app, Context& context);
void AddEmbedCommand(CLI::App& app, Context& context);
void AddEnrollCommand(CLI::App& app, Context& context);
void AddVerifyCommand(CLI::App& app, Context& context);
void AddIdentifyCommand(CLI::App& app, Context& context);
void AddSpeakersCommand(CLI::App& app, Context& context);
void AddDbCommand(CLI::App& app, Context& context);
void AddDevicesCommand(CLI::App& app, Context& context);
void AddCheckLabelsCommand(CLI::App& app, Context& context);
void AddCompareCommand(CLI::App& app, Context& context);
void AddEvalCommand(CLI::App& app, Context& context);
void AddCalibrateCommand(CLI::App& app, Context& context);
void AddAdaptCommand(CLI::App& app, Context& context);
void AddClassifyCommand(CLI::App& app, Context& context);
void AddInspectCommand(CLI::App& app, Context& context);
void AddModelCommand(CLI::App& app, Context& context);

// The whole program: parses, runs, maps errors to one line on stderr and an exit code.
int Main(int argc, char** argv);

}  // namespace vpr::cli
