#include "vpr/clips/clip_network.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/model/network_engine.h"
#include "vpr/network/architecture.h"

namespace vpr {
namespace {

constexpr std::array<const char*, 3> kFusions = {"attention", "concat", "mean"};
constexpr char kImageNetwork[] = "image.network.";
constexpr std::size_t kLeastFrames = 2;  // that pooling leaves something of
constexpr float kNormFloor = 1e-5f;      // of LayerNorm and batch normalisation, as LibTorch's

using Vector = std::vector<float>;

float Sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

std::vector<double> Softmax(const Vector& scores) {
  const double highest = static_cast<double>(*std::max_element(scores.begin(), scores.end()));
  std::vector<double> probabilities;
  double sum = 0;
  for (float score : scores) {
    probabilities.push_back(std::exp(static_cast<double>(score) - highest));
    sum += probabilities.back();
  }
  for (double& probability : probabilities) probability /= sum;
  return probabilities;
}

// The tensors by name; each must be taken with its shape, and all must be.
class TensorSet {
 public:
  explicit TensorSet(const std::vector<Tensor>& tensors) {
    for (const Tensor& tensor : tensors) by_name_[tensor.name] = &tensor;
  }

  const Tensor& Take(const Tensor& shape) {
    const auto found = by_name_.find(shape.name);
    if (found == by_name_.end())
      throw Error(ErrorCode::kIncompatible, "it has no tensor '" + shape.name + "'");
    if (found->second->shape != shape.shape)
      throw Error(ErrorCode::kIncompatible, "its tensor '" + shape.name + "' has another shape");
    const Tensor& tensor = *found->second;
    by_name_.erase(found);
    return tensor;
  }
  void AllTaken() const {
    if (!by_name_.empty())
      throw Error(ErrorCode::kIncompatible,
                  "its tensor '" + Printable(by_name_.begin()->first) + "' belongs to nothing");
  }

 private:
  std::map<std::string, const Tensor*> by_name_;
};

struct LinearLayer {
  Vector weight, bias;  // [out, in], [out]

  Vector Apply(const Vector& x) const {
    Vector y = bias;
    for (std::size_t o = 0; o < y.size(); ++o) {
      float sum = 0;
      for (std::size_t i = 0; i < x.size(); ++i) sum += weight[o * x.size() + i] * x[i];
      y[o] += sum;
    }
    return y;
  }
};

void LayerNorm(const LinearLayer& norm, Vector& x) {
  double mean = 0, square = 0;
  for (float value : x) mean += static_cast<double>(value);
  mean /= static_cast<double>(x.size());
  for (float value : x) square += std::pow(static_cast<double>(value) - mean, 2);
  const double scale =
      1 / std::sqrt(square / static_cast<double>(x.size()) + static_cast<double>(kNormFloor));
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>((static_cast<double>(x[i]) - mean) * scale) * norm.weight[i] +
           norm.bias[i];
}

// Planes [channels][height][width].
struct Planes {
  std::size_t channels, height, width;
  Vector data;
  Planes(std::size_t c, std::size_t h, std::size_t w)
      : channels(c), height(h), width(w), data(c * h * w) {}
  float* plane(std::size_t c) { return data.data() + c * height * width; }
  const float* plane(std::size_t c) const { return data.data() + c * height * width; }
};

// 3 x 3, zeros around.
Planes Convolve(const LinearLayer& layer, const Planes& x) {
  const std::size_t out = layer.bias.size();
  Planes y(out, x.height, x.width);
  for (std::size_t o = 0; o < out; ++o) {
    std::fill_n(y.plane(o), x.height * x.width, layer.bias[o]);
    for (std::size_t c = 0; c < x.channels; ++c)
      for (std::size_t ky = 0; ky < 3; ++ky)
        for (std::size_t kx = 0; kx < 3; ++kx) {
          const float w = layer.weight[((o * x.channels + c) * 3 + ky) * 3 + kx];
          const std::size_t first = kx == 0 ? 1 : 0, end = kx == 2 ? x.width - 1 : x.width;
          const std::size_t top = ky == 0 ? 1 : 0, bottom = ky == 2 ? x.height - 1 : x.height;
          for (std::size_t row = top; row < bottom; ++row) {
            const float* from = x.plane(c) + (row + ky - 1) * x.width;
            float* to = y.plane(o) + row * x.width;
            for (std::size_t t = first; t < end; ++t) to[t] += w * from[t + kx - 1];
          }
        }
  }
  return y;
}

Planes MaxPool(const Planes& x) {
  Planes y(x.channels, x.height / 2, x.width / 2);
  for (std::size_t c = 0; c < x.channels; ++c)
    for (std::size_t h = 0; h < y.height; ++h)
      for (std::size_t t = 0; t < y.width; ++t) {
        const float* corner = x.plane(c) + 2 * h * x.width + 2 * t;
        y.plane(c)[h * y.width + t] =
            std::max({corner[0], corner[1], corner[x.width], corner[x.width + 1]});
      }
  return y;
}

// One direction of an LSTM, gates in the order input, forget, cell, output, as LibTorch's.
struct Lstm {
  Vector input, recurrent, input_bias, recurrent_bias;

  // x [frames][inputs]; adds the mean of its states over time to `mean`.
  void AddMean(const std::vector<Vector>& x, bool backwards, float* mean) const {
    constexpr std::size_t n = ClipShape::kLstm;
    Vector h(n), c(n), gates(4 * n);
    for (std::size_t step = 0; step < x.size(); ++step) {
      const Vector& now = x[backwards ? x.size() - 1 - step : step];
      for (std::size_t g = 0; g < 4 * n; ++g) {
        float sum = input_bias[g] + recurrent_bias[g];
        const float* w = input.data() + g * now.size();
        for (std::size_t i = 0; i < now.size(); ++i) sum += w[i] * now[i];
        const float* r = recurrent.data() + g * n;
        for (std::size_t i = 0; i < n; ++i) sum += r[i] * h[i];
        gates[g] = sum;
      }
      for (std::size_t i = 0; i < n; ++i) {
        c[i] = Sigmoid(gates[n + i]) * c[i] + Sigmoid(gates[i]) * std::tanh(gates[2 * n + i]);
        h[i] = Sigmoid(gates[3 * n + i]) * std::tanh(c[i]);
        mean[i] += h[i] / static_cast<float>(x.size());
      }
    }
  }
};

}  // namespace

const char* ToString(ClipFusion fusion) { return kFusions[static_cast<std::size_t>(fusion)]; }

ClipFusion ParseClipFusion(const std::string& name) {
  for (std::size_t i = 0; i < kFusions.size(); ++i)
    if (name == kFusions[i]) return static_cast<ClipFusion>(i);
  throw Error(ErrorCode::kIncompatible,
              "fusion '" + Printable(name) + "' is unknown; there are attention, concat and mean");
}

ModelInfo ClipShape::ImageModel() const {
  const Architecture& architecture = FindArchitecture(image_network);
  ModelInfo info;
  info.architecture = architecture.name;
  info.architecture_options = CompleteOptions(architecture, {});
  info.features.n_mels = 3 * side;
  info.embedding_dim = architecture.default_embedding_dim;
  return info;
}

int ClipShape::image_features() const {
  return FindArchitecture(image_network).default_embedding_dim;
}

void ClipShape::Validate() const {
  if (!image && !sound)
    throw Error(ErrorCode::kInvalidArgument, "a network of clips needs an image or a sound branch");
  if (classes < 2 || classes > 100000)
    throw Error(ErrorCode::kInvalidArgument,
                Format("a network of %d classes cannot classify", classes));
  if (side < 32 || side > 512 || bands < 4 || bands > 512)
    throw Error(ErrorCode::kInvalidArgument,
                Format("a network of clips with pictures of %d pixels and %d bands; expected 32 to "
                       "512 and 4 to 512",
                       side, bands));
  if (image && !image_network.starts_with("efficientnet"))
    throw Error(ErrorCode::kInvalidArgument,
                "'" + Printable(image_network) +
                    "' is no network for pictures; there are efficientnet_b0, efficientnet_small");
}

std::vector<Tensor> ClipTensorShapes(const ClipShape& shape) {
  shape.Validate();
  std::vector<Tensor> tensors;
  const auto add = [&](const std::string& name, std::vector<std::int64_t> extents) {
    tensors.push_back({name, std::move(extents), {}});
  };
  const auto linear = [&](const std::string& name, std::int64_t out, std::int64_t in) {
    add(name + ".weight", {out, in});
    add(name + ".bias", {out});
  };
  const auto vectors = [&](const std::string& name, std::int64_t size, bool running) {
    add(name + ".weight", {size});
    add(name + ".bias", {size});
    if (!running) return;
    add(name + ".running_mean", {size});
    add(name + ".running_var", {size});
  };
  const auto attention = [&](const std::string& name, std::int64_t channels) {
    linear(name + ".squeeze", channels / ClipShape::kReduction, channels);
    linear(name + ".excite", channels, channels / ClipShape::kReduction);
  };
  const auto end = [&](const std::string& name, std::int64_t in) {
    linear(name + ".projection", ClipShape::kProjection, in);
    vectors(name + ".norm", ClipShape::kProjection, false);
    linear(name + ".head", shape.classes, ClipShape::kProjection);
  };
  if (shape.image) {
    for (const Parameters& one : Describe(shape.ImageModel()).parameters) {
      const std::string name = kImageNetwork + one.name;
      if (one.is_norm) {
        vectors(name, one.shape[0], true);
        continue;
      }
      add(name + ".weight", one.shape);
      if (one.bias) add(name + ".bias", {one.shape[0]});
    }
    attention("image.attention", shape.image_features());
    end("image", 2 * shape.image_features());
  }
  if (shape.sound) {
    add("sound.first.weight", {ClipShape::kFirst, 1, 3, 3});
    add("sound.first.bias", {ClipShape::kFirst});
    vectors("sound.first_norm", ClipShape::kFirst, true);
    attention("sound.attention", ClipShape::kFirst);
    add("sound.second.weight", {ClipShape::kSecond, ClipShape::kFirst, 3, 3});
    add("sound.second.bias", {ClipShape::kSecond});
    for (const char* way : {"", "_reverse"}) {
      add(std::string("sound.lstm.weight_ih_l0") + way, {4 * ClipShape::kLstm, ClipShape::kSecond});
      add(std::string("sound.lstm.weight_hh_l0") + way, {4 * ClipShape::kLstm, ClipShape::kLstm});
      add(std::string("sound.lstm.bias_ih_l0") + way, {4 * ClipShape::kLstm});
      add(std::string("sound.lstm.bias_hh_l0") + way, {4 * ClipShape::kLstm});
    }
    end("sound", 2 * ClipShape::kLstm);
  }
  if (shape.fused() && shape.fusion != ClipFusion::kMean) {
    if (shape.fusion == ClipFusion::kAttention) {
      linear("fusion.gate", ClipShape::kHidden, 2 * ClipShape::kProjection);
      linear("fusion.weights", 2, ClipShape::kHidden);
      linear("fusion.hidden", ClipShape::kHidden, ClipShape::kProjection);
    } else {
      linear("fusion.hidden", ClipShape::kHidden, 2 * ClipShape::kProjection);
      vectors("fusion.norm", ClipShape::kHidden, true);
    }
    linear("fusion.head", shape.classes, ClipShape::kHidden);
  }
  return tensors;
}

Model ImageModelOf(const ClipShape& shape, const std::vector<Tensor>& tensors) {
  Model model{shape.ImageModel(), {}, {}};
  for (const Tensor& tensor : tensors)
    if (tensor.name.starts_with(kImageNetwork))
      model.tensors.push_back(
          {tensor.name.substr(sizeof(kImageNetwork) - 1), tensor.shape, tensor.data});
  return model;
}

std::size_t ClipParameters(const ClipShape& shape) {
  std::size_t sum = 0;
  for (const Tensor& tensor : ClipTensorShapes(shape)) {
    if (tensor.name.ends_with(".running_mean") || tensor.name.ends_with(".running_var")) continue;
    std::size_t count = 1;
    for (std::int64_t extent : tensor.shape) count *= static_cast<std::size_t>(extent);
    sum += count;
  }
  return sum;
}

std::vector<float> ChannelGate::Factors(const std::vector<float>& means,
                                        const std::vector<float>& maxima) const {
  const LinearLayer down{squeeze, squeeze_bias}, up{excite, excite_bias};
  Vector factors(means.size());
  for (const Vector* pooled : {&means, &maxima}) {
    Vector hidden = down.Apply(*pooled);
    for (float& value : hidden) value = std::max(value, 0.0f);
    const Vector scores = up.Apply(hidden);
    for (std::size_t c = 0; c < factors.size(); ++c) factors[c] += Sigmoid(scores[c]);
  }
  return factors;
}

std::array<double, 2> MaskedSoftmax(const std::array<double, 2>& scores,
                                    const std::array<bool, 2>& there) {
  VPR_CHECK(there[0] || there[1]);
  if (!there[0]) return {0, 1};
  if (!there[1]) return {1, 0};
  const double first = 1 / (1 + std::exp(scores[1] - scores[0]));
  return {first, 1 - first};
}

struct ClipNetwork::Impl {
  // A branch from its features on.
  struct Branch {
    LinearLayer projection, norm, head;

    Vector Project(const Vector& features) const {
      Vector projected = projection.Apply(features);
      LayerNorm(norm, projected);
      return projected;
    }
  };
  struct Statistics {  // of batch normalisation, as a scale and a shift
    Vector scale, shift;
  };

  ClipShape shape;
  std::unique_ptr<Network> pictures;
  ChannelGate image_gate, sound_gate;
  Branch image, sound;
  LinearLayer first, second;
  Statistics first_norm, fusion_norm;
  std::array<Lstm, 2> lstm;
  LinearLayer gate, weights, hidden, head;

  Impl(const ClipShape& wanted, const std::vector<Tensor>& given, const ExtractorOptions& options)
      : shape(wanted) {
    TensorSet set(given);
    std::map<std::string, Vector> values;
    for (const Tensor& expected : ClipTensorShapes(shape)) {
      const Tensor& tensor = set.Take(expected);
      if (!expected.name.starts_with(kImageNetwork)) values[tensor.name] = tensor.data;
    }
    set.AllTaken();
    const auto linear = [&](const std::string& name) {
      return LinearLayer{values[name + ".weight"], values[name + ".bias"]};
    };
    const auto channel_gate = [&](const std::string& name) {
      const LinearLayer squeeze = linear(name + ".squeeze"), excite = linear(name + ".excite");
      return ChannelGate{squeeze.weight, squeeze.bias, excite.weight, excite.bias};
    };
    const auto branch = [&](const std::string& name) {
      return Branch{linear(name + ".projection"), linear(name + ".norm"), linear(name + ".head")};
    };
    const auto statistics = [&](const std::string& name) {
      Statistics norm{values[name + ".weight"], values[name + ".bias"]};
      for (std::size_t c = 0; c < norm.scale.size(); ++c) {
        norm.scale[c] /= std::sqrt(values[name + ".running_var"][c] + kNormFloor);
        norm.shift[c] -= norm.scale[c] * values[name + ".running_mean"][c];
      }
      return norm;
    };
    if (shape.image) {
      pictures = MakeNetwork(ImageModelOf(shape, given), options);
      image_gate = channel_gate("image.attention");
      image = branch("image");
    }
    if (shape.sound) {
      first = linear("sound.first");
      second = linear("sound.second");
      first_norm = statistics("sound.first_norm");
      sound_gate = channel_gate("sound.attention");
      for (std::size_t way = 0; way < 2; ++way) {
        const std::string end = way == 0 ? "" : "_reverse";
        lstm[way] = {values["sound.lstm.weight_ih_l0" + end],
                     values["sound.lstm.weight_hh_l0" + end], values["sound.lstm.bias_ih_l0" + end],
                     values["sound.lstm.bias_hh_l0" + end]};
      }
      sound = branch("sound");
    }
    if (!shape.fused() || shape.fusion == ClipFusion::kMean) return;
    gate = linear("fusion.gate");
    weights = linear("fusion.weights");
    hidden = linear("fusion.hidden");
    head = linear("fusion.head");
    if (shape.fusion == ClipFusion::kConcat) fusion_norm = statistics("fusion.norm");
  }

  Vector SeePictures(const std::vector<Matrix>& frames) const {
    std::vector<Vector> features;
    for (const Matrix& frame : frames) {
      if (frame.rows != 3 * static_cast<std::size_t>(shape.side) ||
          frame.cols != static_cast<std::size_t>(shape.side))
        throw Error(ErrorCode::kIncompatible,
                    Format("the classifier takes pictures of %d pixels, found %zu x %zu",
                           shape.side, frame.cols, frame.rows / 3));
      features.push_back(pictures->Forward(frame));
    }
    const std::size_t count = features[0].size();
    const auto pool = [&](Vector& means, Vector& maxima) {
      means.assign(count, 0);
      maxima.assign(count, -INFINITY);
      for (const Vector& one : features)
        for (std::size_t c = 0; c < count; ++c) {
          means[c] += one[c] / static_cast<float>(features.size());
          maxima[c] = std::max(maxima[c], one[c]);
        }
    };
    Vector means, maxima;
    pool(means, maxima);
    const Vector factors = image_gate.Factors(means, maxima);
    for (Vector& one : features)
      for (std::size_t c = 0; c < count; ++c) one[c] *= factors[c];
    pool(means, maxima);
    means.insert(means.end(), maxima.begin(), maxima.end());
    return image.Project(means);
  }

  Vector HearSound(const Matrix& spectrogram) const {
    if (spectrogram.rows != static_cast<std::size_t>(shape.bands))
      throw Error(ErrorCode::kIncompatible, Format("the classifier takes %d bands, found %zu",
                                                   shape.bands, spectrogram.rows));
    Planes x(1, spectrogram.rows, std::max(spectrogram.cols, kLeastFrames));
    for (std::size_t r = 0; r < x.height; ++r)
      for (std::size_t t = 0; t < x.width; ++t)
        x.data[r * x.width + t] = spectrogram(r, t % spectrogram.cols);
    x = Convolve(first, x);
    const std::size_t area = x.height * x.width;
    for (std::size_t c = 0; c < x.channels; ++c)
      for (std::size_t i = 0; i < area; ++i)
        x.plane(c)[i] = std::max(x.plane(c)[i] * first_norm.scale[c] + first_norm.shift[c], 0.0f);
    x = MaxPool(x);
    Vector means(x.channels), maxima(x.channels);
    const std::size_t pooled = x.height * x.width;
    for (std::size_t c = 0; c < x.channels; ++c) {
      double sum = 0;
      for (std::size_t i = 0; i < pooled; ++i) sum += static_cast<double>(x.plane(c)[i]);
      means[c] = static_cast<float>(sum / static_cast<double>(pooled));
      maxima[c] = *std::max_element(x.plane(c), x.plane(c) + pooled);
    }
    const Vector factors = sound_gate.Factors(means, maxima);
    for (std::size_t c = 0; c < x.channels; ++c)
      for (std::size_t i = 0; i < pooled; ++i) x.plane(c)[i] *= factors[c];
    x = Convolve(second, x);
    std::vector<Vector> frames(x.width, Vector(x.channels));
    for (std::size_t c = 0; c < x.channels; ++c)
      for (std::size_t h = 0; h < x.height; ++h)
        for (std::size_t t = 0; t < x.width; ++t)
          frames[t][c] +=
              std::max(x.plane(c)[h * x.width + t], 0.0f) / static_cast<float>(x.height);
    Vector mean(2 * ClipShape::kLstm);
    lstm[0].AddMean(frames, false, mean.data());
    lstm[1].AddMean(frames, true, mean.data() + ClipShape::kLstm);
    return sound.Project(mean);
  }

  ClipAnswer Forward(const std::vector<Matrix>& frames, const Matrix& spectrogram) const {
    const std::array<bool, 2> there = {shape.image && !frames.empty(),
                                       shape.sound && spectrogram.cols > 0};
    if (!there[0] && !there[1])
      throw Error(ErrorCode::kUnusable, "there is nothing of what the classifier takes");
    Vector seen(ClipShape::kProjection), heard(ClipShape::kProjection);
    ClipAnswer answer;
    if (there[0]) {
      seen = SeePictures(frames);
      answer.image = Softmax(image.head.Apply(seen));
    }
    if (there[1]) {
      heard = HearSound(spectrogram);
      answer.sound = Softmax(sound.head.Apply(heard));
    }
    if (!shape.fused()) {
      answer.probabilities = shape.image ? answer.image : answer.sound;
      answer.image_weight = shape.image ? 1 : 0;
      answer.sound_weight = shape.sound ? 1 : 0;
      return answer;
    }
    Vector both = seen;
    both.insert(both.end(), heard.begin(), heard.end());
    const auto set_weights = [&](const std::array<double, 2>& scores) {
      const std::array<double, 2> found = MaskedSoftmax(scores, there);
      answer.image_weight = found[0];
      answer.sound_weight = found[1];
    };
    if (shape.fusion == ClipFusion::kMean) {
      set_weights({0, 0});
      answer.probabilities.assign(static_cast<std::size_t>(shape.classes), 0);
      for (std::size_t c = 0; c < answer.probabilities.size(); ++c) {
        if (there[0]) answer.probabilities[c] += answer.image_weight * answer.image[c];
        if (there[1]) answer.probabilities[c] += answer.sound_weight * answer.sound[c];
      }
      return answer;
    }
    Vector inner;
    if (shape.fusion == ClipFusion::kAttention) {
      inner = gate.Apply(both);
      for (float& value : inner) value = std::max(value, 0.0f);
      const Vector scores = weights.Apply(inner);
      set_weights({static_cast<double>(scores[0]), static_cast<double>(scores[1])});
      Vector joined(seen.size());
      for (std::size_t i = 0; i < joined.size(); ++i)
        joined[i] = static_cast<float>(answer.image_weight) * seen[i] +
                    static_cast<float>(answer.sound_weight) * heard[i];
      inner = hidden.Apply(joined);
    } else {
      inner = hidden.Apply(both);
      for (std::size_t i = 0; i < inner.size(); ++i)
        inner[i] = inner[i] * fusion_norm.scale[i] + fusion_norm.shift[i];
    }
    for (float& value : inner) value = std::max(value, 0.0f);
    answer.probabilities = Softmax(head.Apply(inner));
    return answer;
  }
};

ClipNetwork::ClipNetwork(const ClipShape& shape, const std::vector<Tensor>& tensors,
                         const ExtractorOptions& options)
    : impl_(std::make_unique<Impl>(shape, tensors, options)) {}
ClipNetwork::~ClipNetwork() = default;
ClipNetwork::ClipNetwork(ClipNetwork&&) noexcept = default;

ClipAnswer ClipNetwork::Forward(const std::vector<Matrix>& pictures, const Matrix& sound) const {
  return impl_->Forward(pictures, sound);
}

}  // namespace vpr
