// The enrolled people as a recognizer searches them: a snapshot that never changes.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
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

  // The same with one person more; `again`: who is here already, with other utterances. Costs no
  // more for a large gallery than for a small one.
  std::shared_ptr<const EnrolledVoices> With(const std::string& name, const Voiceprint& voiceprint,
                                             bool again) const;

  std::size_t size() const { return size_; }
  // Whether enrollments have changed what was loaded.
  bool appended() const { return !recent_.empty(); }
  // Voiceprints that are searched in vain, as there are newer ones of the same people.
  std::size_t superseded() const { return superseded_; }
  const std::vector<std::string>& other_network() const { return *other_network_; }
  const StrangerShift& strangers() const { return strangers_; }

  // The `top` highest scores, falling.
  std::vector<IdentificationOutcome::Candidate> Search(const Voiceprint& probe,
                                                       std::size_t top) const;

 private:
  using Place = std::pair<std::size_t, std::size_t>;  // part of recent_, number in it

  const Scorer* scorer_;
  std::shared_ptr<const Gallery> loaded_;
  // Those enrolled since, in parts: only the last one, which is small, is copied to add somebody.
  std::vector<std::shared_ptr<const Gallery>> recent_;
  std::map<std::string, Place, std::less<>> again_;  // the valid voiceprint of who was here already
  std::size_t size_ = 0, superseded_ = 0;
  std::shared_ptr<const std::vector<std::string>> other_network_;
  StrangerShift strangers_;
};

}  // namespace vpr
