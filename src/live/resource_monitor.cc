#include "vpr/live/resource_monitor.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr double kLowAbove = 0.9, kMediumAbove = 0.7, kMargin = 0.1;
constexpr int kCalm = 3;  // measurements
constexpr std::size_t kMostBytes = 1 << 20;
// user nice system idle iowait irq softirq steal; what follows is part of user and nice.
constexpr std::size_t kFields = 8, kIdle = 3, kWaiting = 4;

}  // namespace

const char* ToString(PictureQuality quality) {
  constexpr const char* kNames[] = {"low", "medium", "high"};
  return kNames[static_cast<std::size_t>(quality)];
}

int PixelsOf(PictureQuality quality) {
  constexpr int kPixels[] = {128, 160, 224};
  return kPixels[static_cast<std::size_t>(quality)];
}

ProcessorLoad::ProcessorLoad(std::string path) : path_(std::move(path)) {}

std::optional<ProcessorLoad::Times> ProcessorLoad::Read() const {
  std::string text;
  try {
    text = ReadFile(path_, kMostBytes);
  } catch (const Error&) {
    return std::nullopt;  // another system: nothing is known of its load
  }
  const std::vector<std::string_view> lines = Lines(text);
  if (lines.empty()) return std::nullopt;
  const std::vector<std::string_view> words = SplitBlanks(lines[0]);
  if (words.size() < 1 + kWaiting || words[0] != "cpu") return std::nullopt;
  Times times;
  for (std::size_t i = 0; i < kFields && i + 1 < words.size(); ++i) {
    std::uint64_t value = 0;
    const std::string_view word = words[i + 1];
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
    times.all += value;
    if (i != kIdle && i != kWaiting) times.busy += value;
  }
  return times;
}

std::optional<double> ProcessorLoad::Measure() {
  const std::optional<Times> now = Read();
  if (!now) return std::nullopt;
  const std::optional<Times> before = std::exchange(last_, now);
  // Counters may go back where processors are taken away.
  if (!before || now->all <= before->all || now->busy < before->busy) return std::nullopt;
  return std::min(1.0, static_cast<double>(now->busy - before->busy) /
                           static_cast<double>(now->all - before->all));
}

PictureQuality QualityControl::Update(double busy) {
  const PictureQuality bound = busy > kLowAbove      ? PictureQuality::kLow
                               : busy > kMediumAbove ? PictureQuality::kMedium
                                                     : PictureQuality::kHigh;
  if (bound < quality_) {
    quality_ = bound;
    calm_ = 0;
    return quality_;
  }
  const double left = (quality_ == PictureQuality::kLow ? kLowAbove : kMediumAbove) - kMargin;
  calm_ = quality_ != PictureQuality::kHigh && busy < left ? calm_ + 1 : 0;
  if (calm_ == kCalm) {
    quality_ = static_cast<PictureQuality>(static_cast<int>(quality_) + 1);
    calm_ = 0;
  }
  return quality_;
}

}  // namespace vpr
