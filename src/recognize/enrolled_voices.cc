#include "recognize/enrolled_voices.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace vpr {
namespace {

constexpr std::size_t kMostInPart = 256;

}  // namespace

EnrolledVoices::EnrolledVoices(LoadedGallery loaded, const Scorer& scorer)
    : scorer_(&scorer),
      loaded_(std::make_shared<const Gallery>(std::move(loaded.gallery))),
      size_(loaded_->size()),
      other_network_(
          std::make_shared<const std::vector<std::string>>(std::move(loaded.other_network))),
      strangers_(FindStrangerShift(*loaded_, scorer)) {}

std::shared_ptr<const EnrolledVoices> EnrolledVoices::With(const std::string& name,
                                                           const Voiceprint& voiceprint,
                                                           bool again) const {
  auto changed = std::make_shared<EnrolledVoices>(*this);
  const bool fresh_part = recent_.empty() || recent_.back()->size() >= kMostInPart;
  auto part =
      fresh_part ? std::make_shared<Gallery>(*scorer_) : std::make_shared<Gallery>(*recent_.back());
  // Of equal scores those enrolled later come later.
  part->Add(std::numeric_limits<std::int64_t>::max(), name, voiceprint);
  const std::size_t number = part->size() - 1;
  if (fresh_part)
    changed->recent_.push_back(std::move(part));
  else
    changed->recent_.back() = std::move(part);
  if (again) {
    changed->again_[name] = {changed->recent_.size() - 1, number};
    ++changed->superseded_;
  } else {
    ++changed->size_;
  }
  return changed;
}

std::vector<IdentificationOutcome::Candidate> EnrolledVoices::Search(const Voiceprint& probe,
                                                                     std::size_t top) const {
  std::vector<IdentificationOutcome::Candidate> found;
  for (std::size_t part = 0; part <= recent_.size(); ++part) {
    const Gallery& gallery = part == 0 ? *loaded_ : *recent_[part - 1];
    for (const Candidate& one : gallery.Search(probe, top + superseded_)) {
      const std::string_view name = gallery.name(one.speaker);
      if (const auto newest = again_.find(name);
          newest != again_.end() && (part == 0 || newest->second != Place{part - 1, one.speaker}))
        continue;
      found.push_back({std::string(name), one.value, one.llr});
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.score > b.score; });
  if (found.size() > top) found.resize(top);
  return found;
}

}  // namespace vpr
