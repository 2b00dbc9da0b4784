#include "vpr/eval/identification.h"

#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "vpr/base/error.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

constexpr std::uint64_t kSearchStream = 32;
constexpr int kDraws = 1000;

// Of one speaker's searches.
struct Counts {
  double searches = 0, rank1 = 0, missed = 0, false_positive = 0;

  void Add(const Counts& other, double times) {
    searches += times * other.searches;
    rank1 += times * other.rank1;
    missed += times * other.missed;
    false_positive += times * other.false_positive;
  }
  std::array<double, 3> Rates() const {
    return {rank1 / searches, missed / searches, false_positive / searches};
  }
};

}  // namespace

Identification EvaluateSearches(const std::vector<Search>& searches, std::size_t gallery,
                                double threshold, bool intervals, std::uint64_t seed) {
  if (searches.empty()) throw Error(ErrorCode::kInvalidArgument, "there is no search to evaluate");
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  std::map<std::uint32_t, Counts> by_speaker;
  for (const Search& search : searches) {
    const bool first = search.own > search.best_other;
    by_speaker[search.speaker].Add(
        {1, first ? 1.0 : 0.0, first && search.own >= threshold ? 0.0 : 1.0,
         search.best_other >= threshold ? 1.0 : 0.0},
        1);
  }
  std::vector<Counts> speakers;
  Counts total;
  for (const auto& [speaker, counts] : by_speaker) {
    speakers.push_back(counts);
    total.Add(counts, 1);
  }
  const bool decided = !std::isnan(threshold);
  Identification result;
  result.gallery = gallery;
  result.searches = searches.size();
  result.threshold = threshold;
  const auto [rank1, fnir, fpir] = total.Rates();
  result.rank1 = rank1;
  result.fnir = decided ? fnir : kNone;
  result.fpir = decided ? fpir : kNone;
  result.rank1_interval = result.fnir_interval = result.fpir_interval = {kNone, kNone};
  if (!intervals) return result;
  std::array<std::vector<double>, 3> drawn;
  for (int draw = 0; draw < kDraws; ++draw) {
    Rng rng(seed, kSearchStream, static_cast<std::uint64_t>(draw));
    Counts sum;
    for (std::size_t i = 0; i < speakers.size(); ++i)
      sum.Add(speakers[rng.Below(speakers.size())], 1);
    const std::array<double, 3> rates = sum.Rates();
    for (std::size_t k = 0; k < rates.size(); ++k) drawn[k].push_back(rates[k]);
  }
  result.rank1_interval = PercentileInterval(std::move(drawn[0]));
  if (!decided) return result;
  result.fnir_interval = PercentileInterval(std::move(drawn[1]));
  result.fpir_interval = PercentileInterval(std::move(drawn[2]));
  return result;
}

}  // namespace vpr
