// Whether somebody says the words that were asked for.
#pragma once

#include <vector>

#include "vpr/recognize/outcome.h"
#include "vpr/transcribe/transcriber.h"

namespace vpr {

// Whether these words, tokens of the transcriber's, are said in 16 kHz audio. Throws what
// Transcriber::LogProbs throws.
SpokenWords CheckSpoken(const Transcriber& transcriber, const std::vector<int>& words,
                        const std::vector<float>& samples);

}  // namespace vpr
