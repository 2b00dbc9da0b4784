// How busy the machine is, and how good a picture it then has time for. The voice is never made
// worse: it costs little, and it is what this program is about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace vpr {

enum class PictureQuality { kLow, kMedium, kHigh };
const char* ToString(PictureQuality quality);  // "low", "medium", "high"
int PixelsOf(PictureQuality quality);          // of a side: 128, 160, 224

// The share of all processors' time that was not idle.
class ProcessorLoad {
 public:
  // `path`: as Linux's /proc/stat, whose first line counts the time of all processors.
  explicit ProcessorLoad(std::string path = "/proc/stat");
  // 0 to 1, since the last call; nothing the first time, where no time has passed, and where it
  // cannot be read.
  std::optional<double> Measure();

 private:
  struct Times {
    std::uint64_t busy = 0, all = 0;
  };
  std::optional<Times> Read() const;

  const std::string path_;
  std::optional<Times> last_;
};

// Above 90 % busy the lowest quality, above 70 % at most the medium one, at once. Better by one
// step after three measurements in a row that lie 10 points below what it went down at.
class QualityControl {
 public:
  PictureQuality quality() const { return quality_; }
  PictureQuality Update(double busy);

 private:
  PictureQuality quality_ = PictureQuality::kHigh;
  int calm_ = 0;
};

}  // namespace vpr
