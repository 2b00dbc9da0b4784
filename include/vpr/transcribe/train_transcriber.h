// Training and measuring transcribers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/transcribe/spoken_strings.h"
#include "vpr/transcribe/transcriber.h"
#include "vpr/transcribe/transcriber_training.h"
#include "vpr/transcribe/word_error.h"

namespace vpr {

struct TranscriberTrainOptions {
  std::string list;        // see SpokenStrings
  std::string dev_list;    // of other speakers; empty: nothing is measured, the last network counts
  std::string noise_list;  // see StringAugmenter
  std::string init_from;   // a transcriber to start from; empty: random
  std::string output;
  TokenKind tokens = TokenKind::kDigits;
  JoinOptions join;
  bool augment = true;
  TdnnShape network;  // inputs and outputs follow from the rest
  FeatureOptions features = DefaultFeatures();
  TranscriberTraining training;
  std::size_t dev_strings = 500;

  // 64 log-mel bands of 25 ms every 10 ms, level and each band's mean normalised.
  static FeatureOptions DefaultFeatures();
};

struct TranscriberTrainResult {
  TranscriberInfo info;
  TranscriptErrors dev;  // of the network kept; empty without a dev list
  std::vector<std::string> left_out;
};

// Every epoch has as many strings as there are utterances, each of which begins one. After each
// epoch dev strings (always the same) are transcribed; the network with the fewest word errors is
// kept and written at once, so that a run that is stopped leaves its best. At the end the threshold
// of prompts is set on them where right and wrong prompts err equally often. Recordings left out
// are warned of. Throws what SpokenStrings, TranscriberEngine::Train and Transcriber throw;
// kInvalidArgument if a dev speaker is also in the list; kInterrupted.
TranscriberTrainResult TrainTranscriber(const TranscriberTrainOptions& options, Progress& progress,
                                        const StopRequested& stop);

// Word errors on `count` strings of a list (0: one for each utterance); joined of single
// recordings, if `join` says so, with draws of the seed. Recordings left out are warned of.
struct TranscriberEvaluation {
  TranscriptErrors errors;
  std::vector<Transcript> reference, hypothesis;
  // Of prompts: shares of strings refused that were said right, and of random other strings of as
  // many words accepted, both at the model's threshold.
  double false_rejects = 0, false_accepts = 0;
  std::uint64_t wrong_prompts = 0;
  std::vector<std::string> left_out;
};
TranscriberEvaluation EvaluateTranscriber(const Transcriber& transcriber, const std::string& list,
                                          const JoinOptions& join, std::size_t count,
                                          std::uint64_t seed, int threads, Progress& progress,
                                          const StopRequested& stop);

// The threshold that errs equally often on both (the mean of the two nearest scores), with its
// rates.
PromptThreshold FindPromptThreshold(std::vector<double> right, std::vector<double> wrong);

}  // namespace vpr
