#include "recognize/enrolled_voices.h"

#include <algorithm>

#include "vpr/base/error.h"

namespace vpr {
namespace {

constexpr std::size_t kMostInPart = 256;

std::vector<std::int64_t> SortedIds(const Gallery& gallery) {
  std::vector<std::int64_t> ids;
  ids.reserve(gallery.size());
  for (std::size_t i = 0; i < gallery.size(); ++i) ids.push_back(gallery.id(i));
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace

EnrolledVoices::EnrolledVoices(LoadedGallery loaded, const Scorer& scorer)
    : scorer_(&scorer),
      loaded_(std::make_shared<const Gallery>(std::move(loaded.gallery))),
      size_(loaded_->size()),
      other_network_(
          std::make_shared<const std::vector<std::string>>(std::move(loaded.other_network))),
      strangers_(FindStrangerShift(*loaded_, scorer)),
      moment_(loaded.moment) {}

bool EnrolledVoices::WasLoaded(std::int64_t id) const {
  return std::binary_search(loaded_ids_->begin(), loaded_ids_->end(), id);
}

bool EnrolledVoices::Has(std::int64_t id) const {
  const auto moved = moved_.find(id);
  return moved != moved_.end() ? moved->second.has_value() : WasLoaded(id);
}

void EnrolledVoices::Put(const EnrolledSpeaker& speaker, const Voiceprint& voiceprint) {
  ++(Has(speaker.id) ? superseded_ : size_);
  const bool fresh_part = recent_.empty() || recent_.back()->size() >= kMostInPart;
  auto part =
      fresh_part ? std::make_shared<Gallery>(*scorer_) : std::make_shared<Gallery>(*recent_.back());
  part->Add(speaker.id, speaker.name, voiceprint, speaker.forget_at);
  const std::size_t number = part->size() - 1;
  if (fresh_part)
    recent_.push_back(std::move(part));
  else
    recent_.back() = std::move(part);
  moved_[speaker.id] = {recent_.size() - 1, number};
}

void EnrolledVoices::Remove(std::int64_t id) {
  if (!Has(id)) return;
  moved_[id] = std::nullopt;
  ++superseded_;
  --size_;
}

std::shared_ptr<const EnrolledVoices> EnrolledVoices::After(const StoreChanges& changes,
                                                            const ModelInfo& info) const {
  // They are known by name alone.
  if (!other_network_->empty()) return nullptr;
  auto after = std::make_shared<EnrolledVoices>(*this);
  after->moment_ = changes.moment;
  if (after->loaded_ids_ == nullptr)
    after->loaded_ids_ = std::make_shared<const std::vector<std::int64_t>>(SortedIds(*loaded_));
  if (changes.removed) {
    const auto gone = [&](std::int64_t id) {
      return !std::binary_search(changes.ids.begin(), changes.ids.end(), id);
    };
    for (const std::int64_t id : *after->loaded_ids_)
      if (gone(id)) after->Remove(id);
    for (const auto& [id, place] : moved_)
      if (gone(id)) after->Remove(id);
  }
  for (const EnrolledSpeaker& speaker : changes.changed) {
    const auto utterances = UtterancesOfNetwork(speaker, info);
    if (utterances.size() != speaker.utterances.size()) return nullptr;  // of another network
    if (utterances.empty()) {
      after->Remove(speaker.id);
      continue;
    }
    const Template mean = MakeTemplate(utterances);
    try {
      after->Put(speaker, scorer_->MakeVoiceprint(mean.embedding, mean.conditions));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnusable) throw;
      return nullptr;
    }
  }
  return after;
}

std::vector<IdentificationOutcome::Candidate> EnrolledVoices::Search(const Voiceprint& probe,
                                                                     std::size_t top) const {
  std::vector<IdentificationOutcome::Candidate> found;
  for (std::size_t part = 0; part <= recent_.size(); ++part) {
    const Gallery& gallery = part == 0 ? *loaded_ : *recent_[part - 1];
    for (const Candidate& one : gallery.Search(probe, top + superseded_)) {
      if (const auto moved = moved_.find(gallery.id(one.speaker));
          moved != moved_.end() && (part == 0 || moved->second != Place{part - 1, one.speaker}))
        continue;
      found.push_back({std::string(gallery.name(one.speaker)), one.value, one.llr});
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.score > b.score; });
  if (found.size() > top) found.resize(top);
  return found;
}

}  // namespace vpr
