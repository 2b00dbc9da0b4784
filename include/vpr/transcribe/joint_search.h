// One-pass joint decoding of CTC and an attention decoder (Watanabe et al., "Hybrid CTC/attention
// architecture for end-to-end speech recognition", IEEE JSTSP 2017).
#pragma once

#include <span>
#include <vector>

#include "vpr/base/matrix.h"

namespace vpr {

// A decoder that says what comes next. For one thread.
class LabelScorer {
 public:
  virtual ~LabelScorer() = default;
  // Natural logarithms of the probabilities of every token after these labels, the end among them;
  // that of the blank is not looked at.
  virtual std::vector<float> LogProbs(std::span<const int> labels) = 0;
};

struct JointSearchOptions {
  double ctc_weight = 0.1;  // 0 to 1; the decoder has the rest
  std::size_t beam = 5;     // hypotheses kept of each length
};

struct JointHypothesis {
  std::vector<int> labels;        // without the end
  double score = 0;               // ctc_weight * ctc + (1 - ctc_weight) * attention
  double ctc = 0, attention = 0;  // logarithms of the two probabilities
};

// At most `beam` finished hypotheses, best first. A hypothesis scores what the prefix's CTC
// probability and the decoder's give, a finished one what the string's and the decoder's with the
// end give; neither grows with further labels, so the search stops as soon as nothing unfinished
// can come among the best. None is longer than there are frames. `ctc_log_probs`: [frames, tokens],
// the blank first, `end` a token of the decoder's that CTC does not use.
std::vector<JointHypothesis> JointSearch(const Matrix& ctc_log_probs, int end, LabelScorer& decoder,
                                         const JointSearchOptions& options = {});

}  // namespace vpr
