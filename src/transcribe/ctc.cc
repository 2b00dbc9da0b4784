#include "vpr/transcribe/ctc.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "transcribe/log_add.h"
#include "vpr/base/error.h"
#include "vpr/transcribe/tokens.h"

namespace vpr {
namespace {

constexpr int kBlank = TokenTable::kBlank;

double At(const Matrix& log_probs, std::size_t frame, int token) {
  return static_cast<double>(log_probs(frame, static_cast<std::size_t>(token)));
}

void RequireLabel(const Matrix& log_probs, int token) {
  VPR_CHECK(token > kBlank && static_cast<std::size_t>(token) < log_probs.cols);
}

}  // namespace

double CtcLogProbability(const Matrix& log_probs, std::span<const int> labels) {
  // States: a blank before each label and after the last.
  const std::size_t states = 2 * labels.size() + 1;
  std::vector<int> tokens(states, kBlank);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    RequireLabel(log_probs, labels[i]);
    tokens[2 * i + 1] = labels[i];
  }
  std::vector<double> alpha(states, kLogZero), next(states);
  alpha[0] = 0;  // before the first frame: nothing said
  for (std::size_t t = 0; t < log_probs.rows; ++t) {
    for (std::size_t s = 0; s < states; ++s) {
      double sum = alpha[s];
      // Before the first frame the only place is in front of everything; from there to the first
      // blank and the first label.
      if (t == 0) {
        sum = s <= 1 ? 0 : kLogZero;
      } else {
        if (s >= 1) sum = LogAdd(sum, alpha[s - 1]);
        if (s >= 2 && tokens[s] != kBlank && tokens[s] != tokens[s - 2])
          sum = LogAdd(sum, alpha[s - 2]);
      }
      next[s] = sum + At(log_probs, t, tokens[s]);
    }
    std::swap(alpha, next);
  }
  return states == 1 ? alpha[0] : LogAdd(alpha[states - 1], alpha[states - 2]);
}

std::vector<int> CtcBestPath(const Matrix& log_probs) {
  std::vector<int> labels;
  int last = kBlank;
  for (std::size_t t = 0; t < log_probs.rows; ++t) {
    const float* row = log_probs.row(t);
    const int best = static_cast<int>(std::max_element(row, row + log_probs.cols) - row);
    if (best != last && best != kBlank) labels.push_back(best);
    last = best;
  }
  return labels;
}

std::vector<CtcHypothesis> CtcPrefixSearch(const Matrix& log_probs, std::size_t beam,
                                           std::span<const int> usable) {
  VPR_CHECK(beam > 0);
  std::vector<int> tokens(usable.begin(), usable.end());
  if (tokens.empty())
    for (std::size_t token = 1; token < log_probs.cols; ++token)
      tokens.push_back(static_cast<int>(token));
  for (int token : tokens) RequireLabel(log_probs, token);

  struct Ending {  // of paths that stand for a prefix
    double blank = kLogZero, label = kLogZero;
    double total() const { return LogAdd(blank, label); }
  };
  std::vector<std::pair<std::vector<int>, Ending>> prefixes = {{{}, {0, kLogZero}}};
  for (std::size_t t = 0; t < log_probs.rows; ++t) {
    std::map<std::vector<int>, Ending> next;
    for (const auto& [prefix, ending] : prefixes) {
      const double total = ending.total();
      Ending& same = next[prefix];
      same.blank = LogAdd(same.blank, total + At(log_probs, t, kBlank));
      if (!prefix.empty())
        same.label = LogAdd(same.label, ending.label + At(log_probs, t, prefix.back()));
      std::vector<int> longer = prefix;
      longer.push_back(kBlank);
      for (int token : tokens) {
        longer.back() = token;
        // The same label again is a new one only after a blank.
        const double before = !prefix.empty() && prefix.back() == token ? ending.blank : total;
        const double score = before + At(log_probs, t, token);
        if (score == kLogZero) continue;
        Ending& extended = next[longer];
        extended.label = LogAdd(extended.label, score);
      }
    }
    prefixes.assign(next.begin(), next.end());
    const auto better = [](const auto& a, const auto& b) {
      return a.second.total() > b.second.total();
    };
    if (prefixes.size() > beam) {
      std::nth_element(prefixes.begin(), prefixes.begin() + static_cast<std::ptrdiff_t>(beam) - 1,
                       prefixes.end(), better);
      prefixes.resize(beam);
    }
  }
  std::vector<CtcHypothesis> hypotheses;
  for (auto& [prefix, ending] : prefixes)
    if (ending.total() > kLogZero) hypotheses.push_back({std::move(prefix), ending.total()});
  std::stable_sort(hypotheses.begin(), hypotheses.end(),
                   [](const CtcHypothesis& a, const CtcHypothesis& b) {
                     return a.log_probability > b.log_probability;
                   });
  return hypotheses;
}

CtcPrefixScorer::State CtcPrefixScorer::Empty() const {
  State state;
  double blanks = 0;
  for (std::size_t t = 0; t < log_probs_.rows; ++t) {
    blanks += At(log_probs_, t, kBlank);
    state.blank.push_back(blanks);
  }
  state.label.assign(log_probs_.rows, kLogZero);
  state.log_complete = blanks;
  return state;
}

CtcPrefixScorer::State CtcPrefixScorer::Extend(const State& state, int token) const {
  RequireLabel(log_probs_, token);
  const std::size_t frames = log_probs_.rows;
  State next;
  next.last = token;
  next.label.assign(frames, kLogZero);
  next.blank.assign(frames, kLogZero);
  next.log_prefix = next.log_complete = kLogZero;
  for (std::size_t t = 0; t < frames; ++t) {
    // Paths up to the frame before that stand for the shorter prefix, and after which the token is
    // a new label.
    double before = kLogZero;
    if (t == 0) {
      before = state.last < 0 ? 0 : kLogZero;
    } else {
      before = state.blank[t - 1];
      if (state.last != token) before = LogAdd(before, state.label[t - 1]);
    }
    const double said = At(log_probs_, t, token);
    next.log_prefix = LogAdd(next.log_prefix, before + said);
    const double again = t == 0 ? kLogZero : next.label[t - 1];
    next.label[t] = LogAdd(again, before) + said;
    if (t > 0)
      next.blank[t] = LogAdd(next.label[t - 1], next.blank[t - 1]) + At(log_probs_, t, kBlank);
  }
  if (frames > 0) next.log_complete = LogAdd(next.label.back(), next.blank.back());
  return next;
}

}  // namespace vpr
