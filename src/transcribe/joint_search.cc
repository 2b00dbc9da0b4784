#include "vpr/transcribe/joint_search.h"

#include <algorithm>

#include "transcribe/log_add.h"
#include "vpr/base/error.h"
#include "vpr/transcribe/ctc.h"
#include "vpr/transcribe/tokens.h"

namespace vpr {
namespace {

struct Unfinished {
  JointHypothesis hypothesis;
  CtcPrefixScorer::State state;
};

template <typename T, typename Score>
void KeepBest(std::vector<T>& items, std::size_t most, Score score) {
  std::stable_sort(items.begin(), items.end(),
                   [&](const T& a, const T& b) { return score(a) > score(b); });
  if (items.size() > most)
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(most), items.end());
}

}  // namespace

std::vector<JointHypothesis> JointSearch(const Matrix& ctc_log_probs, int end, LabelScorer& decoder,
                                         const JointSearchOptions& options) {
  const auto tokens = static_cast<int>(ctc_log_probs.cols);
  VPR_CHECK(options.beam > 0 && options.ctc_weight >= 0 && options.ctc_weight <= 1);
  VPR_CHECK(end > TokenTable::kBlank && end < tokens);
  // A part that has no weight has no say, not even where it finds something impossible.
  auto joint = [&](double ctc, double attention) {
    return (options.ctc_weight > 0 ? options.ctc_weight * ctc : 0) +
           (options.ctc_weight < 1 ? (1 - options.ctc_weight) * attention : 0);
  };
  const auto score = [](const JointHypothesis& hypothesis) { return hypothesis.score; };
  const CtcPrefixScorer ctc(ctc_log_probs);
  std::vector<Unfinished> unfinished = {{{}, ctc.Empty()}};
  std::vector<JointHypothesis> finished;
  for (std::size_t length = 0; length <= ctc_log_probs.rows && !unfinished.empty(); ++length) {
    // What to go on with is chosen before its states, a number for each frame, are computed. The
    // decoder bounds the score: CTC can only lower it.
    struct Candidate {
      std::size_t from;
      int token;
      double attention, bound;
    };
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < unfinished.size(); ++i) {
      const auto& [hypothesis, state] = unfinished[i];
      const std::vector<float> next = decoder.LogProbs(hypothesis.labels);
      VPR_CHECK(next.size() == static_cast<std::size_t>(tokens));
      JointHypothesis whole = hypothesis;
      whole.attention += static_cast<double>(next[static_cast<std::size_t>(end)]);
      whole.ctc = state.log_complete;
      whole.score = joint(whole.ctc, whole.attention);
      if (whole.score > kLogZero) finished.push_back(std::move(whole));
      for (int token = TokenTable::kBlank + 1; token < tokens; ++token) {
        if (token == end) continue;
        const double attention =
            hypothesis.attention + static_cast<double>(next[static_cast<std::size_t>(token)]);
        candidates.push_back({i, token, attention, joint(state.log_prefix, attention)});
      }
    }
    KeepBest(finished, options.beam, score);
    if (length == ctc_log_probs.rows) break;
    const double needed = finished.size() == options.beam ? finished.back().score : kLogZero;
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.bound > b.bound; });
    std::vector<Unfinished> longer;
    for (const Candidate& candidate : candidates) {
      const double worst =
          longer.size() == options.beam ? longer.back().hypothesis.score : kLogZero;
      if (!(candidate.bound > std::max(needed, worst))) break;  // nor any after it
      const Unfinished& from = unfinished[candidate.from];
      Unfinished extended{from.hypothesis, ctc.Extend(from.state, candidate.token)};
      extended.hypothesis.labels.push_back(candidate.token);
      extended.hypothesis.attention = candidate.attention;
      extended.hypothesis.ctc = extended.state.log_prefix;
      extended.hypothesis.score = joint(extended.state.log_prefix, candidate.attention);
      if (!(extended.hypothesis.score > needed)) continue;
      longer.push_back(std::move(extended));
      KeepBest(longer, options.beam, [](const Unfinished& item) { return item.hypothesis.score; });
    }
    unfinished = std::move(longer);
  }
  return finished;
}

}  // namespace vpr
