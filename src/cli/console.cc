#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>

#include "cli/command.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr::cli {
namespace {

using Clock = std::chrono::steady_clock;

// "1:09", "2:03:40"
std::string Duration(double seconds) {
  auto total = static_cast<long long>(std::llround(std::min(seconds, 3.6e8)));
  if (total < 3600) return Format("%lld:%02lld", total / 60, total % 60);
  return Format("%lld:%02lld:%02lld", total / 3600, total / 60 % 60, total % 60);
}

std::size_t TerminalWidth() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

// At most `width` characters of UTF-8 text.
std::string_view Shorten(std::string_view text, std::size_t width) {
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    bool begins_character = (static_cast<unsigned char>(text[end]) & 0xC0u) != 0x80u;
    if (begins_character && width-- == 0) break;
  }
  return text.substr(0, end);
}

// What both kinds of progress count.
class ConsoleProgress : public Progress {
 public:
  void Start(const std::string& what, const std::string& unit, std::uint64_t total,
             std::uint64_t already) override {
    std::lock_guard lock(mutex_);
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
    std::lock_guard lock(mutex_);
    if (!running_) return;
    done_ = done;
    part_ = 0;  // those under way say so again
    detail_ = detail;
    Show();
  }
  void UpdatePart(double items) override {
    std::lock_guard lock(mutex_);
    if (!running_) return;
    part_ = items;
    Show();
  }
  void Finish() override {
    std::lock_guard lock(mutex_);
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

  // "6012/14352 files, 121/s, 1:09 left, 3 skipped"
  std::string Counts() const {
    std::string text = std::to_string(done_);
    if (total_ > 0) text += "/" + std::to_string(total_);
    text += " " + unit_ + ((total_ > 0 ? total_ : done_) == 1 ? "" : "s");
    double elapsed = Elapsed();
    if (Work() > static_cast<double>(already_) && elapsed > 0) {
      const double rate = (Work() - static_cast<double>(already_)) / elapsed;
      // A file that takes long has a share done, but no speed that says anything.
      if (done_ > already_) text += Format(rate < 10 ? ", %.2f/s" : ", %.0f/s", rate);
      if (total_ > done_)
        text += ", " + Duration((static_cast<double>(total_) - Work()) / rate) + " left";
    }
    if (!detail_.empty()) text += ", " + detail_;
    return text;
  }
  double Fraction() const {
    return total_ == 0 ? 0.0 : std::min(1.0, Work() / static_cast<double>(total_));
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
    std::lock_guard lock(mutex_);
    if (running_) Hide();
    spdlog::log(level, "{}", line);
    if (running_) Show();
  }

  std::mutex mutex_;
  Clock::time_point begin_;
  bool running_ = false;
};

class TerminalProgress : public ConsoleProgress {
 public:
  ~TerminalProgress() override {
    if (drawn_) Write("\r\033[K");
  }

 private:
  void Begin() override {
    drawn_ = false;
    Show();
  }
  void Show() override {
    Clock::time_point now = Clock::now();
    if (drawn_ && done_ != total_ && now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    drawn_ = true;
    std::string line = what_ + " ";
    if (total_ > 0) {
      constexpr std::size_t kBar = 20;
      auto filled = static_cast<std::size_t>(Fraction() * kBar);
      line += Format("%3d%% [", static_cast<int>(100 * Fraction()));
      line += std::string(filled, '=') + std::string(kBar - filled, ' ') + "] ";
    }
    line += Counts();
    // One column stays free: writing into the last one would move some terminals to the next line.
    Write("\r" + std::string(Shorten(line, TerminalWidth() - 1)) + "\033[K");
  }
  void Hide() override {
    if (drawn_) Write("\r\033[K");
    drawn_ = false;
  }
  static void Write(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
  }

  Clock::time_point last_;
  bool drawn_ = false;
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
    std::string percent =
        total_ > 0 ? Format(" %d%%", static_cast<int>(100 * Fraction())) : std::string();
    spdlog::info("{}{}: {}", what_, percent, Counts());
  }
  void Hide() override {}

  Clock::time_point last_;
  double last_fraction_ = 0;
};

class QuietProgress : public Progress {
  void Warn(const std::string& line) override { spdlog::warn("{}", line); }
};

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set in a signal handler");

void Interrupt(int) {
  interrupted.store(true);
  // The next one ends the program as if we had never asked.
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
}

}  // namespace

std::unique_ptr<Progress> MakeConsoleProgress(const Context& context) {
  if (context.quiet) return std::make_unique<QuietProgress>();
  const char* terminal = std::getenv("TERM");
  if (::isatty(STDERR_FILENO) && terminal != nullptr && std::string_view(terminal) != "dumb")
    return std::make_unique<TerminalProgress>();
  return std::make_unique<PlainProgress>();
}

StopRequested CatchInterrupts() {
  struct sigaction action {};
  action.sa_handler = Interrupt;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  for (int number : {SIGINT, SIGTERM}) ::sigaction(number, &action, nullptr);
  return [] { return interrupted.load(); };
}

std::string FileName(const std::string& path) {
  return path == "-" ? "standard input" : path.substr(path.rfind('/') + 1);
}

std::string CheckSampleRate(const std::string& rate) {
  if (rate == "file") return {};
  if (rate.empty() || rate.size() > 7 || rate.find_first_not_of("0123456789") != std::string::npos)
    return "must be a number of Hz, or file, found " + rate;
  return {};
}

void Print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw Error(ErrorCode::kIo,
                "cannot write to standard output: " + std::generic_category().message(errno));
}

void PrintJson(const nlohmann::ordered_json& json) {
  Print(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace vpr::cli
