#include "vpr/recognize/spoken_words.h"

namespace vpr {

SpokenWords CheckSpoken(const Transcriber& transcriber, const std::vector<int>& words,
                        const std::vector<float>& samples) {
  const Transcriber::WordCheck check = transcriber.CheckWords(transcriber.LogProbs(samples), words);
  return {transcriber.tokens().Decode(words), check.heard, check.score, check.threshold,
          check.right};
}

}  // namespace vpr
