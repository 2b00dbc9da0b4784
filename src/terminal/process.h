// How the program begins and ends: descriptors, signals, exit codes.
#pragma once

#include "vpr/base/progress.h"

namespace vpr::terminal {

// Exit codes: 0 done, 1 it could not be done, 2 wrong usage. Accept or reject is output, not an
// exit code, unless --exit-status asks for it (3: rejected).
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitRejected = 3;

// First of all: standard input, output and error are open, and signals that end the program (INT,
// TERM, HUP, QUIT) remove unfinished files before they do.
void BeginProcess();

// From now on the first Ctrl-C (or SIGTERM, or SIGHUP) makes the returned function true and a
// second one ends the program at once.
StopRequested CatchInterrupts();

}  // namespace vpr::terminal
