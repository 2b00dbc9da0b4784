#include "vpr/identify/strangers.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace vpr {
namespace {

constexpr std::size_t kFewestPeople = 3;
constexpr double kMostDeviations = 3;

// The mean of the two in the middle of an even number.
double Median(std::vector<double> values) {
  const auto middle = static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), values.begin() + middle, values.end());
  const double upper = values[static_cast<std::size_t>(middle)];
  if (values.size() % 2 == 1) return upper;
  return (upper + *std::max_element(values.begin(), values.begin() + middle)) / 2;
}

}  // namespace

StrangerShift FindStrangerShift(const Gallery& gallery, const Scorer& scorer) {
  StrangerShift found;
  if (!scorer.is_conditional() || gallery.size() < kFewestPeople) return found;
  const ConditionalScore& score = scorer.conditional();
  found.people = std::min(gallery.size(), StrangerShift::kMostPeople);
  found.expected = score.stranger_mean;
  std::vector<std::size_t> people;
  for (std::size_t i = 0; i < found.people; ++i)
    people.push_back(i * gallery.size() / found.people);
  std::vector<std::vector<double>> scores(found.people);
  for (std::size_t i = 0; i < found.people; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double value = scorer.Value(gallery.values(people[i]), gallery.terms(people[i]),
                                        gallery.values(people[j]), gallery.terms(people[j]));
      scores[i].push_back(value);
      scores[j].push_back(value);
    }
  }
  std::vector<double> medians;
  double sum = 0, squares = 0;
  for (std::vector<double>& own : scores) {
    medians.push_back(Median(std::move(own)));
    sum += medians.back();
    squares += medians.back() * medians.back();
  }
  const auto count = static_cast<double>(found.people);
  found.usual = Median(medians);
  const double variance = std::max(0.0, squares / count - sum / count * sum / count);
  const double usual_variance = score.stranger_deviation * score.stranger_deviation;
  if (!(usual_variance > 0)) return found;
  const double weight =
      usual_variance / (usual_variance + 4 * std::max(variance, usual_variance) / count);
  found.shift = std::clamp(weight * (found.usual - found.expected), 0.0,
                           kMostDeviations * score.stranger_deviation);
  return found;
}

}  // namespace vpr
