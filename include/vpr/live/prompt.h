// Words that somebody must say, so that a recording made before does not do.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vpr/recognize/outcome.h"
#include "vpr/transcribe/transcriber.h"

namespace vpr {

// Whether these words, tokens of the transcriber's, are said in 16 kHz audio. Throws what
// Transcriber::LogProbs throws.
SpokenWords CheckSpoken(const Transcriber& transcriber, const std::vector<int>& words,
                        const std::vector<float>& samples);

class SpokenPrompt {
 public:
  static constexpr char kDraw[] = "digits";  // `words`: draw some

  // These words, or as many drawn digits; `transcriber` hears them. Throws kInvalidArgument for
  // words that it has no tokens for, for none, and for digits from one that writes other things.
  SpokenPrompt(Transcriber transcriber, const std::string& words, std::size_t length);

  // As they are shown.
  std::string text() const { return transcriber_.tokens().Decode(words_); }
  // Are they what is said in 16 kHz audio?
  SpokenWords Check(const std::vector<float>& samples) const {
    return CheckSpoken(transcriber_, words_, samples);
  }

 private:
  Transcriber transcriber_;
  std::vector<int> words_;
};

}  // namespace vpr
