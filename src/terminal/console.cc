#include "terminal/console.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <exception>
#include <mutex>
#include <new>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "terminal/bar.h"
#include "terminal/process.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/print/json_line.h"

namespace vpr::terminal {
namespace {

using Clock = std::chrono::steady_clock;

// "1:09", "2:03:40"
std::string Duration(double seconds) {
  auto total = static_cast<long long>(std::llround(std::min(seconds, 3.6e8)));
  if (total < 3600) return Format("%lld:%02lld", total / 60, total % 60);
  return Format("%lld:%02lld:%02lld", total / 3600, total / 60 % 60, total % 60);
}

// The terminal is one, whoever writes to it: results on stdout, log lines on stderr and the bar.
// Whatever is written first takes away the bar that stands there.
std::recursive_mutex terminal_mutex;
std::atomic<bool> bar_is_drawn{false};
constexpr std::string_view kEraseLine = "\r\033[K";

void WriteToTerminal(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void EraseBar() {
  if (bar_is_drawn) WriteToTerminal(std::string(kEraseLine));
  bar_is_drawn = false;
}

// What is told of the counts.
struct Parts {
  bool unit = true, rate = true, left = true, detail = true;
};

// What both kinds of progress count.
class ConsoleProgress : public Progress {
 public:
  void Start(const std::string& what, const std::string& unit, std::uint64_t total,
             std::uint64_t already) override {
    std::lock_guard lock(terminal_mutex);
    what_ = what;
    unit_ = unit;
    total_ = total;
    done_ = already_ = already;
    part_ = 0;
    detail_.clear();
    begin_ = Clock::now();
    running_ = true;
    Begin();
  }
  void Update(std::uint64_t done, const std::string& detail) override {
    std::lock_guard lock(terminal_mutex);
    if (!running_) return;
    done_ = done;
    part_ = 0;  // those under way say so again
    detail_ = detail;
    Show();
  }
  void UpdatePart(double items) override {
    std::lock_guard lock(terminal_mutex);
    if (!running_) return;
    part_ = items;
    Show();
  }
  void Finish() override {
    std::lock_guard lock(terminal_mutex);
    if (running_) Hide();
    running_ = false;
  }
  void Info(const std::string& line) override { Log(spdlog::level::info, line); }
  void Warn(const std::string& line) override { Log(spdlog::level::warn, line); }

 protected:
  virtual void Begin() = 0;
  virtual void Show() = 0;  // the counts changed
  virtual void Hide() = 0;  // something else is about to be written

  double Elapsed() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  // "6012/14352 files, 121/s, 1:09 left, 3 skipped", or less of it.
  std::string Counts(const Parts& parts = {}) const {
    std::string text = std::to_string(done_);
    if (total_ > 0) text += "/" + std::to_string(total_);
    if (parts.unit) text += " " + unit_ + ((total_ > 0 ? total_ : done_) == 1 ? "" : "s");
    double elapsed = Elapsed();
    if (Work() > static_cast<double>(already_) && elapsed > 0) {
      const double rate = (Work() - static_cast<double>(already_)) / elapsed;
      // A file that takes long has a share done, but no speed that says anything.
      if (parts.rate && done_ > already_) text += Format(rate < 10 ? ", %.2f/s" : ", %.0f/s", rate);
      if (parts.left && total_ > done_)
        text += ", " + Duration((static_cast<double>(total_) - Work()) / rate) + " left";
    }
    if (parts.detail && !detail_.empty()) text += ", " + detail_;
    return text;
  }
  double Fraction() const {
    return total_ == 0 ? 0.0 : std::min(1.0, Work() / static_cast<double>(total_));
  }
  // 100 only of what is done.
  int Percent() const {
    const int percent = static_cast<int>(100 * Fraction());
    return done_ < total_ ? std::min(percent, 99) : percent;
  }
  // Items done, those under way in part.
  double Work() const {
    const double work = static_cast<double>(done_) + part_;
    return total_ == 0 ? work : std::min(work, static_cast<double>(total_));
  }

  std::string what_, unit_, detail_;
  std::uint64_t total_ = 0, done_ = 0, already_ = 0;
  double part_ = 0;  // of the items under way

 private:
  void Log(spdlog::level::level_enum level, const std::string& line) {
    std::lock_guard lock(terminal_mutex);
    if (running_) Hide();
    spdlog::log(level, "{}", line);
    if (running_) Show();
  }

  Clock::time_point begin_;
  bool running_ = false;
};

class TerminalProgress : public ConsoleProgress {
 public:
  ~TerminalProgress() override {
    std::lock_guard lock(terminal_mutex);
    if (drew_) EraseBar();
  }

 private:
  void Begin() override {
    EraseBar();
    Show();
  }
  void Show() override {
    Clock::time_point now = Clock::now();
    if (bar_is_drawn && done_ != total_ && now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    drew_ = bar_is_drawn = true;
    WriteToTerminal("\r" + Line(TerminalWidth() - 1) + "\033[K");
  }
  void Hide() override { EraseBar(); }

  // All that can be told in `width` columns; on a narrow terminal the bar goes first, then what is
  // least needed.
  std::string Line(std::size_t width) const {
    const std::string what = Printable(what_) + " ";
    if (total_ == 0) return ShortenForTerminal(what + Counts(), width);
    const std::string percent = Format("%d%% ", Percent());
    for (std::size_t columns : {20, 10}) {
      const auto filled = static_cast<std::size_t>(Fraction() * static_cast<double>(columns));
      const std::string line = what + Format("%3d%% [", Percent()) + std::string(filled, '=') +
                               std::string(columns - filled, ' ') + "] " + Counts();
      if (ColumnsOf(line) <= width) return line;
    }
    for (const Parts& parts :
         {Parts{}, Parts{.rate = false}, Parts{.rate = false, .detail = false},
          Parts{.unit = false, .rate = false, .detail = false},
          Parts{.unit = false, .rate = false, .left = false, .detail = false}}) {
      const std::string line = what + percent + Counts(parts);
      if (ColumnsOf(line) <= width) return line;
    }
    return ShortenForTerminal(percent + what, width);
  }

  Clock::time_point last_;
  bool drew_ = false;
};

class PlainProgress : public ConsoleProgress {
  void Begin() override {
    last_ = Clock::now();
    last_fraction_ = 0;
  }
  void Show() override {
    // Long work should not fill a log file: a line for every twentieth, or once a minute.
    double since = std::chrono::duration<double>(Clock::now() - last_).count();
    if (since < 10 || (since < 60 && total_ > 0 && Fraction() - last_fraction_ < 0.05)) return;
    last_ = Clock::now();
    last_fraction_ = Fraction();
    std::string percent = total_ > 0 ? Format(" %d%%", Percent()) : std::string();
    spdlog::info("{}{}: {}", what_, percent, Counts());
  }
  void Hide() override {}

  Clock::time_point last_;
  double last_fraction_ = 0;
};

// Log lines to stderr, one clean line each, whatever they quote.
class LogSink : public spdlog::sinks::stderr_color_sink_st {
 public:
  // A file that is no list has lines of any length, which messages quote; a path has 4096 bytes.
  static void Shorten(std::string& clean) {
    constexpr std::size_t kBegin = 8000, kEnd = 1000;
    if (clean.size() <= kBegin + kEnd) return;
    const auto inside = [&](std::size_t at) { return (clean[at] & 0xC0) == 0x80; };
    std::size_t begin = kBegin, end = clean.size() - kEnd;
    while (inside(begin)) --begin;
    while (inside(end)) ++end;
    clean.replace(begin, end - begin, " ... ");
  }
  void log(const spdlog::details::log_msg& message) override {
    std::lock_guard lock(terminal_mutex);
    EraseBar();
    std::string clean = Printable(std::string_view(message.payload.data(), message.payload.size()));
    Shorten(clean);
    spdlog::details::log_msg copy = message;
    copy.payload = clean;
    spdlog::sinks::stderr_color_sink_st::log(copy);
  }
};

class QuietProgress : public Progress {
  void Warn(const std::string& line) override { spdlog::warn("{}", line); }
};

}  // namespace

void EraseBarAtEnd() {
  if (bar_is_drawn && ::write(STDERR_FILENO, kEraseLine.data(), kEraseLine.size()) < 0) return;
}

std::unique_ptr<Progress> MakeProgress(bool quiet) {
  if (quiet) return std::make_unique<QuietProgress>();
  const char* terminal = std::getenv("TERM");
  if (::isatty(STDERR_FILENO) && terminal != nullptr && std::string_view(terminal) != "dumb")
    return std::make_unique<TerminalProgress>();
  return std::make_unique<PlainProgress>();
}

std::string FileName(const std::string& path) {
  return path == "-" ? "standard input" : path.substr(path.rfind('/') + 1);
}

std::shared_ptr<spdlog::logger> MakeLogger() {
  auto logger = std::make_shared<spdlog::logger>("vpr", std::make_shared<LogSink>());
  logger->set_pattern("%^vpr: %l:%$ %v");
  return logger;
}

void Warn(const std::string& line) { spdlog::warn("{}", line); }

std::size_t TerminalWidth() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

namespace {

// Columns of the first character of `text`, and its bytes.
std::pair<std::size_t, std::size_t> FirstCharacter(std::string_view text) {
  std::mbstate_t state{};
  wchar_t character = 0;
  const std::size_t bytes = std::mbrtowc(&character, text.data(), text.size(), &state);
  if (bytes == 0 || bytes > text.size()) return {1, 1};
  const int columns = ::wcwidth(character);
  return {columns < 0 ? 1 : static_cast<std::size_t>(columns), bytes};
}

}  // namespace

std::size_t ColumnsOf(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const auto [width, bytes] = FirstCharacter(text);
    columns += width;
    text.remove_prefix(bytes);
  }
  return columns;
}

std::string ShortenForTerminal(std::string_view text, std::size_t width) {
  std::size_t end = 0;
  while (end < text.size()) {
    const auto [columns, bytes] = FirstCharacter(text.substr(end));
    if (columns > width) break;
    width -= columns;
    end += bytes;
  }
  return std::string(text.substr(0, end));
}

namespace {

// Tabs as blanks: at the end of a terminal's line a tab goes nowhere, and what follows overwrites
// what was there.
std::string WithoutTabs(std::string_view text) {
  constexpr std::size_t kStop = 8;
  std::string all, line;
  for (char c : text) {
    if (c == '\t') {
      line.append(kStop - ColumnsOf(line) % kStop, ' ');
    } else if (c == '\n') {
      all += line + c;
      line.clear();
    } else {
      line += c;
    }
  }
  return all + line;
}

}  // namespace

void Print(const std::string& text) {
  std::lock_guard lock(terminal_mutex);
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  if (terminal) EraseBar();
  const std::string clean = terminal ? WithoutTabs(PrintableText(text)) : std::string();
  const std::string& shown = terminal ? clean : text;
  if (std::fwrite(shown.data(), 1, shown.size(), stdout) == shown.size() &&
      std::fflush(stdout) == 0)
    return;
  // Whoever reads has had enough: "| head -1".
  if (errno == EPIPE) throw ClosedPipe();
  throw Error(ErrorCode::kIo,
              "cannot write to standard output: " + std::generic_category().message(errno));
}

std::string ToLine(const nlohmann::ordered_json& json, int indent) {
  return JsonLine(json, indent);
}

void PrintJson(const nlohmann::ordered_json& json) { Print(JsonLine(json)); }

LevelMeter::LevelMeter(bool wanted) : shown_(wanted && ::isatty(STDERR_FILENO) == 1) {}

void LevelMeter::Show(double level_db, const std::string& text) {
  const auto now = Clock::now();
  if (!shown_ || now - last_ < std::chrono::milliseconds(80)) return;
  last_ = now;
  std::lock_guard lock(terminal_mutex);
  bar_is_drawn = true;
  const auto bars =
      static_cast<std::size_t>(std::clamp((level_db + 60) / 3, 0.0, 20.0));  // -60 .. 0 dB
  const std::string line = "[" + std::string(bars, '#') + std::string(20 - bars, ' ') + "] ";
  WriteToTerminal("\r" + ShortenForTerminal(line + Printable(text), TerminalWidth() - 1) +
                  "\033[K");
}

LevelMeter::~LevelMeter() {
  std::lock_guard lock(terminal_mutex);
  if (shown_) EraseBar();
}

int RunTellingErrors(const std::function<int()>& run) {
  try {
    return run();
  } catch (const Error& error) {
    spdlog::error("{}", error.what());
  } catch (const std::bad_alloc&) {
    spdlog::error("out of memory");
  } catch (const std::length_error&) {
    // More than any memory can hold; what it says itself is a container's name.
    spdlog::error("out of memory: more was asked for than any machine has");
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::resource_unavailable_try_again)
      spdlog::error("out of memory, or of the threads that this user may have");
    else
      spdlog::error("{}", error.what());
  } catch (const std::exception& error) {
    spdlog::error("{}", error.what());
  } catch (const ClosedPipe&) {
    // What was begun is undone by now: the program ends as others do.
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
  }
  return kExitFailed;
}

}  // namespace vpr::terminal
