#include "onednn/convolution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "vpr/base/rng.h"

namespace vpr {
namespace {

std::vector<float> Numbers(std::size_t count, std::uint64_t seed) {
  std::vector<float> numbers(count);
  Rng rng(seed, 1);
  for (float& number : numbers) number = static_cast<float>(rng.Normal());
  return numbers;
}

struct Case {
  std::size_t in, out, bands, frames, kernel_bands, kernel_frames, stride_bands, stride_frames,
      dilation;
  bool add;
  Activation activation;
};

Node NodeOf(const Case& c) {
  Node node;
  node.op = Node::Op::kConv;
  node.channels = c.out;
  node.kernel_bands = c.kernel_bands;
  node.kernel_frames = c.kernel_frames;
  node.stride_bands = c.stride_bands;
  node.stride_frames = c.stride_frames;
  node.dilation_frames = c.dilation;
  node.pad_bands = c.kernel_bands / 2;
  node.pad_frames = c.kernel_frames / 2 * c.dilation;
  node.activation = c.activation;
  node.most = 1.5f;
  node.weights = Numbers(c.out * c.in * c.kernel_bands * c.kernel_frames, 1);
  node.bias = Numbers(c.out, 2);
  return node;
}

double Activate(double x, const Node& node) {
  switch (node.activation) {
    case Activation::kNone:
      return x;
    case Activation::kRelu:
      return std::max(x, 0.0);
    case Activation::kTanh:
      return std::tanh(x);
    case Activation::kSigmoid:
      return 1 / (1 + std::exp(-x));
    case Activation::kSilu:
      return x / (1 + std::exp(-x));
    case Activation::kClippedRelu:
      return std::clamp(x, 0.0, static_cast<double>(node.most));
  }
  return x;
}

// As the definition says.
double Expected(const Case& c, const Node& node, const std::vector<float>& x, std::size_t band,
                std::size_t frame, std::size_t channel, double before) {
  double sum = static_cast<double>(node.bias[channel]) + (c.add ? before : 0);
  for (std::size_t i = 0; i < c.kernel_bands; ++i) {
    for (std::size_t j = 0; j < c.kernel_frames; ++j) {
      const std::size_t b = band * c.stride_bands + i - node.pad_bands;
      const std::size_t t = frame * c.stride_frames + j * c.dilation - node.pad_frames;
      if (b >= c.bands || t >= c.frames) continue;  // before 0: huge
      for (std::size_t k = 0; k < c.in; ++k)
        sum += static_cast<double>(x[(b * c.frames + t) * c.in + k]) *
               static_cast<double>(
                   node.weights[((channel * c.in + k) * c.kernel_bands + i) * c.kernel_frames + j]);
    }
  }
  return Activate(sum, node);
}

TEST(Convolution, IsWhatTheDefinitionSays) {
  const Activation none = Activation::kNone, relu = Activation::kRelu;
  const Case cases[] = {
      {16, 16, 6, 8, 3, 3, 1, 1, 1, false, none},  // Winograd's
      {32, 48, 7, 9, 3, 3, 1, 1, 1, true, relu},   // odd numbers of bands and frames
      {16, 32, 2, 70, 3, 3, 1, 1, 1, false, Activation::kSilu},
      {20, 24, 5, 6, 3, 3, 1, 1, 1, true, relu},  // too uneven for it
      {1, 32, 10, 17, 3, 3, 1, 1, 1, false, relu},
      {32, 40, 9, 11, 3, 3, 2, 1, 1, false, relu},
      {16, 32, 8, 13, 3, 3, 2, 2, 1, true, none},
      {16, 24, 7, 9, 1, 1, 2, 2, 1, false, none},
      {700, 70, 1, 5, 1, 1, 1, 1, 1, false, Activation::kTanh},  // in parts
      {400, 64, 1, 200, 1, 3, 1, 1, 2, true, Activation::kSigmoid},
      {80, 33, 1, 23, 1, 5, 1, 2, 1, false, Activation::kClippedRelu},
      {48, 16, 1, 1, 1, 1, 1, 1, 1, false, none},     // a vector
      {800, 260, 1, 130, 1, 1, 1, 1, 1, true, relu},  // in parts, rows side by side
      {24, 72, 1, 30, 1, 3, 1, 1, 3, false, relu},
  };
  for (const Operations* operations : AllOperations()) {
    for (const Case& c : cases) {
      SCOPED_TRACE(::testing::Message() << operations->lanes << " lanes, " << c.in << " -> "
                                        << c.out << ", " << c.bands << " x " << c.frames);
      const Node node = NodeOf(c);
      Node after;
      after.scale = Numbers(c.out, 5);
      after.bias = Numbers(c.out, 6);
      const bool affine = Convolution::TakesAffine(node);
      const Convolution convolution(node, c.bands, c.in, affine ? &after : nullptr, *operations);
      std::vector<float> x = Numbers(c.bands * c.frames * c.in, 3);
      const std::size_t bands = BandsAfter(node, c.bands, c.in),
                        frames = FramesAfter(node, c.frames);
      const std::vector<float> before = Numbers(bands * frames * c.out, 4);
      std::vector<float> y = before;
      y.push_back(7);  // which must not be written
      const View from = {x.data(), {c.bands, c.frames, c.in}, c.frames};
      const View to = {y.data(), {bands, frames, c.out}, frames};
      std::vector<float> scratch(convolution.Scratch(node, from.shape, to.shape),
                                 std::numeric_limits<float>::quiet_NaN());
      convolution.Run(node, from, to, c.add, scratch.data());
      EXPECT_EQ(y.back(), 7);
      double worst = 0;
      for (std::size_t i = 0; i + 1 < y.size(); ++i) {
        double expected = Expected(c, node, x, i / c.out / frames, i / c.out % frames, i % c.out,
                                   static_cast<double>(before[i]));
        if (affine)
          expected = expected * static_cast<double>(after.scale[i % c.out]) +
                     static_cast<double>(after.bias[i % c.out]);
        const double scale = affine ? 1 + std::abs(static_cast<double>(after.scale[i % c.out])) : 1;
        worst = std::max(worst, std::abs(static_cast<double>(y[i]) - expected) / scale);
      }
      EXPECT_LT(worst, 1e-6 * std::sqrt(static_cast<double>(node.weights.size() / c.out)) * 10);
    }
  }
}

// The other operations of every kind of processor against those of any.
TEST(Operations, AreThoseOfAnyProcessor) {
  const std::size_t channels = 67, frames = 21, valid = 19;
  std::vector<float> a = Numbers(2 * frames * channels, 5), b = Numbers(2 * frames * channels, 6);
  const View x = {a.data(), {2, frames, channels}, valid},
             z = {b.data(), {2, frames, channels}, valid};
  const View flat = {a.data(), {1, frames, channels}, valid}, few = {b.data(), {1, 1, channels}, 1};
  Node node;
  node.activation = Activation::kSilu;
  const std::vector<float> scale = Numbers(channels, 7), bias = Numbers(channels, 8);
  auto run = [&](const Operations& o) {
    std::vector<float> all;
    auto result = [&](Shape shape, auto compute) {
      std::vector<float> values(shape.size());
      compute(View{values.data(), shape, shape.frames == frames ? valid : shape.frames});
      all.insert(all.end(), values.begin(), values.end());
    };
    result(x.shape, [&](const View& y) { o.affine(node, scale.data(), bias.data(), x, y); });
    result(x.shape, [&](const View& y) { o.add(node, x, z, y); });
    result(x.shape, [&](const View& y) { o.add(node, x, few, y); });
    result(x.shape, [&](const View& y) { o.times(x, few, y); });
    result({1, 1, channels}, [&](const View& y) { o.mean(x, y); });
    result({1, 3, channels}, [&](const View& y) { o.segment_mean(8, flat, y); });
    result(flat.shape, [&](const View& y) { o.multiply_segments(8, flat, z, y); });
    result({1, 1, 2 * channels}, [&](const View& y) { o.statistics(node, flat, nullptr, y); });
    result({1, 1, 2 * channels}, [&](const View& y) { o.statistics(node, flat, b.data(), y); });
    result(flat.shape, [&](const View& y) { o.softmax(flat, y); });
    return all;
  };
  const std::vector<float> expected = run(kOperationsAny);
  for (const Operations* operations : AllOperations()) {
    const std::vector<float> found = run(*operations);
    for (std::size_t i = 0; i < found.size(); ++i)
      ASSERT_NEAR(found[i], expected[i], 2e-6f * (1 + std::abs(expected[i])))
          << operations->lanes << " lanes, number " << i;
  }
}

TEST(Operations, CopyAndTranspose) {
  const std::size_t rows = 37, columns = 50, first = 5, count = 41;
  const std::vector<float> x = Numbers(rows * columns, 10);
  for (const Operations* o : AllOperations()) {
    std::vector<float> part(rows * count), y(part.size());
    o->copy(x.data() + first, columns, rows, count, part.data(), count);
    o->transpose(part.data(), rows, count, y.data());
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < count; ++c)
        ASSERT_EQ(y[c * rows + r], x[r * columns + first + c]) << o->lanes << " lanes";
  }
}

// Against the standard library, where LibTorch is not at hand.
TEST(Operations, SoftmaxSumsToOne) {
  std::vector<float> a = Numbers(30 * 11, 9), y(a.size());
  for (float& value : a) value *= 20;
  const Shape shape = {1, 30, 11};
  BestOperations().softmax({a.data(), shape, 30}, {y.data(), shape, 30});
  for (std::size_t c = 0; c < 11; ++c) {
    double sum = 0, whole = 0;
    for (std::size_t t = 0; t < 30; ++t) sum += std::exp(static_cast<double>(a[t * 11 + c]));
    for (std::size_t t = 0; t < 30; ++t) {
      whole += static_cast<double>(y[t * 11 + c]);
      EXPECT_NEAR(static_cast<double>(y[t * 11 + c]),
                  std::exp(static_cast<double>(a[t * 11 + c])) / sum, 2e-6);
    }
    EXPECT_NEAR(whole, 1, 1e-6);
  }
}

}  // namespace
}  // namespace vpr
