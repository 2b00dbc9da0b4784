// Pictures of 8 bits a channel in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace vpr {

struct Image {
  int width = 0, height = 0;
  int channels = 3;                  // 3: red, green, blue; 1: grey
  std::vector<std::uint8_t> pixels;  // row by row from the top, a pixel's channels side by side

  Image() = default;
  Image(int wide, int high, int channel_count)  // black
      : width(wide),
        height(high),
        channels(channel_count),
        pixels(static_cast<std::size_t>(wide) * static_cast<std::size_t>(high) *
               static_cast<std::size_t>(channel_count)) {}

  std::uint8_t* at(int x, int y) { return pixels.data() + Offset(x, y); }
  const std::uint8_t* at(int x, int y) const { return pixels.data() + Offset(x, y); }

 private:
  std::size_t Offset(int x, int y) const {
    return (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
            static_cast<std::size_t>(x)) *
           static_cast<std::size_t>(channels);
  }
};

// In grey, the luma of ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B.
Image ToGrey(const Image& picture);

// Linear interpolation; where it becomes smaller, over as many pixels as one of the result covers
// (a triangle), so that nothing is skipped. The same on every machine.
Image Resize(const Image& picture, int width, int height);

// x' = a x - b y + dx, y' = b x + a y + dy: turned, scaled and moved.
struct Similarity {
  double a = 1, b = 0, dx = 0, dy = 0;
};

// A picture of width x height whose pixel (x, y) is what `picture` shows at `from` of it, linearly
// interpolated, of several places where it becomes smaller; beyond its edge the edge goes on.
Image Warp(const Image& picture, const Similarity& from, int width, int height);

// As a PNG file, in memory.
std::string EncodePng(const Image& picture);

}  // namespace vpr
