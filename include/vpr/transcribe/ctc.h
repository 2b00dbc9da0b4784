// Connectionist temporal classification (Graves et al., "Connectionist temporal classification:
// labelling unsegmented sequence data with recurrent neural networks", ICML 2006): what frame-wise
// probabilities say about a whole string. A path has a token for every frame; leaving out
// repetitions, then blanks (token 0), gives the string it stands for. A string's probability is the
// sum of those of its paths.
//
// `log_probs` are natural logarithms, [frames, tokens]: a row for each frame.
#pragma once

#include <span>
#include <vector>

#include "vpr/base/matrix.h"

namespace vpr {

// Logarithm of the probability of a string: the forward algorithm. Minus infinity for one that the
// frames are too few for. Labels are tokens other than the blank; kInternal for others.
double CtcLogProbability(const Matrix& log_probs, std::span<const int> labels);

// The string of the best path.
std::vector<int> CtcBestPath(const Matrix& log_probs);

struct CtcHypothesis {
  std::vector<int> labels;
  double log_probability = 0;  // of the paths that were kept
};

// The best strings, most probable first: prefix beam search (Hannun et al., "First-pass large
// vocabulary continuous speech recognition using bi-directional recurrent DNNs", arXiv 1408.2873,
// without a language model). Exact if the beam is never full. `usable` tokens only (empty: all but
// the blank).
std::vector<CtcHypothesis> CtcPrefixSearch(const Matrix& log_probs, std::size_t beam,
                                           std::span<const int> usable = {});

// The probability that a string begins with a prefix, extended label by label (Watanabe et al.,
// "Hybrid CTC/attention architecture for end-to-end speech recognition", IEEE JSTSP 2017, algorithm
// 2). Immutable; the matrix must outlive it.
class CtcPrefixScorer {
 public:
  struct State {
    double log_prefix = 0;    // of all strings that begin with the prefix
    double log_complete = 0;  // of the prefix itself
    // Of paths up to each frame that stand for the prefix, their last token a label or a blank.
    std::vector<double> label, blank;
    int last = -1;  // label; -1: the prefix is empty
  };

  explicit CtcPrefixScorer(const Matrix& log_probs) : log_probs_(log_probs) {}
  State Empty() const;
  State Extend(const State& state, int token) const;

 private:
  const Matrix& log_probs_;
};

}  // namespace vpr
