#include "vpr/live/prompt.h"

#include "vpr/base/error.h"

namespace vpr {

SpokenWords CheckSpoken(const Transcriber& transcriber, const std::vector<int>& words,
                        const std::vector<float>& samples) {
  const Transcriber::WordCheck check = transcriber.CheckWords(transcriber.LogProbs(samples), words);
  return {transcriber.tokens().Decode(words), check.heard, check.score, check.threshold,
          check.right};
}

SpokenPrompt::SpokenPrompt(Transcriber transcriber, const std::string& words, std::size_t length)
    : transcriber_(std::move(transcriber)) {
  const TokenTable& tokens = transcriber_.tokens();
  if (words != kDraw) {
    words_ = tokens.Encode(words);
    if (words_.empty()) throw Error(ErrorCode::kInvalidArgument, "the prompt is empty");
    return;
  }
  if (tokens.kind() != TokenKind::kDigits)
    throw Error(ErrorCode::kInvalidArgument,
                std::string("the transcriber writes ") + ToString(tokens.kind()) + ", not digits");
  words_ = DrawPrompt(tokens, length);
}

}  // namespace vpr
