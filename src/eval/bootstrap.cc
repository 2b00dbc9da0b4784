#include "vpr/eval/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

constexpr std::size_t kMostBins = 8192;
constexpr std::size_t kDraws = 1000, kFewestDraws = 100;
constexpr std::size_t kTrialsOverAllDraws = 200'000 * kDraws;
constexpr std::uint64_t kBootstrapStream = 31;

// The bin of each trial, and what the bins stand for: the mean score of their trials.
struct Binning {
  std::vector<std::uint32_t> bin;
  std::vector<double> score;
};

Binning Quantize(const std::vector<ScoredTrial>& trials) {
  std::vector<std::uint32_t> order(trials.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return trials[a].score < trials[b].score; });
  Binning binning;
  binning.bin.resize(trials.size());
  const std::size_t fewest = (trials.size() + kMostBins - 1) / kMostBins;
  std::size_t begin = 0;
  while (begin < order.size()) {
    std::size_t end = std::min(begin + fewest, order.size());
    // Tied scores stay together.
    while (end < order.size() && trials[order[end]].score == trials[order[end - 1]].score) ++end;
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) {
      sum += trials[order[i]].score;
      binning.bin[order[i]] = static_cast<std::uint32_t>(binning.score.size());
    }
    binning.score.push_back(sum / static_cast<double>(end - begin));
    begin = end;
  }
  return binning;
}

// Knuth's method for small means, a rounded normal for large ones.
double Poisson(double mean, Rng& rng) {
  if (mean > 50) return std::max(0.0, std::round(mean + std::sqrt(mean) * rng.Normal()));
  const double limit = std::exp(-mean);
  double product = rng.Uniform(), count = 0;
  for (; product > limit; ++count) product *= rng.Uniform();
  return count;
}

}  // namespace

ConfidenceInterval PercentileInterval(std::vector<double> values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    return {kNone, kNone};
  }
  std::sort(values.begin(), values.end());
  auto at = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::size_t>(place);
    const std::size_t high = std::min(low + 1, values.size() - 1);
    const double t = place - static_cast<double>(low);
    return t == 0 ? values[low] : values[low] * (1 - t) + values[high] * t;
  };
  return {at(0.025), at(0.975)};
}

std::vector<ConfidenceInterval> BootstrapIntervals(const std::vector<ScoredTrial>& trials,
                                                   const std::vector<TrialSpeakers>& speakers,
                                                   const Statistics& statistics,
                                                   std::uint64_t seed) {
  VPR_CHECK(speakers.empty() || speakers.size() == trials.size());
  if (trials.empty()) throw Error(ErrorCode::kInvalidArgument, "no trials to resample");
  const Binning binning = Quantize(trials);
  std::uint32_t num_speakers = 0;
  for (const TrialSpeakers& sides : speakers)
    num_speakers = std::max({num_speakers, sides.enroll + 1, sides.test + 1});
  std::vector<ScoreBin> counted(binning.score.size());
  for (std::size_t b = 0; b < counted.size(); ++b) counted[b] = {binning.score[b], 0, 0};
  std::vector<ScoreBin> whole = counted;
  for (std::size_t i = 0; i < trials.size(); ++i)
    ++(trials[i].target ? whole[binning.bin[i]].targets : whole[binning.bin[i]].nontargets);

  auto resample = [&](Rng& rng) {
    std::vector<ScoreBin> bins = counted;
    if (speakers.empty()) {
      for (std::size_t b = 0; b < bins.size(); ++b) {
        if (whole[b].targets > 0) bins[b].targets = Poisson(whole[b].targets, rng);
        if (whole[b].nontargets > 0) bins[b].nontargets = Poisson(whole[b].nontargets, rng);
      }
      return bins;
    }
    std::vector<std::uint32_t> drawn(num_speakers);
    for (std::uint32_t i = 0; i < num_speakers; ++i) ++drawn[rng.Below(num_speakers)];
    // Whole numbers: many of them are added.
    std::vector<std::uint64_t> counts(2 * bins.size());
    for (std::size_t i = 0; i < trials.size(); ++i) {
      const TrialSpeakers& sides = speakers[i];
      const std::uint32_t weight = sides.enroll == sides.test
                                       ? drawn[sides.enroll]
                                       : drawn[sides.enroll] * drawn[sides.test];
      counts[2 * binning.bin[i] + (trials[i].target ? 1 : 0)] += weight;
    }
    for (std::size_t b = 0; b < bins.size(); ++b) {
      bins[b].nontargets = static_cast<double>(counts[2 * b]);
      bins[b].targets = static_cast<double>(counts[2 * b + 1]);
    }
    return bins;
  };

  const std::size_t draws = std::clamp(kTrialsOverAllDraws / trials.size(), kFewestDraws, kDraws);
  std::vector<std::vector<double>> results(draws);
  auto produce = [&](std::size_t draw) {
    Rng rng(seed, kBootstrapStream, draw);
    // A draw without targets or without nontargets has no error rates; few speakers may need
    // several attempts.
    for (int attempt = 0; attempt < 100; ++attempt) {
      const std::vector<ScoreBin> bins = resample(rng);
      const bool usable =
          std::any_of(bins.begin(), bins.end(), [](auto& bin) { return bin.targets > 0; }) &&
          std::any_of(bins.begin(), bins.end(), [](auto& bin) { return bin.nontargets > 0; });
      if (!usable) continue;
      results[draw] = statistics(bins);
      return;
    }
  };
  ParallelFor(draws, HardwareThreads(), produce);

  std::vector<ConfidenceInterval> intervals;
  const std::size_t num_statistics = statistics(whole).size();
  for (std::size_t k = 0; k < num_statistics; ++k) {
    std::vector<double> values;
    for (const std::vector<double>& result : results) {
      if (!result.empty()) values.push_back(result[k]);
    }
    intervals.push_back(PercentileInterval(std::move(values)));
  }
  return intervals;
}

}  // namespace vpr
