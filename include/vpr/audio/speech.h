// From a file to the speech in it: the one path that features, pack, embed and compare share.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vpr/audio/audio_reader.h"

namespace vpr {

// Samples [begin, end).
struct Interval {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const Interval&) const = default;
};

// The non-silent intervals of `samples`, as librosa 0.10.1 effects.split(y, top_db=top_db): frames
// of 2048 samples every 512, centred with zero padding; a frame is silent when its RMS is more than
// top_db below the loudest frame's. Boundaries are frame * 512, the last at most samples.size().
std::vector<Interval> SplitSpeech(const std::vector<float>& samples, double top_db);

// The intervals joined.
std::vector<float> JoinIntervals(const std::vector<float>& samples,
                                 const std::vector<Interval>& intervals);

struct SpeechOptions {
  bool trim = true;
  double trim_top_db = 20;        // dB below the loudest frame
  double min_seconds = 0.1;       // of speech, after trimming
  int sample_rate = kSampleRate;  // Hz, of the samples; for ReadSpeech 0 is the file's own
};

// ReadAudio + SplitSpeech + JoinIntervals. Throws what ReadAudio throws, and
//   kUnusable  silent: no sample above 1/32768 of full scale; or less than min_seconds of speech
Audio ReadSpeech(const std::string& path, const SpeechOptions& options);

// The part after ReadAudio, on audio already in memory; `name` is used in messages.
std::vector<float> ExtractSpeech(const std::vector<float>& samples, const SpeechOptions& options,
                                 const std::string& name);

}  // namespace vpr
