// Recordings with what was said in them, and longer ones joined of several of one speaker: strings
// of digits from single digits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/base/rng.h"
#include "vpr/transcribe/tokens.h"

namespace vpr {

struct JoinOptions {
  // Recordings of a speaker in a string; 1 and 1: each as it is. From 2 on silence at their ends is
  // cut off and there are pauses of 0.03 to 0.35 s between them.
  int least = 1, most = 1;
};

// "3" or "1-7", from 1 to 50; "" as 1. Throws kInvalidArgument for anything else.
JoinOptions ParseJoin(const std::string& text);

class SpokenStrings {
 public:
  struct Utterance {
    std::string path, speaker;
    std::vector<int> labels;
    std::vector<std::int16_t> samples;  // 16 kHz
  };
  struct String {
    std::vector<float> samples;
    std::vector<int> labels;
    std::string speaker;
    std::string first;  // path of the first recording
  };

  // A tab-separated list with the columns path, text and, for joining, speaker. All recordings are
  // decoded into memory (32 kB a second). Those that cannot be used, or whose text the table has no
  // tokens for, are left out and counted; texts "" and "-" too. Throws what ReadRecordingTable
  // throws; kInvalidArgument for a missing column; kUnusable if nothing is left.
  SpokenStrings(const std::string& list, const TokenTable& tokens, const JoinOptions& join,
                int threads, Progress& progress, const StopRequested& stop);

  const std::vector<Utterance>& utterances() const { return utterances_; }
  const std::vector<std::string>& left_out() const { return left_out_; }  // with the reason
  const std::vector<std::string>& speakers() const { return speakers_; }  // sorted

  // A string that begins with that utterance; the others are drawn from the same speaker's.
  String Make(std::size_t first, Rng& rng) const;

 private:
  JoinOptions join_;
  std::vector<Utterance> utterances_;
  std::vector<std::string> left_out_, speakers_;
  std::vector<std::vector<std::size_t>> of_speaker_;  // utterances
  std::vector<std::size_t> speaker_of_;               // of an utterance
};

// What happens to strings that are trained on: speed (and pitch) by up to 10 %, rooms, a
// telephone's band, noise.
class StringAugmenter {
 public:
  // `noise_list`: a list of recordings of noise (column path); empty: noise is made.
  StringAugmenter(const std::string& noise_list, int threads, Progress& progress,
                  const StopRequested& stop);
  void Apply(std::vector<float>& samples, Rng& rng) const;

 private:
  std::vector<std::vector<std::int16_t>> noises_;
};

}  // namespace vpr
