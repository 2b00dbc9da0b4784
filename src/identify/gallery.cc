#include "vpr/identify/gallery.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "vpr/base/error.h"

namespace vpr {

Template MakeTemplate(const std::vector<const EnrolledUtterance*>& utterances) {
  VPR_CHECK(!utterances.empty());
  Template result;
  result.embedding.resize(utterances.front()->embedding.size());
  for (const EnrolledUtterance* utterance : utterances) {
    VPR_CHECK(utterance->embedding.size() == result.embedding.size());
    for (std::size_t d = 0; d < result.embedding.size(); ++d)
      result.embedding[d] += utterance->embedding[d];
    result.seconds += utterance->speech_seconds;
  }
  Normalize(result.embedding);
  return result;
}

void Gallery::Add(const std::string& name, const Template& speaker) {
  Voiceprint voiceprint = scorer_->MakeVoiceprint(speaker.embedding, speaker.seconds);
  const std::vector<float>& row = scorer_->Comparable(voiceprint);
  rows_.insert(rows_.end(), row.begin(), row.end());
  names_.push_back(name);
  voiceprints_.push_back(std::move(voiceprint));
}

std::vector<Candidate> Gallery::Search(const Voiceprint& probe, std::size_t top) const {
  const std::vector<float>& x = scorer_->Comparable(probe);
  VPR_CHECK(rows_.size() == size() * x.size());
  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const RowMajor> rows(rows_.data(), static_cast<Eigen::Index>(size()),
                                        static_cast<Eigen::Index>(x.size()));
  const Eigen::VectorXf products =
      rows * Eigen::Map<const Eigen::VectorXf>(x.data(), static_cast<Eigen::Index>(x.size()));
  std::vector<double> values(size());
  for (std::size_t i = 0; i < size(); ++i)
    values[i] = scorer_->ValueOfProduct(double{products[static_cast<Eigen::Index>(i)]}, probe,
                                        voiceprints_[i]);
  std::vector<std::size_t> order(size());
  std::iota(order.begin(), order.end(), 0u);
  top = std::min(top, size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      return values[a] != values[b] ? values[a] > values[b] : a < b;
                    });
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < top; ++i)
    candidates.push_back({order[i], scorer_->Compare(probe, voiceprints_[order[i]])});
  return candidates;
}

LoadedGallery LoadGallery(VoiceStore& store, const Scorer& scorer, const ModelInfo& info) {
  LoadedGallery loaded{Gallery(scorer), {}};
  store.ForEach(false, [&](EnrolledSpeaker&& speaker) {
    std::vector<const EnrolledUtterance*> usable;
    for (const EnrolledUtterance& utterance : speaker.utterances) {
      if (utterance.network == info.network_fingerprint) usable.push_back(&utterance);
    }
    if (usable.empty()) {
      loaded.other_network.push_back(speaker.name);
    } else {
      loaded.gallery.Add(speaker.name, MakeTemplate(usable));
    }
  });
  return loaded;
}

OpenSetThreshold FindOpenSetThreshold(const ModelInfo& info, double fpir, std::size_t enrolled) {
  if (!(fpir > 0 && fpir < 1))
    throw Error(ErrorCode::kInvalidArgument,
                "the wanted rate of false identifications must be between 0 and 1");
  const double wanted =
      -std::expm1(std::log1p(-fpir) / static_cast<double>(std::max<std::size_t>(enrolled, 1)));
  // What was measured, by rising threshold.
  std::vector<std::pair<double, double>> points;  // threshold, ln of the rate
  double lowest = 1;
  auto add = [&](double threshold, double fmr) {
    if (fmr <= 0 || (!points.empty() &&
                     (threshold <= points.back().first || std::log(fmr) >= points.back().second)))
      return;
    points.emplace_back(threshold, std::log(fmr));
  };
  if (!info.decision.basis.empty()) add(info.decision.threshold, info.decision.fmr);
  for (const FmrThreshold& one : info.fmr_thresholds) {
    if (!one.supported) continue;
    add(one.threshold, one.fmr);
    lowest = std::min(lowest, one.fmr);
  }
  if (points.size() < 2)
    throw Error(
        ErrorCode::kInvalidArgument,
        "the model has no thresholds to tell strangers by; find them with vpr calibrate, or "
        "give one with --threshold");
  std::size_t end = 1;  // of the stretch that holds `wanted`, or is nearest to it
  while (end + 1 < points.size() && points[end].second > std::log(wanted)) ++end;
  const auto [x0, y0] = points[end - 1];
  const auto [x1, y1] = points[end];
  return {x0 + (std::log(wanted) - y0) * (x1 - x0) / (y1 - y0), wanted, wanted < lowest};
}

}  // namespace vpr
