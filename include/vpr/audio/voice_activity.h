// Where somebody speaks: a voice activity detector, which unlike an energy threshold tells speech
// from other sounds.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "vpr/audio/audio_reader.h"

namespace vpr {

// The Gaussian mixture detector of WebRTC (library webrtc-audio-processing 0.3 or 1.x) at its
// strictest, behind the same library's noise suppression. 16 kHz, frames of 10 ms. One object is
// one stream.
class VoiceActivityDetector {
 public:
  static constexpr std::size_t kFrame = kSampleRate / 100;  // samples

  VoiceActivityDetector();
  ~VoiceActivityDetector();
  VoiceActivityDetector(VoiceActivityDetector&&) noexcept;

  // Whether WebRTC finds voice in the next frame of kFrame samples. It looks back, not ahead.
  bool IsVoice(std::span<const float> frame);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One flag for every whole frame of kFrame samples that come block by block, smoothed: of the 31
// frames around it more than half have voice. A frame is decided 150 ms after its end.
class VoiceStream {
 public:
  // `peak`: the largest magnitude in all the samples that will come; the detector hears nothing in
  // what is very quiet.
  explicit VoiceStream(float peak);

  // Appends the flags of the frames that are now decided.
  void Accept(std::span<const float> samples, std::vector<bool>& voice);
  // No more samples: appends the rest.
  void Finish(std::vector<bool>& voice);

 private:
  static constexpr std::size_t kHalf = 15;
  void Decide(std::size_t end, std::vector<bool>& voice);

  VoiceActivityDetector detector_;
  float gain_;
  std::vector<float> frame_;             // under way
  std::vector<bool> raw_;                // of the last frames, a ring of 2 * kHalf + 1
  std::size_t heard_ = 0, decided_ = 0;  // frames
};

// The same of all samples at once.
std::vector<bool> DetectVoice(std::span<const float> samples);

}  // namespace vpr
