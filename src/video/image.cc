#include "vpr/video/image.h"

#include <png.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "vpr/base/error.h"

namespace vpr {
namespace {

std::uint8_t Rounded(double value) {
  return static_cast<std::uint8_t>(std::clamp(value + 0.5, 0.0, 255.0));
}

// Which pixels of a line, and how much of each, make one of the result.
struct Share {
  int first = 0;
  std::vector<double> weights;
};
std::vector<Share> Shares(int from, int to) {
  const double scale = static_cast<double>(from) / to, reach = std::max(scale, 1.0);
  std::vector<Share> shares(static_cast<std::size_t>(to));
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(std::floor(centre - reach)));
    const int last = std::min(from, static_cast<int>(std::ceil(centre + reach)));
    Share& share = shares[static_cast<std::size_t>(i)];
    share.first = first;
    double sum = 0;
    for (int j = first; j < last; ++j) {
      share.weights.push_back(std::max(0.0, 1 - std::abs(j + 0.5 - centre) / reach));
      sum += share.weights.back();
    }
    for (double& weight : share.weights) weight /= sum;
  }
  return shares;
}

// What the picture shows at a place between its pixels, beyond the edge what is at the edge.
void Sample(const Image& picture, double x, double y, double* sum) {
  x = std::clamp(x, 0.0, picture.width - 1.0);
  y = std::clamp(y, 0.0, picture.height - 1.0);
  const int left = static_cast<int>(x), top = static_cast<int>(y);
  const int right = std::min(left + 1, picture.width - 1);
  const int bottom = std::min(top + 1, picture.height - 1);
  const double u = x - left, v = y - top;
  for (int c = 0; c < picture.channels; ++c)
    sum[c] += (1 - v) * ((1 - u) * picture.at(left, top)[c] + u * picture.at(right, top)[c]) +
              v * ((1 - u) * picture.at(left, bottom)[c] + u * picture.at(right, bottom)[c]);
}

}  // namespace

Image ToGrey(const Image& picture) {
  if (picture.channels == 1) return picture;
  Image grey(picture.width, picture.height, 1);
  for (std::size_t i = 0; i < grey.pixels.size(); ++i) {
    const std::uint8_t* const pixel = picture.pixels.data() + 3 * i;
    grey.pixels[i] =
        static_cast<std::uint8_t>((299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2] + 500) / 1000);
  }
  return grey;
}

Image Resize(const Image& picture, int width, int height) {
  VPR_CHECK(width > 0 && height > 0 && picture.width > 0 && picture.height > 0);
  if (width == picture.width && height == picture.height) return picture;
  const std::vector<Share> across = Shares(picture.width, width);
  const std::vector<Share> down = Shares(picture.height, height);
  const int channels = picture.channels;
  const auto row = static_cast<std::size_t>(width) * static_cast<std::size_t>(channels);
  std::vector<float> narrow(row * static_cast<std::size_t>(picture.height));
  for (int y = 0; y < picture.height; ++y) {
    float* out = narrow.data() + static_cast<std::size_t>(y) * row;
    for (const Share& share : across) {
      const std::uint8_t* const in = picture.at(share.first, y);
      for (int c = 0; c < channels; ++c) {
        double sum = 0;
        for (std::size_t j = 0; j < share.weights.size(); ++j)
          sum += share.weights[j] *
                 in[j * static_cast<std::size_t>(channels) + static_cast<std::size_t>(c)];
        *out++ = static_cast<float>(sum);
      }
    }
  }
  Image result(width, height, channels);
  std::vector<double> sums(row);
  for (int y = 0; y < height; ++y) {
    const Share& share = down[static_cast<std::size_t>(y)];
    std::fill(sums.begin(), sums.end(), 0);
    for (std::size_t j = 0; j < share.weights.size(); ++j) {
      const float* const in = narrow.data() + (static_cast<std::size_t>(share.first) + j) * row;
      for (std::size_t i = 0; i < row; ++i)
        sums[i] += share.weights[j] * static_cast<double>(in[i]);
    }
    std::transform(sums.begin(), sums.end(), result.at(0, y), Rounded);
  }
  return result;
}

Image Warp(const Image& picture, const Similarity& from, int width, int height) {
  VPR_CHECK(picture.width > 0 && picture.height > 0);
  constexpr int kMostPlaces = 16;                   // in each direction
  const double scale = std::hypot(from.a, from.b);  // pixels of the source that one of ours covers
  const int places = std::clamp(static_cast<int>(std::ceil(scale)), 1, kMostPlaces);
  Image result(width, height, picture.channels);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      std::array<double, 3> sum = {};
      for (int i = 0; i < places; ++i)
        for (int j = 0; j < places; ++j) {
          const double px = x + (j + 0.5) / places - 0.5, py = y + (i + 0.5) / places - 0.5;
          Sample(picture, from.a * px - from.b * py + from.dx, from.b * px + from.a * py + from.dy,
                 sum.data());
        }
      for (int c = 0; c < picture.channels; ++c)
        result.at(x, y)[c] = Rounded(sum[static_cast<std::size_t>(c)] / (places * places));
    }
  return result;
}

std::string EncodePng(const Image& picture) {
  png_image png = {};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(picture.width);
  png.height = static_cast<png_uint_32>(picture.height);
  png.format = picture.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::string bytes(size, '\0');
  VPR_CHECK(::png_image_write_to_memory(&png, bytes.data(), &size, 0, picture.pixels.data(), 0,
                                        nullptr) != 0);
  bytes.resize(size);
  return bytes;
}

}  // namespace vpr
