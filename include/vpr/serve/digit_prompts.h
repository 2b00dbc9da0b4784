// Logins that ask for digits.
#pragma once

#include <cstddef>
#include <string>

#include "vpr/serve/service.h"

namespace vpr {

// Draws `length` digits, and hears them with the transcriber in the file `model` (empty: the one
// that FindTranscriber finds, if that is one of digits; without one, and for "none", nothing can be
// asked for). Throws what
// Transcriber::Load throws; kInvalidArgument for a `model` that writes something else.
PromptChecker MakeDigitPrompts(const std::string& model, std::size_t length);

}  // namespace vpr
