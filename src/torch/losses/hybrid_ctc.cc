#include "torch/losses/hybrid_ctc.h"

#include "vpr/base/error.h"

namespace vpr {

namespace F = torch::nn::functional;

torch::Tensor CtcLoss(const torch::Tensor& logits, const std::vector<std::int64_t>& frames,
                      const std::vector<std::vector<int>>& labels) {
  VPR_CHECK(frames.size() == labels.size() &&
            logits.size(0) == static_cast<std::int64_t>(labels.size()));
  std::vector<std::int64_t> all, lengths;
  for (const std::vector<int>& string : labels) {
    all.insert(all.end(), string.begin(), string.end());
    lengths.push_back(static_cast<std::int64_t>(string.size()));
  }
  const torch::Tensor log_probs = torch::log_softmax(logits, 1).permute({2, 0, 1});
  return F::ctc_loss(log_probs, torch::tensor(all, torch::kLong).to(logits.device()),
                     torch::tensor(frames, torch::kLong), torch::tensor(lengths, torch::kLong),
                     F::CTCLossFuncOptions().blank(0).zero_infinity(true).reduction(torch::kMean));
}

torch::Tensor DecoderLoss(const torch::Tensor& logits, const std::vector<std::vector<int>>& labels,
                          int end, double label_smoothing) {
  constexpr std::int64_t kIgnored = -100;  // LibTorch's
  torch::Tensor targets = torch::full({logits.size(0), logits.size(1)}, kIgnored, torch::kLong);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    VPR_CHECK(static_cast<std::int64_t>(labels[i].size()) < logits.size(1));
    std::int64_t* row =
        targets.data_ptr<std::int64_t>() + static_cast<std::int64_t>(i) * logits.size(1);
    for (int label : labels[i]) *row++ = label;
    *row = end;
  }
  return F::cross_entropy(logits.flatten(0, 1), targets.flatten().to(logits.device()),
                          F::CrossEntropyFuncOptions().label_smoothing(label_smoothing));
}

torch::Tensor HybridCtcLoss(const torch::Tensor& ctc_logits,
                            const std::vector<std::int64_t>& frames,
                            const torch::Tensor& decoder_logits,
                            const std::vector<std::vector<int>>& labels, int end,
                            const HybridLossOptions& options) {
  return options.ctc_weight * CtcLoss(ctc_logits, frames, labels) +
         (1 - options.ctc_weight) *
             DecoderLoss(decoder_logits, labels, end, options.label_smoothing);
}

}  // namespace vpr
