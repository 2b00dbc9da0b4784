#include "vpr/eval/conditional_fit.h"

#include <algorithm>
#include <map>
#include <set>

#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/eval/metrics.h"
#include "vpr/eval/thresholds.h"

namespace vpr {
namespace {

struct Scores {
  std::size_t corpus = 0;
  std::vector<ScoredTrial> trials;
};

double Score(const ConditionalScore& score, const ConditionalTrial& trial) {
  return (score.Scale(trial.a) + score.Scale(trial.b)) * trial.cosine + score.Offset(trial.a) +
         score.Offset(trial.b);
}

Scores ScoreCell(const ConditionalScore& score, const TrialCell& cell) {
  Scores scores{cell.corpus, {}};
  scores.trials.reserve(cell.trials.size());
  for (const ConditionalTrial& trial : cell.trials)
    scores.trials.push_back({Score(score, trial), trial.target});
  return scores;
}

// Fitted to the cells of all corpora but those left out.
ConditionalScore Fit(const std::vector<TrialCell>& cells, const std::set<std::size_t>& left_out) {
  std::vector<ConditionalTrial> trials;
  std::size_t group = 0;
  std::map<std::size_t, std::size_t> cells_of;  // corpora
  for (const TrialCell& cell : cells) {
    if (!left_out.contains(cell.corpus)) ++cells_of[cell.corpus];
  }
  std::vector<double> weights;
  for (const TrialCell& cell : cells) {
    if (left_out.contains(cell.corpus)) continue;
    for (ConditionalTrial trial : cell.trials) {
      trial.group = group;
      trials.push_back(trial);
    }
    weights.push_back(1 / static_cast<double>(cells_of[cell.corpus]));
    ++group;
  }
  ConditionalScore score;
  FitConditionalScore(trials, score, weights);
  return score;
}

// Bins in which corpora count alike, and within one its cells.
std::vector<ScoreBin> Balanced(const std::vector<Scores>& cells) {
  // For each corpus: how many of its cells have targets, and nontargets.
  std::map<std::size_t, std::pair<double, double>> with;
  std::vector<std::pair<double, double>> counts;
  for (const Scores& cell : cells) {
    auto& [targets, nontargets] = counts.emplace_back();
    for (const ScoredTrial& trial : cell.trials) ++(trial.target ? targets : nontargets);
    with[cell.corpus].first += targets > 0 ? 1 : 0;
    with[cell.corpus].second += nontargets > 0 ? 1 : 0;
  }
  std::vector<ScoreBin> bins;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    const auto [with_targets, with_nontargets] = with[cells[c].corpus];
    for (const ScoredTrial& trial : cells[c].trials)
      bins.push_back({trial.score, trial.target ? 1 / counts[c].first / with_targets : 0,
                      trial.target ? 0 : 1 / counts[c].second / with_nontargets});
  }
  std::sort(bins.begin(), bins.end(),
            [](const ScoreBin& a, const ScoreBin& b) { return a.score < b.score; });
  std::vector<ScoreBin> merged;
  for (const ScoreBin& bin : bins) {
    if (merged.empty() || merged.back().score != bin.score) {
      merged.push_back(bin);
    } else {
      merged.back().targets += bin.targets;
      merged.back().nontargets += bin.nontargets;
    }
  }
  return merged;
}

struct Found {
  DetPoint eer{};
  std::vector<DetPoint> fmrs;  // of kWantedFmrs
};

Found FindBalanced(const std::vector<Scores>& cells) {
  const std::vector<ScoreBin> bins = Balanced(cells);
  const std::vector<DetPoint> det = ComputeDet(bins);
  Found found;
  std::map<std::size_t, std::vector<DetPoint>> of_corpus;
  std::map<std::size_t, std::vector<Scores>> by_corpus;
  for (const Scores& cell : cells) by_corpus[cell.corpus].push_back(cell);
  std::vector<Scores> first;
  for (const auto& [corpus, own] : by_corpus) first.push_back(own.front());
  std::vector<ScoreBin> usual = Balanced(first);
  const auto any = [&](double ScoreBin::*kind) {
    return std::any_of(usual.begin(), usual.end(),
                       [&](const ScoreBin& bin) { return bin.*kind > 0; });
  };
  if (!any(&ScoreBin::targets) || !any(&ScoreBin::nontargets)) usual = bins;
  found.eer = ErrorsAt(usual, ComputeEer(ComputeDet(usual)).threshold);
  for (const auto& [corpus, own] : by_corpus) {
    std::size_t targets = 0, all = 0;
    for (const Scores& cell : own) {
      all += cell.trials.size();
      for (const ScoredTrial& trial : cell.trials) targets += trial.target ? 1 : 0;
    }
    if (targets > 0 && targets < all) of_corpus[corpus] = ComputeDet(Balanced(own));
  }
  for (double wanted : kWantedFmrs) {
    double threshold = ThresholdForFmr(det, wanted);
    for (const auto& [corpus, own] : of_corpus)
      threshold = std::max(threshold, ThresholdForFmr(own, wanted));
    found.fmrs.push_back(ErrorsAt(bins, threshold));
  }
  return found;
}

// The thresholds that all corpora but those left out give.
Found FindWithout(const std::vector<TrialCell>& cells, const std::set<std::size_t>& corpora,
                  const std::set<std::size_t>& left_out) {
  std::vector<Scores> scores;
  std::vector<std::size_t> each;
  for (std::size_t corpus : corpora) {
    if (!left_out.contains(corpus)) each.push_back(corpus);
  }
  for (std::size_t corpus : each) {
    std::set<std::size_t> without = left_out;
    if (each.size() > 1) without.insert(corpus);
    const ConditionalScore score = Fit(cells, without);
    for (const TrialCell& cell : cells) {
      if (cell.corpus == corpus) scores.push_back(ScoreCell(score, cell));
    }
  }
  return FindBalanced(scores);
}

}  // namespace

ConditionalFit FitConditional(const std::vector<TrialCell>& cells, const std::string& basis) {
  if (cells.empty()) throw Error(ErrorCode::kInvalidArgument, "no trials to fit a score to");
  std::set<std::size_t> corpora;
  double nontargets = 0;
  for (const TrialCell& cell : cells) {
    corpora.insert(cell.corpus);
    for (const ConditionalTrial& trial : cell.trials) nontargets += trial.target ? 0 : 1;
  }
  ConditionalFit fit;
  fit.score = Fit(cells, {});
  const Found found = FindWithout(cells, corpora, {});
  fit.thresholds.decision = {
      found.eer.threshold, found.eer.p_fa, found.eer.p_miss,
      (cells.size() > corpora.size() ? "equal error rate of recordings as they are, over "
                                     : "equal error rate over ") +
          basis};
  for (std::size_t k = 0; k < found.fmrs.size(); ++k)
    fit.thresholds.fmr_thresholds.push_back({kWantedFmrs[k], found.fmrs[k].threshold,
                                             found.fmrs[k].p_fa, found.fmrs[k].p_miss,
                                             nontargets * kWantedFmrs[k] >= 3});
  if (corpora.size() < 3) return fit;
  const std::vector<std::size_t> each(corpora.begin(), corpora.end());
  std::vector<std::vector<LeftOutRates>> rates(each.size());
  ParallelFor(each.size(), HardwareThreads(), [&](std::size_t i) {
    const std::set<std::size_t> without = {each[i]};
    const ConditionalScore score = Fit(cells, without);
    const Found by_others = FindWithout(cells, corpora, without);
    for (const TrialCell& cell : cells) {
      if (cell.corpus != each[i]) continue;
      LeftOutRates& one = rates[i].emplace_back();
      one.corpus = cell.corpus;
      one.form = cell.form;
      for (const ConditionalTrial& trial : cell.trials)
        ++(trial.target ? one.targets : one.nontargets);
      for (const DetPoint& point : by_others.fmrs) {
        double missed = 0, matched = 0;
        for (const ConditionalTrial& trial : cell.trials) {
          const bool accepted = Score(score, trial) >= point.threshold;
          missed += trial.target && !accepted ? 1 : 0;
          matched += !trial.target && accepted ? 1 : 0;
        }
        one.fmr.push_back(matched / static_cast<double>(one.nontargets));
        one.fnmr.push_back(missed / static_cast<double>(one.targets));
      }
    }
  });
  for (std::vector<LeftOutRates>& own : rates)
    fit.left_out.insert(fit.left_out.end(), own.begin(), own.end());
  return fit;
}

}  // namespace vpr
