#include "torch/transcriber.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "torch/device.h"
#include "torch/losses/hybrid_ctc.h"
#include "torch/tdnn.h"
#include "torch/torch_network.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

enum Stream : std::uint64_t { kInitStream = 71, kOrderStream = 72, kMaskStream = 73 };

class TranscriberTrainer {
 public:
  explicit TranscriberTrainer(const TranscriberTask& task)
      : task_(task), config_(task.training), device_(ParseDevice(config_.device)) {
    SetThreads(config_.threads);
    KeepFreedMemory();
    torch::manual_seed(Rng(config_.seed, kInitStream).Next() >> 1);
    network_ = std::make_shared<Tdnn>(task.shape);
    if (!task.initial.empty()) ImportTensors(task.initial, *network_);
    network_->to(device_);
    optimizer_ = std::make_unique<torch::optim::AdamW>(
        network_->parameters(),
        torch::optim::AdamWOptions(config_.lr).weight_decay(config_.weight_decay));
  }

  std::vector<Tensor> Run(Progress& progress, const StopRequested& stop) {
    const auto batch_size = static_cast<std::size_t>(config_.batch_size);
    const std::size_t batches = (task_.examples + batch_size - 1) / batch_size;
    const auto epochs = static_cast<std::size_t>(config_.epochs);
    progress.Start("training", "batch", epochs * batches);
    for (std::size_t epoch = 1; epoch <= epochs; ++epoch) {
      network_->train();
      std::vector<std::size_t> order(task_.examples);
      std::iota(order.begin(), order.end(), 0);
      Rng(config_.seed, kOrderStream, epoch).Shuffle(order);
      double sum = 0;
      for (std::size_t b = 0; b < batches; ++b) {
        if (stop && stop())
          throw Error(ErrorCode::kInterrupted,
                      Format("stopped at epoch %zu of %zu", epoch, epochs));
        const double done =
            static_cast<double>((epoch - 1) * batches + b) / static_cast<double>(epochs * batches);
        // Up in the first fortieth, then down.
        constexpr double kWarmUp = 0.025;
        const double lr =
            config_.lr * (done < kWarmUp ? (done + 1e-3) / kWarmUp
                                         : 0.01 + 0.99 * 0.5 * (1 + std::cos(M_PI * done)));
        for (auto& group : optimizer_->param_groups())
          group.options().set_lr(std::min(lr, config_.lr));
        const std::size_t end = std::min((b + 1) * batch_size, order.size());
        sum += Step(static_cast<int>(epoch),
                    {order.begin() + static_cast<std::ptrdiff_t>(b * batch_size),
                     order.begin() + static_cast<std::ptrdiff_t>(end)});
        progress.Update((epoch - 1) * batches + b + 1,
                        Format("loss %.3f", sum / static_cast<double>(b + 1)));
      }
      const double loss = sum / static_cast<double>(batches);
      if (!std::isfinite(loss))
        throw Error(ErrorCode::kUnusable,
                    Format("the loss is not a number any more at epoch %zu", epoch));
      network_->eval();
      if (task_.on_epoch) task_.on_epoch(static_cast<int>(epoch), loss, ExportTensors(*network_));
    }
    progress.Finish();
    return ExportTensors(*network_);
  }

 private:
  double Step(int epoch, const std::vector<std::size_t>& numbers) {
    std::vector<TranscriberTask::Example> examples(numbers.size());
    ParallelFor(numbers.size(), config_.threads > 0 ? config_.threads : HardwareThreads(),
                [&](std::size_t i) { examples[i] = task_.make(epoch, numbers[i]); });
    std::size_t longest = 0;
    for (const TranscriberTask::Example& example : examples)
      longest = std::max(longest, example.features.cols);
    const auto bands = static_cast<std::size_t>(task_.shape.inputs);
    torch::Tensor features =
        torch::zeros({static_cast<std::int64_t>(examples.size()), static_cast<std::int64_t>(bands),
                      static_cast<std::int64_t>(longest)});
    torch::Tensor frames = torch::empty({static_cast<std::int64_t>(examples.size())}, torch::kLong);
    std::vector<std::int64_t> output_frames;
    std::vector<std::vector<int>> labels;
    for (std::size_t i = 0; i < examples.size(); ++i) {
      Matrix& matrix = examples[i].features;
      VPR_CHECK(matrix.rows == bands);
      Rng rng(config_.seed, kMaskStream, static_cast<std::uint64_t>(epoch), numbers[i]);
      Mask(matrix, rng);
      for (std::size_t r = 0; r < bands; ++r)
        std::copy_n(matrix.row(r), matrix.cols,
                    features.data_ptr<float>() + (i * bands + r) * longest);
      frames.data_ptr<std::int64_t>()[i] = static_cast<std::int64_t>(matrix.cols);
      output_frames.push_back(static_cast<std::int64_t>(TdnnFrames(matrix.cols)));
      labels.push_back(std::move(examples[i].labels));
    }
    optimizer_->zero_grad();
    torch::Tensor loss =
        CtcLoss(network_->Logits(features.to(device_), frames.to(device_)), output_frames, labels);
    loss.backward();
    torch::nn::utils::clip_grad_norm_(network_->parameters(), config_.clip_norm);
    optimizer_->step();
    return loss.item<double>();
  }

  // With the recording's mean of the band.
  void Mask(Matrix& features, Rng& rng) const {
    auto draw = [&](int widest, std::size_t extent) {
      const std::size_t width = std::min(rng.Below(static_cast<std::size_t>(widest) + 1), extent);
      const std::size_t first = rng.Below(extent - width + 1);
      return std::pair(first, first + width);
    };
    std::vector<float> means;
    for (std::size_t r = 0; r < features.rows; ++r)
      means.push_back(std::accumulate(features.row(r), features.row(r) + features.cols, 0.0f) /
                      static_cast<float>(features.cols));
    for (int mask = 0; mask < 2; ++mask) {
      const auto [low, high] = draw(config_.freq_mask, features.rows);
      for (std::size_t r = low; r < high; ++r)
        std::fill_n(features.row(r), features.cols, means[r]);
      const auto [first, last] = draw(config_.time_mask, features.cols);
      for (std::size_t r = 0; r < features.rows; ++r)
        std::fill(features.row(r) + first, features.row(r) + last, means[r]);
    }
  }

  const TranscriberTask& task_;
  const TranscriberTraining& config_;
  torch::Device device_;
  std::shared_ptr<Tdnn> network_;
  std::unique_ptr<torch::optim::AdamW> optimizer_;
};

}  // namespace

std::vector<Tensor> TrainTranscriberWithTorch(const TranscriberTask& task, Progress& progress,
                                              const StopRequested& stop) try {
  return TranscriberTrainer(task).Run(progress, stop);
} catch (const c10::Error& error) {
  throw Error(ErrorCode::kInternal, "LibTorch: " + OneLine(error));
}

}  // namespace vpr
