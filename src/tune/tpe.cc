#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "vpr/base/error.h"
#include "vpr/base/rng.h"
#include "vpr/tune/study.h"

namespace vpr {
namespace {

enum Stream : std::uint64_t { kTrialStream = 91 };

constexpr std::size_t kStartTrials = 10, kMostGood = 25, kCandidates = 24, kPruneTrials = 5;
constexpr std::size_t kFullWeight = 25;  // so many of the latest observations

double NormalCdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

// Numbers of the trials, the best first.
std::vector<std::size_t> Ranked(const Study& study) {
  std::vector<std::size_t> order(study.trials.size());
  std::iota(order.begin(), order.end(), 0);
  const auto cost = [&](const StudyTrial& trial) {
    const double value = study.maximize ? -trial.value : trial.value;
    return std::isnan(value) ? std::numeric_limits<double>::infinity() : value;
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const StudyTrial &one = study.trials[a], &two = study.trials[b];
    if (one.pruned != two.pruned) return two.pruned;
    if (one.pruned) {
      const int last = one.reported.empty() ? -1 : one.reported.rbegin()->first;
      const int other = two.reported.empty() ? -1 : two.reported.rbegin()->first;
      if (last != other) return last > other;
    }
    return cost(one) < cost(two);
  });
  return order;
}

}  // namespace

const StudyTrial* Study::best() const {
  const StudyTrial* best = nullptr;
  for (const StudyTrial& trial : trials) {
    if (trial.pruned || std::isnan(trial.value)) continue;
    if (best == nullptr || (maximize ? trial.value > best->value : trial.value < best->value))
      best = &trial;
  }
  return best;
}

ParzenEstimator::ParzenEstimator(const std::vector<double>& observations, double low, double high)
    : low_(low), high_(high), centers_(observations) {
  const std::size_t count = observations.size();
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return observations[a] < observations[b]; });
  const double narrowest = (high - low) / std::min(100.0, 2.0 + static_cast<double>(count));
  widths_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double here = observations[order[i]];
    const double below = here - (i > 0 ? observations[order[i - 1]] : low);
    const double above = (i + 1 < count ? observations[order[i + 1]] : high) - here;
    double width = std::max(below, above);
    // With two observations or more the ends of the range are no neighbours.
    if (count > 1 && i == 0) width = above;
    if (count > 1 && i + 1 == count) width = below;
    widths_[order[i]] = std::clamp(width, narrowest, high - low);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t old = count >= kFullWeight ? count - kFullWeight : 0;
    const double least = 1 / static_cast<double>(count);
    const double weight =
        i >= old  ? 1
        : old > 1 ? least + (1 - least) * static_cast<double>(i) / static_cast<double>(old - 1)
                  : least;
    weights_.push_back(weight);
  }
  centers_.push_back((low + high) / 2);
  widths_.push_back(high - low);
  weights_.push_back(1);
  const double sum = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  for (double& weight : weights_) weight /= sum;
}

double ParzenEstimator::LogDensity(double x) const {
  if (x < low_ || x > high_) return -std::numeric_limits<double>::infinity();
  double density = 0;
  for (std::size_t i = 0; i < centers_.size(); ++i) {
    const double mass = NormalCdf((high_ - centers_[i]) / widths_[i]) -
                        NormalCdf((low_ - centers_[i]) / widths_[i]);
    const double z = (x - centers_[i]) / widths_[i];
    density += weights_[i] * std::exp(-z * z / 2) / (std::sqrt(2 * M_PI) * widths_[i] * mass);
  }
  return std::log(density);
}

double ParzenEstimator::Sample(const std::function<double()>& uniform) const {
  double at = uniform();
  std::size_t i = 0;
  while (i + 1 < weights_.size() && at >= weights_[i]) at -= weights_[i++];
  for (;;) {  // at least one draw in three is inside: centers are, and widths at most the range
    const double normal = std::sqrt(-2 * std::log(1 - uniform())) * std::cos(2 * M_PI * uniform());
    const double x = centers_[i] + widths_[i] * normal;
    if (x >= low_ && x <= high_) return x;
  }
}

std::vector<double> SuggestSettings(const Study& study) {
  Rng rng(study.seed, kTrialStream, study.trials.size());
  const auto uniform = [&] { return rng.Uniform(); };
  const std::size_t count = study.trials.size();
  const std::size_t good = std::min((count + 9) / 10, kMostGood);
  std::vector<bool> is_good(count);
  const std::vector<std::size_t> ranked = Ranked(study);
  for (std::size_t i = 0; i < good; ++i) is_good[ranked[i]] = true;
  std::vector<double> settings;
  for (std::size_t p = 0; p < study.parameters.size(); ++p) {
    const TuneParameter& parameter = study.parameters[p];
    const auto scaled = [&](double x) { return parameter.log ? std::log(x) : x; };
    const double low = scaled(parameter.low), high = scaled(parameter.high);
    double chosen = low;
    if (count < kStartTrials || !(high > low)) {
      chosen = rng.Uniform(low, high);
    } else {
      std::vector<double> better, worse;
      for (std::size_t i = 0; i < count; ++i)
        (is_good[i] ? better : worse).push_back(scaled(study.trials[i].settings[p]));
      const ParzenEstimator likely(better, low, high), unlikely(worse, low, high);
      double best = -std::numeric_limits<double>::infinity();
      for (std::size_t c = 0; c < kCandidates; ++c) {
        const double x = likely.Sample(uniform);
        const double gain = likely.LogDensity(x) - unlikely.LogDensity(x);
        if (gain > best || c == 0) {
          best = gain;
          chosen = x;
        }
      }
    }
    settings.push_back(
        std::clamp(parameter.log ? std::exp(chosen) : chosen, parameter.low, parameter.high));
  }
  return settings;
}

bool ShouldPrune(const Study& study, const StudyTrial& trial) {
  if (trial.reported.empty()) return false;
  const int step = trial.reported.rbegin()->first;
  const double sign = study.maximize ? 1 : -1;
  std::vector<double> others;
  std::size_t completed = 0;
  for (const StudyTrial& other : study.trials) {
    if (other.pruned) continue;
    ++completed;
    const auto found = other.reported.find(step);
    if (found != other.reported.end() && !std::isnan(found->second))
      others.push_back(sign * found->second);
  }
  if (completed < kPruneTrials || others.empty()) return false;
  std::sort(others.begin(), others.end());
  const double median = (others[(others.size() - 1) / 2] + others[others.size() / 2]) / 2;
  double best = -std::numeric_limits<double>::infinity();
  bool any = false;
  for (const auto& [at, value] : trial.reported) {
    if (std::isnan(value)) continue;
    any = true;
    best = std::max(best, sign * value);
  }
  return !any || best < median;
}

}  // namespace vpr
