// Losses of networks that write strings.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace vpr {

// CTC, divided by each string's length (1 for an empty one), mean over the batch. `logits`
// [recordings, tokens, frames], of which frames[i] count; token 0 is the blank. A string that does
// not fit into its frames counts as 0.
torch::Tensor CtcLoss(const torch::Tensor& logits, const std::vector<std::int64_t>& frames,
                      const std::vector<std::vector<int>>& labels);

// Cross-entropy of a decoder that was given the right labels so far: `logits` [recordings, steps,
// tokens], of which a recording's first labels.size() steps should say its labels and the next one
// `end`. Mean over these steps. With label smoothing s, the target has probability 1 - s, and s is
// spread evenly over all tokens.
torch::Tensor DecoderLoss(const torch::Tensor& logits, const std::vector<std::vector<int>>& labels,
                          int end, double label_smoothing);

struct HybridLossOptions {
  double ctc_weight = 0.2;  // the decoder has the rest
  double label_smoothing = 0.01;
};

// The weighted sum of both (Watanabe et al., "Hybrid CTC/attention architecture for end-to-end
// speech recognition", IEEE JSTSP 2017).
torch::Tensor HybridCtcLoss(const torch::Tensor& ctc_logits,
                            const std::vector<std::int64_t>& frames,
                            const torch::Tensor& decoder_logits,
                            const std::vector<std::vector<int>>& labels, int end,
                            const HybridLossOptions& options = {});

}  // namespace vpr
