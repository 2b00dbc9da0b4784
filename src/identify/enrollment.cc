#include "vpr/identify/enrollment.h"

#include <algorithm>
#include <limits>

#include "vpr/base/error.h"
#include "vpr/identify/gallery.h"

namespace vpr {
namespace {

struct Voice {
  std::vector<std::size_t> members;  // rising
  Voiceprint voiceprint;             // of their template
  // The voice most like this one.
  std::size_t nearest = 0;
  double score = -std::numeric_limits<double>::infinity();
};

class Clustering {
 public:
  Clustering(const std::vector<const EnrolledUtterance*>& utterances, const Scorer& scorer)
      : utterances_(utterances), scorer_(scorer) {}

  void Add(std::vector<std::size_t> members) {
    Voice voice;
    voice.members = std::move(members);
    MakeVoiceprint(voice);
    voices_.push_back(std::move(voice));
  }

  // Joins the two most alike, as long as there are two that score `threshold` or more.
  void Join(double threshold) {
    for (std::size_t i = 0; i < voices_.size(); ++i) FindNearest(i);
    while (voices_.size() > 1) {
      const auto best =
          std::max_element(voices_.begin(), voices_.end(),
                           [](const Voice& a, const Voice& b) { return a.score < b.score; });
      if (best->score < threshold) return;
      const auto at = static_cast<std::size_t>(best - voices_.begin());
      const std::size_t into = std::min(at, best->nearest), gone = std::max(at, best->nearest);
      Voice& joined = voices_[into];
      joined.members.insert(joined.members.end(), voices_[gone].members.begin(),
                            voices_[gone].members.end());
      std::sort(joined.members.begin(), joined.members.end());
      MakeVoiceprint(joined);
      voices_.erase(voices_.begin() + static_cast<std::ptrdiff_t>(gone));
      for (std::size_t i = 0; i < voices_.size(); ++i) {
        Voice& voice = voices_[i];
        if (i == into || voice.nearest == into || voice.nearest == gone) {
          FindNearest(i);
          continue;
        }
        if (voice.nearest > gone) --voice.nearest;
        Consider(voice, into);
      }
    }
  }

  const std::vector<Voice>& voices() const { return voices_; }

 private:
  void MakeVoiceprint(Voice& voice) const {
    std::vector<const EnrolledUtterance*> members;
    for (std::size_t member : voice.members) members.push_back(utterances_[member]);
    const Template mean = MakeTemplate(members);
    voice.voiceprint = scorer_.MakeVoiceprint(mean.embedding, mean.conditions);
  }
  void Consider(Voice& voice, std::size_t other) const {
    const double score = scorer_.Compare(voice.voiceprint, voices_[other].voiceprint).value;
    if (score <= voice.score) return;
    voice.score = score;
    voice.nearest = other;
  }
  void FindNearest(std::size_t i) {
    voices_[i].score = -std::numeric_limits<double>::infinity();
    for (std::size_t other = 0; other < voices_.size(); ++other) {
      if (other != i) Consider(voices_[i], other);
    }
  }

  const std::vector<const EnrolledUtterance*>& utterances_;
  const Scorer& scorer_;
  std::vector<Voice> voices_;
};

}  // namespace

std::vector<std::size_t> FindForeign(const std::vector<const EnrolledUtterance*>& utterances,
                                     std::size_t known, const Scorer& scorer, double threshold) {
  VPR_CHECK(known <= utterances.size());
  Clustering clustering(utterances, scorer);
  std::vector<std::size_t> members;
  for (std::size_t i = 0; i < known; ++i) members.push_back(i);
  if (known > 0) clustering.Add(members);
  for (std::size_t i = known; i < utterances.size(); ++i) clustering.Add({i});
  clustering.Join(threshold);

  // The voice of what is known, else the one of most utterances, if there is only one such.
  const std::vector<Voice>& voices = clustering.voices();
  const Voice* person = nullptr;
  for (const Voice& voice : voices) {
    if (known > 0 ? voice.members.front() == 0
                  : person == nullptr || voice.members.size() > person->members.size())
      person = &voice;
  }
  if (known == 0 && person != nullptr &&
      std::count_if(voices.begin(), voices.end(), [&](const Voice& voice) {
        return voice.members.size() == person->members.size();
      }) > 1)
    person = nullptr;
  std::vector<std::size_t> foreign;
  for (const Voice& voice : voices) {
    if (&voice != person) foreign.insert(foreign.end(), voice.members.begin(), voice.members.end());
  }
  std::sort(foreign.begin(), foreign.end());
  return foreign;
}

}  // namespace vpr
