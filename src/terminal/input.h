// What a person types into the terminal.
#pragma once

#include <optional>
#include <string>

#include "vpr/base/progress.h"
#include "vpr/store/secret.h"

namespace vpr::terminal {

// Reads a line from the terminal without showing it; nothing without a terminal. Throws
// kInterrupted at Ctrl-C.
std::optional<Secret> AskSecret(const std::string& prompt);

// Shows again what is typed, if AskSecret has turned that off. May be called in a signal's handler.
void RestoreEcho() noexcept;

// Waits for a line on standard input; false at its end, or when stopped.
bool WaitForEnter(const StopRequested& stop);

}  // namespace vpr::terminal
