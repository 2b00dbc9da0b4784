#include "vpr/serve/digit_prompts.h"

#include <memory>

#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/live/prompt.h"
#include "vpr/transcribe/transcriber.h"

namespace vpr {

PromptChecker MakeDigitPrompts(const std::string& model, std::size_t length) {
  if (model == "none") return {};
  std::string file;
  try {
    file = FindTranscriber(model);
  } catch (const Error& error) {
    if (!model.empty() || error.code() != ErrorCode::kNotFound) throw;
    return {};
  }
  const auto transcriber = std::make_shared<const Transcriber>(Transcriber::Load(file));
  const TokenKind kind = transcriber->tokens().kind();
  if (kind != TokenKind::kDigits && model.empty()) return {};
  if (kind != TokenKind::kDigits)
    throw Error(ErrorCode::kInvalidArgument, "cannot ask for digits with '" + Printable(file) +
                                                 "': it writes " + ToString(kind) +
                                                 "; expected one of digits");
  PromptChecker prompts;
  prompts.draw = [transcriber, length] {
    return transcriber->tokens().Decode(DrawPrompt(transcriber->tokens(), length));
  };
  prompts.check = [transcriber](const std::string& words, const std::vector<float>& samples) {
    return CheckSpoken(*transcriber, transcriber->tokens().Encode(words), samples);
  };
  return prompts;
}

}  // namespace vpr
