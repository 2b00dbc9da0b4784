// From a recording to what was said in it: log-mel features, a network whose outputs are CTC's
// probabilities of tokens, and a search. Runs without LibTorch.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/features/feature_options.h"
#include "vpr/model/model_file.h"
#include "vpr/network/tdnn.h"
#include "vpr/transcribe/tokens.h"

namespace vpr {

// A recording is transcribed in one piece; longer ones are to be cut into utterances.
inline constexpr double kMaxUtteranceSeconds = 60;

// How well right and wrong prompts are told apart, see Transcriber::CheckWords.
struct PromptThreshold {
  double threshold = -1;  // per word
  // Of the recordings it was found on, each against what was said and against other random prompts
  // of as many words; negative: not measured.
  double false_accepts = -1, false_rejects = -1;
  std::uint64_t recordings = 0;
};

struct TranscriberInfo {
  TokenKind tokens = TokenKind::kDigits;
  std::vector<std::string> words;  // of TokenKind::kWords
  FeatureOptions features;
  TdnnShape network;
  PromptThreshold prompt;
  // Where the weights come from.
  std::string source;  // the list
  std::uint64_t utterances = 0, speakers = 0, seed = 0;
  int epochs = 0;  // trained; the weights are those of best_epoch
  int best_epoch = 0;
  double dev_wer = -1;  // on other speakers' recordings; negative: not measured
  std::uint64_t dev_words = 0;
  std::string program;
  std::string fingerprint;  // of the file, set by Load and Save
};

// Writes atomically and sets info.fingerprint. Throws kIo.
void SaveTranscriber(const std::string& path, TranscriberInfo& info,
                     const std::vector<Tensor>& tensors);

// The weights alone, to go on training with. Throws what Transcriber::Load throws.
std::vector<Tensor> LoadTranscriberTensors(const std::string& path);

// May be used by several threads at once.
class Transcriber {
 public:
  Transcriber(TranscriberInfo info, std::vector<Tensor> tensors);
  ~Transcriber();
  Transcriber(Transcriber&&) noexcept;

  // Throws kNotFound, kIo; kCorrupt for what is no transcriber's file or is damaged; kIncompatible
  // for another version or impossible settings; kNotFound if the engine is missing.
  static Transcriber Load(const std::string& path);

  const TranscriberInfo& info() const;
  const TokenTable& tokens() const;

  // Logarithms of the tokens' probabilities, [frames, tokens], of 16 kHz audio. Throws kUnusable
  // for more than kMaxUtteranceSeconds or less than 0.1 s.
  Matrix LogProbs(std::span<const float> samples) const;
  // Of features that were computed already: [n_mels, frames].
  Matrix LogProbsOfFeatures(const Matrix& features) const;

  // What was said: prefix beam search.
  std::string Transcribe(const Matrix& log_probs, std::size_t beam = 8) const;

  // Whether what was said is `words`: the logarithm of their probability less that of the best
  // string, divided by the number of words. 0: no string is more probable; the more negative, the
  // more they differ from what was said. Right if at least the model's threshold.
  struct WordCheck {
    std::string heard;
    double score = 0;
    double threshold = 0;
    bool right = false;
  };
  WordCheck CheckWords(const Matrix& log_probs, std::span<const int> words) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Random words to say, from the operating system's random numbers: nobody can know them before.
// Symbols of the table, `count` of them.
std::vector<int> DrawPrompt(const TokenTable& tokens, std::size_t count);

// `given` if not empty, else $VPR_TRANSCRIBER, else digits.vpw where the build tree or the
// installation has its models. Throws kNotFound if there is none.
std::string FindTranscriber(const std::string& given);

}  // namespace vpr
