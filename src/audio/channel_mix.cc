#include "audio/channel_mix.h"

#include <algorithm>
#include <cmath>

#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr double kFrameSeconds = 0.032;
constexpr double kAloneRatio = 10;    // 10 dB
constexpr std::size_t kAudible = 30;  // dB below the loudest frame
constexpr double kAloneSeconds = 1, kAloneShare = 0.05;
constexpr double kCancelled = 0.25;
constexpr double kLowestLevel = -80, kLeastSwing = 3, kSimilarLevel = 20;  // dB
constexpr double kUnlikeSamples = 0.2, kUnlikeLevels = 0.3;                // correlations

}  // namespace

ChannelMeter::ChannelMeter(std::size_t channels, int sample_rate)
    : channels_(channels),
      compared_(std::min(channels, kMost)),
      frame_(std::max<std::size_t>(static_cast<std::size_t>(kFrameSeconds * sample_rate), 1)),
      frame_seconds_(static_cast<double>(frame_) / sample_rate) {}

void ChannelMeter::Accept(const float* interleaved, std::size_t frames) {
  for (std::size_t t = 0; t < frames; ++t, interleaved += channels_) {
    for (std::size_t i = 0; i < compared_; ++i) {
      const double x = static_cast<double>(interleaved[i]);
      energy_[i] += x * x;
      for (std::size_t j = 0; j < i; ++j)
        products_[i][j] += x * static_cast<double>(interleaved[j]);
    }
    if (++filled_ == frame_) EndFrame();
  }
}

void ChannelMeter::EndFrame() {
  std::size_t first = 0;
  double second_energy = 0;
  for (std::size_t i = 0; i < compared_; ++i) {
    products_[i][i] += energy_[i];
    if (i == first) continue;
    if (energy_[i] > energy_[first]) {
      second_energy = energy_[first];
      first = i;
    } else {
      second_energy = std::max(second_energy, energy_[i]);
    }
  }
  const double power = energy_[first] / static_cast<double>(frame_);
  const double level = 120 + 10 * std::log10(std::max(power, 1e-12));
  if (std::isfinite(level)) {
    const auto bin = static_cast<std::size_t>(std::clamp(level, 0.0, kLevels - 1.0));
    ++loudest_[bin];
    if (energy_[first] > kAloneRatio * second_energy) ++alone_[first][bin];
  }
  ++frames_;
  std::array<double, kMost> level_of{};
  for (std::size_t i = 0; i < compared_; ++i) {
    level_of[i] = std::max(
        10 * std::log10(std::max(energy_[i] / static_cast<double>(frame_), 1e-12)), kLowestLevel);
    levels_[i] += level_of[i];
    for (std::size_t j = 0; j <= i; ++j) level_products_[i][j] += level_of[i] * level_of[j];
  }
  energy_ = {};
  filled_ = 0;
}

bool ChannelMeter::GoTogether(std::size_t i, std::size_t j) const {
  const auto n = static_cast<double>(frames_);
  if (n * frame_seconds_ < kAloneSeconds) return true;
  auto covariance = [&](std::size_t a, std::size_t b) {
    return level_products_[std::max(a, b)][std::min(a, b)] / n - levels_[a] * levels_[b] / (n * n);
  };
  const double least = kLeastSwing * kLeastSwing;
  if (!(covariance(i, i) > least && covariance(j, j) > least)) return true;
  const double energies = products_[i][i] * products_[j][j];
  if (!(energies > 0) ||
      std::abs(10 * std::log10(products_[i][i] / products_[j][j])) > kSimilarLevel)
    return true;
  return std::abs(products_[std::max(i, j)][std::min(i, j)]) >
             kUnlikeSamples * std::sqrt(energies) ||
         covariance(i, j) > kUnlikeLevels * std::sqrt(covariance(i, i) * covariance(j, j));
}

std::vector<float> ChannelMeter::Signs() const {
  if (compared_ < 2) return {};
  std::array<float, kMost> signs{};
  auto product = [&](std::size_t i, std::size_t j) {
    return i < j ? products_[j][i] : products_[i][j];
  };
  double energies = 0, plain = 0, aligned = 0;
  std::size_t loudest = 0;
  for (std::size_t i = 0; i < compared_; ++i) {
    energies += product(i, i);
    if (product(i, i) > product(loudest, loudest)) loudest = i;
  }
  bool any = false;
  for (std::size_t i = 0; i < compared_; ++i) {
    signs[i] = product(i, loudest) < 0 ? -1.0f : 1.0f;
    any = any || signs[i] < 0;
  }
  for (std::size_t i = 0; i < compared_; ++i) {
    for (std::size_t j = 0; j < compared_; ++j) {
      plain += product(i, j);
      aligned += product(i, j) * static_cast<double>(signs[i] * signs[j]);
    }
  }
  // Without anything in common `plain` would be `energies`. NaN, from samples that will be refused,
  // changes nothing.
  if (!any || !(plain < kCancelled * energies && aligned > energies)) return {};
  std::vector<float> all(channels_, 1.0f);
  std::copy(signs.begin(), signs.begin() + static_cast<std::ptrdiff_t>(compared_), all.begin());
  return all;
}

std::optional<std::string> ChannelMeter::DifferentSounds() const {
  if (compared_ < 2) return std::nullopt;
  std::size_t top = kLevels;
  while (top > 0 && loudest_[top - 1] == 0) --top;
  const std::size_t from = top > kAudible ? top - kAudible : 1;  // bin 0 is silence
  auto count = [&](const std::array<std::uint32_t, kLevels>& frames) {
    double sum = 0;
    for (std::size_t level = from; level < kLevels; ++level) sum += frames[level];
    return sum;
  };
  const double all = count(loudest_);
  std::string text;
  std::size_t found = 0;
  for (std::size_t i = 0; i < compared_; ++i) {
    const double alone = count(alone_[i]);
    if (alone * frame_seconds_ < kAloneSeconds || alone < kAloneShare * all) continue;
    text +=
        Format("%schannel %zu for %.1f s", found == 0 ? "" : ", ", i + 1, alone * frame_seconds_);
    ++found;
  }
  for (std::size_t i = 0; found < 2 && i < compared_; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (GoTogether(i, j)) continue;
      return Format(
          "its channels hold different sounds, as where several people have one each (%zu and %zu "
          "have nothing in common), and were mixed; take one with --channels N",
          j + 1, i + 1);
    }
  }
  if (found < 2) return std::nullopt;
  return "its channels hold different sounds, as where several people have one each (alone loud: " +
         text + "), and were mixed; take one with --channels N";
}

}  // namespace vpr
