// Logins that ask for digits.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vpr/serve/service.h"
#include "vpr/transcribe/transcriber.h"

namespace vpr {

// Draws `length` digits, and hears them with the transcriber in the file `model` (empty:
// $VPR_TRANSCRIBER, if that is one of digits; without one nothing can be asked for). Throws what
// Transcriber::Load throws; kInvalidArgument for a `model` that writes something else.
PromptChecker MakeDigitPrompts(const std::string& model, std::size_t length);

// Whether these words, tokens of the transcriber's, are said in 16 kHz audio. Throws what
// Transcriber::LogProbs throws.
SpokenWords CheckSpoken(const Transcriber& transcriber, const std::vector<int>& words,
                        const std::vector<float>& samples);

}  // namespace vpr
