// What the channels of a recording have to do with one another.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vpr {

class ChannelMeter {
 public:
  ChannelMeter(std::size_t channels, int sample_rate);

  void Accept(const float* interleaved, std::size_t frames);

  // +1 or -1 for each channel, such that their mean keeps the sound; empty where the plain mean
  // does. It does not where its power is less than a quarter of what channels that have nothing in
  // common would leave: they then have the same sound in opposite polarity.
  std::vector<float> Signs() const;

  // Where two channels, or more, are in turn much louder than all others, as when people have one
  // each: a text that says so, else nothing. A channel counts if it is 10 dB above the others for
  // 1 s and for 5 % of the frames of 32 ms that lie within 30 dB of the loudest. Or where two,
  // about as loud in the mean, have neither their samples nor their rises and falls in common, as
  // when people who have one each speak at once; one scene has the same rises in all channels.
  std::optional<std::string> DifferentSounds() const;

 private:
  static constexpr std::size_t kMost = 8;      // further channels are not compared
  static constexpr std::size_t kLevels = 160;  // of 1 dB, from -120 dB on
  void EndFrame();
  bool GoTogether(std::size_t i, std::size_t j) const;

  std::size_t channels_, compared_, frame_, filled_ = 0;
  double frame_seconds_;
  std::array<std::array<double, kMost>, kMost> products_{};  // [i][j], j <= i: sums of x_i x_j
  std::array<double, kMost> energy_{};                       // of the frame
  std::size_t frames_ = 0;
  std::array<double, kMost> levels_{};                             // sums of the frames' dB
  std::array<std::array<double, kMost>, kMost> level_products_{};  // as products_
  std::array<std::array<std::uint32_t, kLevels>, kMost> alone_{};  // frames, by channel and level
  std::array<std::uint32_t, kLevels> loudest_{};  // frames, by their loudest channel
};

}  // namespace vpr
