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

VoiceStream::VoiceStream(float peak)
    : gain_(std::min(kWantedPeak / std::max(peak, 1e-9f), kHighestGain)), raw_(2 * kHalf + 1) {}

void VoiceStream::Accept(std::span<const float> samples, std::vector<bool>& voice) {
  for (float sample : samples) {
    frame_.push_back(gain_ * sample);
    if (frame_.size() < VoiceActivityDetector::kFrame) continue;
    raw_[heard_ % raw_.size()] = detector_.IsVoice(frame_);
    ++heard_;
    frame_.clear();
    if (heard_ > kHalf) Decide(heard_ - kHalf, voice);
  }
}

void VoiceStream::Finish(std::vector<bool>& voice) { Decide(heard_, voice); }

// Decides all frames before number `end`.
void VoiceStream::Decide(std::size_t end, std::vector<bool>& voice) {
  for (; decided_ < end; ++decided_) {
    const std::size_t from = decided_ < kHalf ? 0 : decided_ - kHalf,
                      to = std::min(decided_ + kHalf + 1, heard_);
    std::size_t count = 0;
    for (std::size_t t = from; t < to; ++t) count += raw_[t % raw_.size()];
    voice.push_back(2 * count > to - from);
  }
}

std::vector<bool> DetectVoice(std::span<const float> samples) {
  float peak = 0;
  for (float sample : samples) peak = std::max(peak, std::abs(sample));
  VoiceStream stream(peak);
  std::vector<bool> voice;
  stream.Accept(samples, voice);
  stream.Finish(voice);
  return voice;
}

}  // namespace vpr
