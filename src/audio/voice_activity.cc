#include "vpr/audio/voice_activity.h"

#if __has_include(<webrtc/modules/audio_processing/include/audio_processing.h>)
#include <webrtc/modules/audio_processing/include/audio_processing.h>
#include <webrtc/modules/interface/module_common_types.h>
#else
#include <modules/audio_processing/include/audio_processing.h>
#define VPR_WEBRTC_1
#endif

#include <algorithm>
#include <array>
#include <cmath>

#include "vpr/base/error.h"

namespace vpr {
namespace {

constexpr float kWantedPeak = 0.7f, kHighestGain = 100;  // 40 dB

}  // namespace

#ifdef VPR_WEBRTC_1

// webrtc-audio-processing 1.x, where the detector's strictness is fixed at the strictest.
struct VoiceActivityDetector::Impl {
  Impl() {
    webrtc::AudioProcessing::Config config;
    config.high_pass_filter.enabled = true;
    config.noise_suppression.enabled = true;
    config.noise_suppression.level = webrtc::AudioProcessing::Config::NoiseSuppression::kHigh;
    config.voice_detection.enabled = true;
    engine->ApplyConfig(config);
  }
  bool IsVoice() {
    const webrtc::StreamConfig format(kSampleRate, 1);
    VPR_CHECK(engine->ProcessStream(samples.data(), format, format, samples.data()) ==
              webrtc::AudioProcessing::kNoError);
    return engine->GetStatistics().voice_detected.value_or(false);
  }

  rtc::scoped_refptr<webrtc::AudioProcessing> engine{webrtc::AudioProcessingBuilder().Create()};
  std::array<std::int16_t, kFrame> samples{};
};

#else

struct VoiceActivityDetector::Impl {
  Impl() {
    engine->high_pass_filter()->Enable(true);
    engine->noise_suppression()->set_level(webrtc::NoiseSuppression::kHigh);
    engine->noise_suppression()->Enable(true);
    engine->voice_detection()->Enable(true);
    engine->voice_detection()->set_likelihood(webrtc::VoiceDetection::kVeryLowLikelihood);
    engine->voice_detection()->set_frame_size_ms(10);
    frame.sample_rate_hz_ = kSampleRate;
    frame.num_channels_ = 1;
    frame.samples_per_channel_ = kFrame;
  }
  bool IsVoice() {
    std::copy(samples.begin(), samples.end(), frame.data_);
    VPR_CHECK(engine->ProcessStream(&frame) == webrtc::AudioProcessing::kNoError);
    return engine->voice_detection()->stream_has_voice();
  }

  std::unique_ptr<webrtc::AudioProcessing> engine{webrtc::AudioProcessing::Create()};
  webrtc::AudioFrame frame;
  std::array<std::int16_t, kFrame> samples{};
};

#endif

VoiceActivityDetector::VoiceActivityDetector() : impl_(new Impl) {}
VoiceActivityDetector::~VoiceActivityDetector() = default;
VoiceActivityDetector::VoiceActivityDetector(VoiceActivityDetector&&) noexcept = default;

bool VoiceActivityDetector::IsVoice(std::span<const float> samples) {
  VPR_CHECK(samples.size() == kFrame);
  for (std::size_t i = 0; i < kFrame; ++i)
    impl_->samples[i] = static_cast<std::int16_t>(
        std::lround(std::clamp(samples[i] * 32768.0f, -32768.0f, 32767.0f)));
  return impl_->IsVoice();
}

std::vector<bool> DetectVoice(std::span<const float> samples) {
  constexpr std::size_t kFrame = VoiceActivityDetector::kFrame, kHalf = 15;
  // The detector hears nothing in what is very quiet.
  float peak = 0;
  for (float sample : samples) peak = std::max(peak, std::abs(sample));
  const float gain = std::min(kWantedPeak / std::max(peak, 1e-9f), kHighestGain);
  VoiceActivityDetector detector;
  std::vector<float> frame(kFrame);
  std::vector<int> before(1, 0);  // number of frames with voice before each
  for (std::size_t i = 0; i + kFrame <= samples.size(); i += kFrame) {
    for (std::size_t k = 0; k < kFrame; ++k) frame[k] = gain * samples[i + k];
    before.push_back(before.back() + detector.IsVoice(frame));
  }
  const std::size_t frames = before.size() - 1;
  std::vector<bool> voice(frames);
  for (std::size_t t = 0; t < frames; ++t) {
    const std::size_t begin = t < kHalf ? 0 : t - kHalf, end = std::min(t + kHalf + 1, frames);
    voice[t] = 2 * (before[end] - before[begin]) > static_cast<int>(end - begin);
  }
  return voice;
}

}  // namespace vpr
