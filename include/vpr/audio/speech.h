// From a file to the speech in it: the one path that features, pack, embed and compare share.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
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

// The non-silent intervals of samples that come block by block, as librosa 0.10.1
// effects.split(y, top_db=top_db): frames of 2048 samples every 512, centred with zero padding; a
// frame is silent when its RMS is more than top_db below the loudest frame's. Boundaries are frame
// * 512, the last at most the number of samples. Since the loudest frame may be the last, the
// answer comes at the end; until then 8 bytes are kept of every 512 samples, 9 MB of 10 hours.
class SilenceSplitter {
 public:
  void Accept(std::span<const float> samples);
  std::vector<Interval> Split(double top_db) const;

 private:
  static constexpr std::size_t kHop = 512;
  std::vector<double> energy_;  // of every kHop samples
  std::size_t samples_ = 0;
};

// The same of all samples at once.
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

// The speech of a recording, block by block, in memory that does not grow with its length: the
// recording is read once to find the speech, and once more each time the speech is asked for.
class SpeechReader {
 public:
  // The rate of `source` counts, not that in `options`.
  SpeechReader(AudioSource source, const SpeechOptions& options);

  // Reads the recording once; before, nothing below is known. Throws what AudioSource throws, and
  //   kUnusable  silent: no sample above 1/32768 of full scale; or less than min_seconds of speech
  void Find(const OnRead& on_read = {});

  AudioSource& source() { return source_; }
  const AudioSource& source() const { return source_; }
  std::size_t num_samples() const { return samples_; }        // of the whole recording
  std::size_t num_speech_samples() const { return speech_; }  // of the intervals
  const std::vector<Interval>& intervals() const { return intervals_; }
  float peak() const { return peak_; }  // largest magnitude in the recording

  // The samples of the intervals, in order. Throws what AudioSource::ForEachBlock throws.
  void ForEachBlock(const std::function<void(std::span<const float>)>& use,
                    const OnRead& on_read = {});
  std::vector<float> ReadAll();

 private:
  AudioSource source_;
  SpeechOptions options_;
  std::size_t samples_ = 0, speech_ = 0;
  std::vector<Interval> intervals_;
  float peak_ = 0;
};

// The speech of a recording in memory whole: at most kMaxWholeSeconds of it, unless `read` says
// otherwise. Throws what AudioSource and SpeechReader throw.
Audio ReadSpeech(const std::string& path, const SpeechOptions& options);
Audio ReadSpeech(const std::string& path, const SpeechOptions& options, const ReadOptions& read);

// The same of audio already in memory; `name` is used in messages.
std::vector<float> ExtractSpeech(const std::vector<float>& samples, const SpeechOptions& options,
                                 const std::string& name);

}  // namespace vpr
