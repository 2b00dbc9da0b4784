#include "terminal/process.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "terminal/bar.h"
#include "terminal/input.h"
#include "vpr/base/file_io.h"
#include "vpr/base/process.h"

namespace vpr::terminal {
namespace {

constexpr int kAsking[] = {SIGINT, SIGTERM, SIGHUP};
// Others that would end it, of those that no fault of ours raises.
constexpr int kEnding[] = {SIGQUIT, SIGXCPU, SIGALRM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF};

std::atomic<bool> interrupted{false}, stoppable{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set in a signal handler");

// Nothing half-written stays behind, in files or on the terminal; then the signal does what it
// would have done. It is blocked until this returns.
void End(int number) {
  RemoveTemporaryFiles();
  RestoreEcho();
  EraseBarAtEnd();
  ::signal(number, SIG_DFL);
  ::raise(number);
}

// The first one asks, the next one ends the program.
void AskOrEnd(int number) {
  if (!stoppable.load() || interrupted.exchange(true)) End(number);
}

void Handle(const struct sigaction& action, int number) {
  struct sigaction before {};
  // What nohup and the like have us ignore stays ignored.
  if (::sigaction(number, nullptr, &before) == 0 && before.sa_handler != SIG_IGN)
    ::sigaction(number, &action, nullptr);
}

void OpenIfClosed(int descriptor, int flags) {
  if (::fcntl(descriptor, F_GETFD) == 0 || errno != EBADF) return;
  const int opened = ::open("/dev/null", flags);
  if (opened >= 0 && opened != descriptor) {  // a lower one is closed too, and could not be opened
    ::dup2(opened, descriptor);
    ::close(opened);
  }
}

}  // namespace

void BeginProcess() {
  // Else the next file opened would get the number, and what is meant for the terminal would go
  // into it. Results and input that are not there stay errors: the mode is the wrong one.
  OpenIfClosed(STDIN_FILENO, O_WRONLY);
  OpenIfClosed(STDOUT_FILENO, O_RDONLY);
  OpenIfClosed(STDERR_FILENO, O_WRONLY);

  struct sigaction action {};
  ::sigemptyset(&action.sa_mask);
  for (int number : kAsking) ::sigaddset(&action.sa_mask, number);
  for (int number : kEnding) ::sigaddset(&action.sa_mask, number);
  action.sa_flags = SA_RESTART;
  action.sa_handler = AskOrEnd;
  for (int number : kAsking) Handle(action, number);
  action.sa_handler = End;
  for (int number : kEnding) Handle(action, number);
  OwnProcess();
  // Errors of the write, which say more than a sudden death.
  ::signal(SIGXFSZ, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
}

StopRequested CatchInterrupts() {
  stoppable = true;
  return [] { return interrupted.load(); };
}

}  // namespace vpr::terminal
