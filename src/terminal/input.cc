#include "terminal/input.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>

#include "vpr/base/error.h"

namespace vpr::terminal {
namespace {

// The terminal that shows nothing just now, and how it was before.
std::atomic<int> silent_terminal{-1};
termios shown_before{};

}  // namespace

std::optional<Secret> AskSecret(const std::string& prompt) {
  constexpr std::size_t kMost = 4096;  // as the terminal itself allows
  Secret line(kMost);
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) return std::nullopt;
  termios before{};
  if (::tcgetattr(terminal, &before) != 0) {
    ::close(terminal);
    return std::nullopt;
  }
  termios silent = before;
  // Ctrl-C comes as a character, at once: as a signal it would leave the terminal without echo.
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
  constexpr char kCtrlC = 3;
  silent.c_cc[VEOL] = kCtrlC;
  shown_before = before;
  silent_terminal = terminal;
  ::tcsetattr(terminal, TCSAFLUSH, &silent);
  (void)!::write(terminal, prompt.data(), prompt.size());
  std::size_t size = 0;
  char c = 0;
  while (::read(terminal, &c, 1) == 1 && c != '\n' && c != kCtrlC)
    if (size < kMost) line.data()[size++] = c;
  (void)!::write(terminal, "\n", 1);
  ::tcsetattr(terminal, TCSAFLUSH, &before);
  silent_terminal = -1;
  ::close(terminal);
  if (c == kCtrlC) {
    ::raise(SIGINT);
    throw Error(ErrorCode::kInterrupted, "stopped");
  }
  return Secret(line.view().substr(0, size));
}

void RestoreEcho() noexcept {
  if (const int terminal = silent_terminal.exchange(-1); terminal >= 0)
    ::tcsetattr(terminal, TCSANOW, &shown_before);
}

bool WaitForEnter(const StopRequested& stop) {
  bool any = false;
  while (!stop()) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, 200) < 1) continue;
    char c = 0;
    if (::read(STDIN_FILENO, &c, 1) != 1) return any;
    if (c == '\n') return true;
    any = true;
  }
  return false;
}

}  // namespace vpr::terminal
