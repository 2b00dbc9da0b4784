#include "vpr/identify/enrollment.h"

#include <algorithm>

#include "vpr/identify/gallery.h"

namespace vpr {

std::vector<std::size_t> FindForeign(const std::vector<const EnrolledUtterance*>& utterances,
                                     const Scorer& scorer, double threshold) {
  std::vector<std::size_t> left, foreign;
  for (std::size_t i = 0; i < utterances.size(); ++i) left.push_back(i);
  while (left.size() >= 2) {
    std::size_t lowest = 0;
    double lowest_score = 0;
    for (std::size_t k = 0; k < left.size(); ++k) {
      std::vector<const EnrolledUtterance*> rest;
      for (std::size_t other : left) {
        if (other != left[k]) rest.push_back(utterances[other]);
      }
      const Template others = MakeTemplate(rest);
      const EnrolledUtterance& one = *utterances[left[k]];
      const double score = scorer
                               .Compare(scorer.MakeVoiceprint(one.embedding, one.speech_seconds),
                                        scorer.MakeVoiceprint(others.embedding, others.seconds))
                               .value;
      if (k == 0 || score < lowest_score) {
        lowest = k;
        lowest_score = score;
      }
    }
    if (lowest_score >= threshold) break;
    if (left.size() == 2) {
      foreign.insert(foreign.end(), left.begin(), left.end());
      break;
    }
    foreign.push_back(left[lowest]);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(lowest));
  }
  std::sort(foreign.begin(), foreign.end());
  return foreign;
}

}  // namespace vpr
