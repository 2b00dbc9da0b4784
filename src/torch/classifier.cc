#include "torch/classifier.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "torch/device.h"
#include "torch/torch_network.h"
#include "vpr/base/error.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

namespace nn = torch::nn;

enum Stream : std::uint64_t {
  kInitStream = 51,
  kOrderStream = 52,
  kStepStream = 53,
  kCropStream = 54
};

// Multilayer perceptron: linear layers with ReLU and dropout, then one to the classes.
class Mlp : public EmbeddingNetwork {
 public:
  explicit Mlp(const NetworkShape& shape) {
    int in = shape.rows;
    for (int units : shape.hidden) {
      layers_->push_back(nn::Linear(in, units));
      layers_->push_back(nn::ReLU());
      layers_->push_back(nn::Dropout(shape.dropout));
      in = units;
    }
    layers_->push_back(nn::Linear(in, shape.classes));
    register_module("layers", layers_);
  }
  torch::Tensor forward(torch::Tensor features) override {
    return layers_->forward(features.flatten(1));
  }

 private:
  nn::Sequential layers_;
};

// A speaker network with a linear layer to the classes, as in its own training.
class SpectrogramClassifier : public EmbeddingNetwork {
 public:
  explicit SpectrogramClassifier(const NetworkShape& shape) {
    const Architecture& architecture = FindArchitecture(shape.network);
    const int dim = architecture.default_embedding_dim;
    ModelInfo info;
    info.architecture = architecture.name;
    info.features.n_mels = shape.rows;
    info.embedding_dim = dim;
    network_ = register_module("network", MakeModule(info));
    classifier_ = register_module("classifier", nn::Linear(dim, shape.classes));
  }
  torch::Tensor forward(torch::Tensor features) override {
    return classifier_(network_->forward(features).to(torch::kFloat));
  }

 private:
  std::shared_ptr<EmbeddingNetwork> network_;
  nn::Linear classifier_{nullptr};
};

class ClassifierTrainer {
 public:
  explicit ClassifierTrainer(const NetworkTask& task)
      : task_(task),
        config_(task.training),
        device_(ParseDevice(config_.device)),
        bfloat16_(config_.crop_frames > 0 && UseBfloat16("auto", device_)) {
    SetThreads(config_.threads);
    KeepFreedMemory();
    torch::manual_seed(Rng(config_.seed, kInitStream).Next() >> 1);
    network_ = MakeClassifierModule(task.shape);
    network_->to(device_);
    optimizer_ = std::make_unique<torch::optim::AdamW>(
        network_->parameters(),
        torch::optim::AdamWOptions(config_.lr).weight_decay(config_.weight_decay));
  }

  std::vector<Tensor> Run(Progress& progress, const StopRequested& stop) {
    network_->train();
    progress.Start("training " + task_.shape.network, "epoch",
                   static_cast<std::uint64_t>(config_.epochs));
    for (int epoch = 1; epoch <= config_.epochs; ++epoch) {
      if (stop && stop())
        throw Error(ErrorCode::kInterrupted,
                    Format("stopped at epoch %d of %d", epoch, config_.epochs));
      TrainEpoch(epoch);
      progress.Update(static_cast<std::uint64_t>(epoch), Format("loss %.3f", loss_));
    }
    progress.Finish();
    network_->eval();
    return ExportTensors(*network_);
  }

 private:
  void TrainEpoch(int epoch) {
    std::vector<std::size_t> order(task_.inputs.size());
    std::iota(order.begin(), order.end(), 0);
    Rng(config_.seed, kOrderStream, static_cast<std::uint64_t>(epoch)).Shuffle(order);
    const std::size_t count = order.size();
    // Batches of about the same size: batch normalisation cannot do with a single example.
    const auto wanted = static_cast<std::size_t>(config_.batch_size);
    const std::size_t batches = std::max<std::size_t>(count / wanted, 1);
    double sum = 0;
    for (std::size_t b = 0; b < batches; ++b) {
      const double at =
          (epoch - 1 + static_cast<double>(b) / static_cast<double>(batches)) / config_.epochs;
      for (auto& group : optimizer_->param_groups())
        group.options().set_lr(config_.lr * (0.01 + 0.99 * 0.5 * (1 + std::cos(M_PI * at))));
      sum += Step({order.begin() + static_cast<std::ptrdiff_t>(b * count / batches),
                   order.begin() + static_cast<std::ptrdiff_t>((b + 1) * count / batches)},
                  epoch);
    }
    loss_ = sum / static_cast<double>(batches);
    if (!std::isfinite(loss_))
      throw Error(ErrorCode::kUnusable,
                  Format("the loss is not a number any more at epoch %d", epoch));
  }

  double Step(const std::vector<std::size_t>& examples, int epoch) {
    const auto rows = static_cast<std::size_t>(task_.shape.rows);
    const std::size_t frames =
        config_.crop_frames > 0 ? static_cast<std::size_t>(config_.crop_frames) : 1;
    torch::Tensor features =
        torch::empty({static_cast<std::int64_t>(examples.size()), static_cast<std::int64_t>(rows),
                      static_cast<std::int64_t>(frames)});
    torch::Tensor classes =
        torch::empty({static_cast<std::int64_t>(examples.size())}, torch::kLong);
    for (std::size_t i = 0; i < examples.size(); ++i) {
      Rng rng(config_.seed, kCropStream, static_cast<std::uint64_t>(epoch), examples[i]);
      Crop(*task_.inputs[examples[i]], frames, rng, features.data_ptr<float>() + i * rows * frames);
      classes.data_ptr<std::int64_t>()[i] = task_.classes[examples[i]];
    }
    torch::manual_seed(
        Rng(config_.seed, kStepStream, static_cast<std::uint64_t>(epoch), examples[0]).Next() >> 1);
    optimizer_->zero_grad();
    torch::Tensor logits;
    {
      Autocast autocast(device_, bfloat16_);
      logits = network_->forward(features.to(device_));
    }
    namespace F = torch::nn::functional;
    torch::Tensor loss =
        F::cross_entropy(logits.to(torch::kFloat), classes.to(device_),
                         F::CrossEntropyFuncOptions().label_smoothing(config_.label_smoothing));
    loss.backward();
    optimizer_->step();
    return loss.item<double>();
  }

  // `frames` frames from a random place on, a shorter input repeated; then one mask in frequency
  // and one in time (SpecAugment, Park et al., Interspeech 2019), filled with the mean, which is 0.
  void Crop(const Matrix& input, std::size_t frames, Rng& rng, float* out) const {
    const std::size_t begin = input.cols > frames ? rng.Below(input.cols - frames + 1) : 0;
    for (std::size_t r = 0; r < input.rows; ++r)
      for (std::size_t t = 0; t < frames; ++t)
        out[r * frames + t] = input(r, (begin + t) % input.cols);
    if (config_.crop_frames == 0) return;
    auto draw = [&](int widest, std::size_t extent) {
      const std::size_t width = std::min(rng.Below(static_cast<std::size_t>(widest) + 1), extent);
      const std::size_t first = rng.Below(extent - width + 1);
      return std::pair(first, first + width);
    };
    const auto [low, high] = draw(config_.freq_mask, input.rows);
    std::fill(out + low * frames, out + high * frames, 0.0f);
    const auto [first, last] = draw(config_.time_mask, frames);
    for (std::size_t r = 0; r < input.rows; ++r)
      std::fill(out + r * frames + first, out + r * frames + last, 0.0f);
  }

  const NetworkTask& task_;
  const NetworkTraining& config_;
  torch::Device device_;
  bool bfloat16_;
  std::shared_ptr<EmbeddingNetwork> network_;
  std::unique_ptr<torch::optim::AdamW> optimizer_;
  double loss_ = 0;
};

}  // namespace

std::shared_ptr<EmbeddingNetwork> MakeClassifierModule(const NetworkShape& shape) {
  if (shape.rows < 1 || shape.classes < 2)
    throw Error(
        ErrorCode::kInvalidArgument,
        Format("a network of %d inputs and %d classes cannot classify", shape.rows, shape.classes));
  if (shape.network == "mlp") return std::make_shared<Mlp>(shape);
  return std::make_shared<SpectrogramClassifier>(shape);
}

std::vector<Tensor> TrainClassifierWithTorch(const NetworkTask& task, Progress& progress,
                                             const StopRequested& stop) try {
  return ClassifierTrainer(task).Run(progress, stop);
} catch (const c10::Error& error) {
  throw Error(ErrorCode::kInternal, "LibTorch: " + OneLine(error));
}

}  // namespace vpr
