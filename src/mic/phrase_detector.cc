#include "vpr/mic/phrase_detector.h"

#include <algorithm>
#include <cmath>
#include <deque>

#include "vpr/audio/voice_activity.h"

namespace vpr {
namespace {

constexpr std::size_t kFrame = VoiceActivityDetector::kFrame;
constexpr std::size_t kFloorWindow = 300;  // frames whose quietest is the noise of the room
constexpr double kAboveFloor = 3;          // so many times its power is more than noise (5 dB)
constexpr std::size_t kWindow = 30;        // frames that decide whether a phrase begins
constexpr float kWantedPeak = 0.7f, kHighestGain = 30, kForget = 0.9977f;  // 10 dB in 5 s

std::size_t Frames(double seconds) {
  return static_cast<std::size_t>(std::lround(seconds * kSampleRate / kFrame));
}

}  // namespace

struct PhraseDetector::Impl {
  PhraseOptions options;
  VoiceActivityDetector detector;
  std::vector<float> rest;    // less than a frame
  std::vector<float> audio;   // of the phrase, or the last moments before one
  std::deque<double> powers;  // smoothed, of the last kFloorWindow frames
  std::deque<bool> recent;    // of the last kWindow frames
  bool inside = false;
  std::size_t quiet = 0;  // frames without voice at its end
  float peak = 0;
  double level = -100, power = 0;

  // True if a phrase ended.
  bool Take(std::span<const float> frame) {
    float loudest = 0;
    double sum = 0;
    for (float sample : frame) {
      loudest = std::max(loudest, std::abs(sample));
      sum += double{sample} * double{sample};
    }
    peak = std::max(peak * kForget, loudest);
    power += 0.2 * (sum / kFrame - power);
    level = 10 * std::log10(std::max(power, 1e-10));
    const float gain = std::min(kWantedPeak / std::max(peak, 1e-9f), kHighestGain);
    std::vector<float> scaled(frame.begin(), frame.end());
    for (float& sample : scaled) sample *= gain;
    powers.push_back(power);
    if (powers.size() > kFloorWindow) powers.pop_front();
    const double floor = *std::min_element(powers.begin(), powers.end());
    const bool voice = detector.IsVoice(scaled) && power > kAboveFloor * floor;
    audio.insert(audio.end(), frame.begin(), frame.end());
    recent.push_back(voice);
    if (recent.size() > kWindow) recent.pop_front();
    if (!inside) {
      const auto voiced = static_cast<std::size_t>(std::count(recent.begin(), recent.end(), true));
      if (voiced >= Frames(options.begin_seconds)) {
        inside = true;
        quiet = 0;
      } else {
        const std::size_t keep = (kWindow + Frames(options.before_seconds)) * kFrame;
        if (audio.size() > keep)
          audio.erase(audio.begin(), audio.end() - static_cast<std::ptrdiff_t>(keep));
      }
      return false;
    }
    quiet = voice ? 0 : quiet + 1;
    return quiet >= Frames(options.pause_seconds) ||
           audio.size() >= Frames(options.longest_seconds) * kFrame;
  }

  std::vector<float> End() {
    inside = false;
    recent.clear();
    std::vector<float> phrase;
    phrase.swap(audio);
    return phrase;
  }
};

PhraseDetector::PhraseDetector(const PhraseOptions& options) : impl_(new Impl) {
  impl_->options = options;
}
PhraseDetector::~PhraseDetector() = default;

std::vector<std::vector<float>> PhraseDetector::Accept(std::span<const float> samples) {
  std::vector<std::vector<float>> phrases;
  std::vector<float>& rest = impl_->rest;
  rest.insert(rest.end(), samples.begin(), samples.end());
  std::size_t at = 0;
  for (; at + kFrame <= rest.size(); at += kFrame) {
    if (impl_->Take(std::span<const float>(rest).subspan(at, kFrame)))
      phrases.push_back(impl_->End());
  }
  rest.erase(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(at));
  return phrases;
}

std::vector<float> PhraseDetector::Finish() {
  return impl_->inside ? impl_->End() : std::vector<float>();
}

bool PhraseDetector::in_phrase() const { return impl_->inside; }
const std::vector<float>& PhraseDetector::current() const { return impl_->audio; }
double PhraseDetector::level() const { return impl_->level; }

}  // namespace vpr
