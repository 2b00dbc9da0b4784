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

// One flag for every whole frame of `samples`, smoothed: of the 31 frames around it more than half
// have voice.
std::vector<bool> DetectVoice(std::span<const float> samples);

}  // namespace vpr
