#include "torch/clips.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "torch/batch_norm.h"
#include "torch/device.h"
#include "torch/optimizer_memory.h"
#include "torch/torch_network.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

namespace nn = torch::nn;

enum Stream : std::uint64_t { kInitStream = 91, kOrderStream = 92, kStepStream = 93 };

std::int64_t Signed(std::size_t size) { return static_cast<std::int64_t>(size); }

}  // namespace

// Of x [batch, channels, ...], pooled over what follows the channels.
class ClipModule::ChannelAttention : public nn::Module {
 public:
  explicit ChannelAttention(std::int64_t channels)
      : squeeze_(
            register_module("squeeze", nn::Linear(channels, channels / ClipShape::kReduction))),
        excite_(register_module("excite", nn::Linear(channels / ClipShape::kReduction, channels))) {
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor flat = x.flatten(2);
    const auto factor = [&](const torch::Tensor& pooled) {
      return torch::sigmoid(excite_(torch::relu(squeeze_(pooled))));
    };
    torch::Tensor factors = factor(flat.mean(2)) + factor(flat.amax(2));
    while (factors.dim() < x.dim()) factors = factors.unsqueeze(-1);
    return x * factors;
  }

 private:
  nn::Linear squeeze_, excite_;
};

// What both branches end with.
class ClipModule::Branch : public nn::Module {
 public:
  torch::Tensor Classes(const torch::Tensor& projected) { return head_(projected); }

 protected:
  void AddEnd(std::int64_t features, int classes) {
    projection_ = register_module("projection", nn::Linear(features, ClipShape::kProjection));
    norm_ = register_module("norm", nn::LayerNorm(nn::LayerNormOptions({ClipShape::kProjection})));
    head_ = register_module("head", nn::Linear(ClipShape::kProjection, classes));
  }
  torch::Tensor Project(const torch::Tensor& features) { return norm_(projection_(features)); }

 private:
  nn::Linear projection_{nullptr}, head_{nullptr};
  nn::LayerNorm norm_{nullptr};
};

class ClipModule::ImageBranch : public Branch {
 public:
  explicit ImageBranch(const ClipShape& shape) {
    network_ = register_module("network", MakeModule(shape.ImageModel()));
    attention_ =
        register_module("attention", std::make_shared<ChannelAttention>(shape.image_features()));
    AddEnd(2 * shape.image_features(), shape.classes);
  }

  // [clips, frames, 3 side, side] to [clips, kProjection].
  torch::Tensor forward(const torch::Tensor& pictures) {
    torch::Tensor features = network_->forward(pictures.flatten(0, 1))
                                 .to(torch::kFloat)
                                 .view({pictures.size(0), pictures.size(1), -1})
                                 .transpose(1, 2);
    features = attention_->forward(features);
    return Project(torch::cat({features.mean(2), features.amax(2)}, 1));
  }

 private:
  std::shared_ptr<EmbeddingNetwork> network_;
  std::shared_ptr<ChannelAttention> attention_;
};

class ClipModule::SoundBranch : public Branch {
 public:
  explicit SoundBranch(const ClipShape& shape) {
    const auto convolution = [](int in, int out) {
      return nn::Conv2d(nn::Conv2dOptions(in, out, 3).padding(1));
    };
    first_ = register_module("first", convolution(1, ClipShape::kFirst));
    first_norm_ = register_module("first_norm", BatchNorm(ClipShape::kFirst));
    attention_ =
        register_module("attention", std::make_shared<ChannelAttention>(ClipShape::kFirst));
    second_ = register_module("second", convolution(ClipShape::kFirst, ClipShape::kSecond));
    lstm_ = register_module("lstm", nn::LSTM(nn::LSTMOptions(ClipShape::kSecond, ClipShape::kLstm)
                                                 .batch_first(true)
                                                 .bidirectional(true)));
    AddEnd(2 * ClipShape::kLstm, shape.classes);
  }

  // [clips, bands, frames] to [clips, kProjection].
  torch::Tensor forward(const torch::Tensor& sound) {
    torch::Tensor x = torch::relu(first_norm_(first_(sound.unsqueeze(1))));
    x = attention_->forward(torch::max_pool2d(x, 2));
    x = torch::relu(second_(x)).mean(2).transpose(1, 2);
    return Project(std::get<0>(lstm_(x.contiguous())).mean(1));
  }

 private:
  nn::Conv2d first_{nullptr}, second_{nullptr};
  BatchNorm first_norm_{nullptr};
  std::shared_ptr<ChannelAttention> attention_;
  nn::LSTM lstm_{nullptr};
};

class ClipModule::Join : public nn::Module {
 public:
  Join(const ClipShape& shape, double dropout)
      : attention_(shape.fusion == ClipFusion::kAttention), dropout_(dropout) {
    constexpr int kBoth = 2 * ClipShape::kProjection, kHidden = ClipShape::kHidden;
    if (attention_) {
      gate_ = register_module("gate", nn::Linear(kBoth, kHidden));
      weights_ = register_module("weights", nn::Linear(kHidden, 2));
      hidden_ = register_module("hidden", nn::Linear(ClipShape::kProjection, kHidden));
    } else {
      hidden_ = register_module("hidden", nn::Linear(kBoth, kHidden));
      norm_ = register_module("norm", BatchNorm(kHidden));
    }
    head_ = register_module("head", nn::Linear(kHidden, shape.classes));
  }

  // Of both projections, zeros where a side is not `there` [batch, 2].
  torch::Tensor forward(const torch::Tensor& image, const torch::Tensor& sound,
                        const torch::Tensor& there, torch::Tensor& weights) {
    torch::Tensor both = torch::cat({image, sound}, 1), inner;
    if (attention_) {
      weights = torch::softmax(
          weights_(torch::relu(gate_(both))).masked_fill(there.logical_not(), -INFINITY), 1);
      inner = hidden_(weights.slice(1, 0, 1) * image + weights.slice(1, 1, 2) * sound);
    } else {
      inner = norm_(hidden_(both));
    }
    return head_(torch::dropout(torch::relu(inner), dropout_, is_training()));
  }

 private:
  bool attention_;
  double dropout_;
  nn::Linear gate_{nullptr}, weights_{nullptr}, hidden_{nullptr}, head_{nullptr};
  BatchNorm norm_{nullptr};
};

ClipModule::ClipModule(const ClipShape& shape, double dropout) : shape_(shape) {
  shape.Validate();
  if (shape.image) image_ = register_module("image", std::make_shared<ImageBranch>(shape));
  if (shape.sound) sound_ = register_module("sound", std::make_shared<SoundBranch>(shape));
  if (shape.fused() && shape.fusion != ClipFusion::kMean)
    fusion_ = register_module("fusion", std::make_shared<Join>(shape, dropout));
}

ClipModule::Output ClipModule::Forward(const torch::Tensor& pictures, const torch::Tensor& seen,
                                       const torch::Tensor& sound, const torch::Tensor& heard,
                                       std::int64_t batch) {
  Output output;
  const torch::TensorOptions on =
      torch::TensorOptions().device(shape_.image ? seen.device() : heard.device());
  torch::Tensor image_part = torch::zeros({batch, ClipShape::kProjection}, on),
                sound_part = image_part;
  torch::Tensor there = torch::zeros({batch, 2}, on.dtype(torch::kBool));
  if (shape_.image && seen.size(0) > 0) {
    const torch::Tensor projected = image_->forward(pictures);
    output.image = image_->Classes(projected);
    image_part = image_part.index_copy(0, seen, projected);
    there.select(1, 0).index_fill_(0, seen, true);
  }
  if (shape_.sound && heard.size(0) > 0) {
    const torch::Tensor projected = sound_->forward(sound);
    output.sound = sound_->Classes(projected);
    sound_part = sound_part.index_copy(0, heard, projected);
    there.select(1, 1).index_fill_(0, heard, true);
  }
  if (!shape_.fused()) {
    output.logits = shape_.image ? output.image : output.sound;
    output.weights = there.to(torch::kFloat);
  } else if (fusion_ != nullptr) {
    output.logits = fusion_->forward(image_part, sound_part, there, output.weights);
  } else {
    output.weights = there.to(torch::kFloat);
    output.weights = output.weights / output.weights.sum(1, true);
    torch::Tensor mean = torch::zeros({batch, shape_.classes}, on);
    const auto add = [&](const torch::Tensor& logits, const torch::Tensor& numbers, int side) {
      if (!logits.defined()) return;
      const torch::Tensor weight =
          output.weights.select(1, side).index_select(0, numbers).unsqueeze(1);
      mean = mean.index_add(0, numbers, weight * torch::softmax(logits, 1));
    };
    add(output.image, seen, 0);
    add(output.sound, heard, 1);
    constexpr double kLeast = 1e-12;  // whose logarithm can be taken
    output.logits = torch::log(mean.clamp_min(kLeast));
  }
  return output;
}

namespace {

// Clips side by side, in memory.
struct Batch {
  torch::Tensor pictures, seen, sound, heard, classes;
};

Batch MakeBatch(std::vector<ClipExample>& examples, const ClipShape& shape, int frames) {
  const std::int64_t rows = 3 * shape.side;
  std::vector<std::int64_t> seen, heard, classes;
  std::size_t longest = 0;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const ClipExample& example = examples[i];
    if (shape.image && !example.pictures.empty()) seen.push_back(Signed(i));
    if (shape.sound && example.sound.cols > 0) heard.push_back(Signed(i));
    longest = std::max(longest, example.sound.cols);
    classes.push_back(example.class_number);
  }
  const auto bands = static_cast<std::size_t>(shape.bands);
  Batch batch;
  batch.pictures = torch::empty({Signed(seen.size()), frames, rows, shape.side});
  const auto each = static_cast<std::size_t>(frames * rows * shape.side);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const ClipExample& example = examples[static_cast<std::size_t>(seen[i])];
    VPR_CHECK(example.pictures.size() == each);
    std::copy(example.pictures.begin(), example.pictures.end(),
              batch.pictures.data_ptr<float>() + i * each);
  }
  batch.sound = torch::empty({Signed(heard.size()), Signed(bands), Signed(longest)});
  for (std::size_t i = 0; i < heard.size(); ++i) {
    const Matrix& sound = examples[static_cast<std::size_t>(heard[i])].sound;
    VPR_CHECK(sound.rows == bands);
    float* out = batch.sound.data_ptr<float>() + i * bands * longest;
    for (std::size_t r = 0; r < bands; ++r)
      for (std::size_t t = 0; t < longest; ++t)  // shorter ones are repeated
        out[r * longest + t] = sound(r, t % sound.cols);
  }
  batch.seen = torch::tensor(seen, torch::kLong);
  batch.heard = torch::tensor(heard, torch::kLong);
  batch.classes = torch::tensor(classes, torch::kLong);
  return batch;
}

std::vector<Tensor> InOrder(std::vector<Tensor> tensors, const ClipShape& shape) {
  std::map<std::string, Tensor*> by_name;
  for (Tensor& tensor : tensors) by_name[tensor.name] = &tensor;
  std::vector<Tensor> ordered;
  for (const Tensor& expected : ClipTensorShapes(shape)) {
    const auto found = by_name.find(expected.name);
    VPR_CHECK(found != by_name.end() && found->second->shape == expected.shape);
    ordered.push_back(std::move(*found->second));
  }
  VPR_CHECK(ordered.size() == tensors.size());
  return ordered;
}

class ClipTrainer {
 public:
  explicit ClipTrainer(const ClipTask& task)
      : task_(task), config_(task.training), device_(ParseDevice(config_.device)) {
    if (task.examples == 0 || !task.make || task.frames < 1)
      throw Error(ErrorCode::kInvalidArgument, "there are no clips to learn from");
    SetThreads(config_.threads);
    KeepFreedMemory();
    torch::manual_seed(Rng(config_.seed, kInitStream).Next() >> 1);
    network_ = std::make_shared<ClipModule>(task.shape, config_.dropout);
    if (!task.initial.empty()) StartFrom(task.initial);
    if (task.resume.epoch > 0) ImportTensors(task.resume.network, *network_);
    network_->to(device_);
    optimizer_ = std::make_unique<torch::optim::AdamW>(
        network_->parameters(),
        torch::optim::AdamWOptions(config_.lr).weight_decay(config_.weight_decay));
    if (task.resume.epoch > 0) RestoreMemory(task.resume.optimizer);
  }

  std::vector<Tensor> Run(Progress& progress, const StopRequested& stop) {
    const std::size_t batches =
        std::max<std::size_t>(task_.examples / static_cast<std::size_t>(config_.batch_size), 1);
    const auto epochs = static_cast<std::size_t>(config_.epochs);
    step_ = task_.resume.step;
    progress.Start("training", "batch", epochs * batches,
                   static_cast<std::size_t>(task_.resume.epoch) * batches);
    for (std::size_t epoch = static_cast<std::size_t>(task_.resume.epoch) + 1; epoch <= epochs;
         ++epoch) {
      network_->train();
      std::vector<std::size_t> order(task_.examples);
      std::iota(order.begin(), order.end(), 0);
      Rng(config_.seed, kOrderStream, epoch).Shuffle(order);
      double sum = 0;
      // Batches of about the same size: batch normalisation cannot do with a single clip.
      for (std::size_t b = 0; b < batches; ++b) {
        if (stop && stop())
          throw Error(ErrorCode::kInterrupted,
                      Format("stopped at epoch %zu of %zu", epoch, epochs));
        const double done =
            static_cast<double>((epoch - 1) * batches + b) / static_cast<double>(epochs * batches);
        const double lr = config_.lr * (0.01 + 0.99 * 0.5 * (1 + std::cos(M_PI * done)));
        for (auto& group : optimizer_->param_groups()) group.options().set_lr(lr);
        const double loss =
            Step(static_cast<int>(epoch),
                 {order.begin() + static_cast<std::ptrdiff_t>(b * order.size() / batches),
                  order.begin() + static_cast<std::ptrdiff_t>((b + 1) * order.size() / batches)});
        sum += loss;
        ++step_;
        if (task_.on_step) task_.on_step(step_, loss, lr);
        progress.Update((epoch - 1) * batches + b + 1,
                        Format("loss %.3f", sum / static_cast<double>(b + 1)));
      }
      const double loss = sum / static_cast<double>(batches);
      if (!std::isfinite(loss))
        throw Error(ErrorCode::kUnusable,
                    Format("the loss is not a number any more at epoch %zu", epoch));
      network_->eval();
      if (task_.on_epoch) task_.on_epoch(State(static_cast<int>(epoch)), loss);
    }
    progress.Finish();
    network_->eval();
    return InOrder(ExportTensors(*network_), task_.shape);
  }

 private:
  void StartFrom(const std::vector<Tensor>& initial) {
    std::vector<Tensor> all = ExportTensors(*network_);
    std::map<std::string, const Tensor*> given;
    for (const Tensor& tensor : initial) given[tensor.name] = &tensor;
    for (Tensor& tensor : all) {
      const auto found = given.find(tensor.name);
      if (found == given.end()) continue;
      if (found->second->shape != tensor.shape)
        throw Error(ErrorCode::kIncompatible,
                    "tensor '" + tensor.name + "' to start from has another shape");
      tensor.data = found->second->data;
    }
    ImportTensors(all, *network_);
  }

  double Step(int epoch, const std::vector<std::size_t>& numbers) {
    std::vector<ClipExample> examples(numbers.size());
    ParallelFor(numbers.size(), config_.threads > 0 ? config_.threads : HardwareThreads(),
                [&](std::size_t i) { examples[i] = task_.make(epoch, numbers[i]); });
    const Batch batch = MakeBatch(examples, task_.shape, task_.frames);
    torch::manual_seed(
        Rng(config_.seed, kStepStream, static_cast<std::uint64_t>(epoch), numbers[0]).Next() >> 1);
    optimizer_->zero_grad();
    const torch::Tensor seen = batch.seen.to(device_), heard = batch.heard.to(device_),
                        classes = batch.classes.to(device_);
    const ClipModule::Output output = network_->Forward(
        batch.pictures.to(device_), seen, batch.sound.to(device_), heard, Signed(examples.size()));
    namespace F = torch::nn::functional;
    const auto cross_entropy = [&](const torch::Tensor& logits, const torch::Tensor& truth) {
      return F::cross_entropy(
          logits, truth, F::CrossEntropyFuncOptions().label_smoothing(config_.label_smoothing));
    };
    torch::Tensor loss;
    if (!task_.shape.fused()) {
      loss =
          cross_entropy(output.logits, classes.index_select(0, task_.shape.image ? seen : heard));
    } else {
      loss = cross_entropy(output.logits, classes);
      if (output.image.defined())
        loss = loss +
               config_.branch_weight * cross_entropy(output.image, classes.index_select(0, seen));
      if (output.sound.defined())
        loss = loss +
               config_.branch_weight * cross_entropy(output.sound, classes.index_select(0, heard));
    }
    loss.backward();
    torch::nn::utils::clip_grad_norm_(network_->parameters(), config_.clip_norm);
    optimizer_->step();
    return loss.item<double>();
  }

  ClipState State(int epoch) const {
    ClipState state;
    state.epoch = epoch;
    state.step = step_;
    state.network = InOrder(ExportTensors(*network_), task_.shape);
    const std::vector<std::string> names = network_->named_parameters().keys();
    VisitMemory(
        *optimizer_, [](std::size_t) { return false; },
        [&](std::size_t i, const torch::Tensor&, const Memory& memory) {
          for (const auto& [what, value] : memory.tensors) {
            const torch::Tensor flat =
                value->to(torch::kCPU).contiguous(torch::MemoryFormat::Contiguous);
            state.optimizer.push_back(
                {names[i] + "." + what,
                 value->sizes().vec(),
                 {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()}});
          }
          state.optimizer.push_back({names[i] + ".step", {1}, {static_cast<float>(*memory.step)}});
        });
    return state;
  }

  void RestoreMemory(const std::vector<Tensor>& tensors) {
    std::map<std::string, const Tensor*> stored;
    for (const Tensor& tensor : tensors) stored[tensor.name] = &tensor;
    const std::vector<std::string> names = network_->named_parameters().keys();
    std::size_t taken = 0;
    const auto take = [&](const std::string& name, const std::vector<std::int64_t>& shape) {
      const auto found = stored.find(name);
      if (found == stored.end() || found->second->shape != shape)
        throw Error(ErrorCode::kIncompatible,
                    "tensor '" + name + "' of the optimizer is missing or has another shape");
      ++taken;
      return found->second->data;
    };
    VisitMemory(
        *optimizer_, [&](std::size_t i) { return stored.count(names[i] + ".step") > 0; },
        [&](std::size_t i, const torch::Tensor& parameter, const Memory& memory) {
          for (const auto& [what, value] : memory.tensors) {
            std::vector<float> data = take(names[i] + "." + what, parameter.sizes().vec());
            *value = torch::empty_like(parameter.detach());
            value->copy_(torch::from_blob(data.data(), parameter.sizes(), torch::kFloat));
          }
          *memory.step = static_cast<std::int64_t>(take(names[i] + ".step", {1})[0]);
        });
    if (taken != tensors.size())
      throw Error(ErrorCode::kIncompatible,
                  "the optimizer's tensors are not those of the network to train");
  }

  const ClipTask& task_;
  const ClipTraining& config_;
  torch::Device device_;
  std::shared_ptr<ClipModule> network_;
  std::unique_ptr<torch::optim::AdamW> optimizer_;
  std::int64_t step_ = 0;
};

std::vector<double> Probabilities(const torch::Tensor& logits) {
  if (!logits.defined()) return {};
  const torch::Tensor values = torch::softmax(logits.flatten().to(torch::kDouble), 0).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

}  // namespace

std::vector<Tensor> TrainClipsWithTorch(const ClipTask& task, Progress& progress,
                                        const StopRequested& stop) try {
  return ClipTrainer(task).Run(progress, stop);
} catch (const c10::Error& error) {
  throw Error(ErrorCode::kInternal, "LibTorch: " + OneLine(error));
}

ClipAnswer ForwardClipWithTorch(const ClipShape& shape, const std::vector<Tensor>& tensors,
                                const ClipExample& example, int frames) try {
  torch::InferenceMode guard;
  ClipModule network(shape, 0);
  ImportTensors(tensors, network);
  network.eval();
  std::vector<ClipExample> examples = {example};
  const Batch batch = MakeBatch(examples, shape, frames);
  const ClipModule::Output output =
      network.Forward(batch.pictures, batch.seen, batch.sound, batch.heard, 1);
  ClipAnswer answer;
  answer.probabilities = Probabilities(output.logits);
  answer.image = Probabilities(output.image);
  answer.sound = Probabilities(output.sound);
  if (output.weights.defined()) {
    answer.image_weight = output.weights[0][0].item<double>();
    answer.sound_weight = output.weights[0][1].item<double>();
  }
  return answer;
} catch (const c10::Error& error) {
  throw Error(ErrorCode::kInternal, "LibTorch: " + OneLine(error));
}

}  // namespace vpr
