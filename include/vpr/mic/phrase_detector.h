// Phrases in a stream of live audio: where somebody begins and ends to speak.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace vpr {

struct PhraseOptions {
  double begin_seconds = 0.2;   // so much voice within 0.3 s begins a phrase
  double pause_seconds = 0.35;  // so much without any ends it
  double before_seconds = 0.3;  // kept from before its beginning
  double longest_seconds = 30;  // then it ends anyway
};

// 16 kHz. Frames of 10 ms go through a VoiceActivityDetector, brought to one level by the loudest
// moment of the last ten seconds; what is not 5 dB above the quietest of the last three is noise.
class PhraseDetector {
 public:
  explicit PhraseDetector(const PhraseOptions& options = {});
  ~PhraseDetector();

  // Takes audio of any length. Returns the phrases that ended in it, with their surroundings.
  std::vector<std::vector<float>> Accept(std::span<const float> samples);
  // The end of the stream: a phrase that is under way, or nothing.
  std::vector<float> Finish();

  bool in_phrase() const;
  const std::vector<float>& current() const;  // of the phrase under way, so far
  double level() const;                       // RMS of the last 50 ms, in dB of full scale

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vpr
