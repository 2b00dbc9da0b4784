// The enrolled people as a recognizer searches them: a snapshot that never changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vpr/identify/gallery.h"
#include "vpr/identify/strangers.h"
#include "vpr/recognize/outcome.h"

namespace vpr {

class EnrolledVoices {
 public:
  explicit EnrolledVoices(LoadedGallery loaded, const Scorer& scorer);

  // The same after these changes, which are those since moment(); nothing where only loading all of
  // it again can tell. Costs no more for a large gallery than for a small one, unless somebody was
  // removed.
  std::shared_ptr<const EnrolledVoices> After(const StoreChanges& changes,
                                              const ModelInfo& info) const;

  std::size_t size() const { return size_; }
  // Of the store, whose speakers these are.
  const StoreMoment& moment() const { return moment_; }
  // How many changes there were since it was loaded.
  std::size_t changed() const { return moved_.size(); }
  // Voiceprints that are searched in vain: of who was removed, or has a newer one.
  std::size_t superseded() const { return superseded_; }
  const std::vector<std::string>& other_network() const { return *other_network_; }
  const StrangerShift& strangers() const { return strangers_; }

  // The `top` highest scores, falling.
  std::vector<IdentificationOutcome::Candidate> Search(const Voiceprint& probe,
                                                       std::size_t top) const;

 private:
  using Place = std::pair<std::size_t, std::size_t>;  // part of recent_, number in it

  bool WasLoaded(std::int64_t id) const;
  bool Has(std::int64_t id) const;
  void Put(const EnrolledSpeaker& speaker, const Voiceprint& voiceprint);
  void Remove(std::int64_t id);

  const Scorer* scorer_;
  std::shared_ptr<const Gallery> loaded_;
  std::shared_ptr<const std::vector<std::int64_t>> loaded_ids_;  // rising; made when needed first
  // Those changed since, in parts: only the last one, which is small, is copied to add somebody.
  std::vector<std::shared_ptr<const Gallery>> recent_;
  // The valid voiceprint of who has changed since, by id; nothing: they were removed.
  std::map<std::int64_t, std::optional<Place>> moved_;
  std::size_t size_ = 0, superseded_ = 0;
  std::shared_ptr<const std::vector<std::string>> other_network_;
  StrangerShift strangers_;
  StoreMoment moment_;
};

}  // namespace vpr
