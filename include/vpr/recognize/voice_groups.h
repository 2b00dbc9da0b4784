// Recordings of people nobody has named yet, sorted by voice into groups: for a library of files,
// or what was heard over months. Groups are confirmed by somebody who listened, or dismissed, and
// each such step can be taken back.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vpr/identify/recording.h"
#include "vpr/score/scorer.h"
#include "vpr/store/voice_store.h"

namespace vpr {

struct GroupedRecording {
  EnrolledUtterance utterance;  // `source`: the path
  std::size_t group = 0;        // its number, from 1, before what was decided by people
};

// What somebody said of a group, or of one recording in it.
struct GroupDecision {
  enum class Kind {
    kConfirm,  // the group is this person
    kDismiss,  // the group is of nobody wanted
    kSeparate  // the recording is not of its group's voice: it becomes a group of its own
  };
  Kind kind = Kind::kConfirm;
  std::size_t group = 0;
  std::string name;  // kConfirm
  std::string path;  // kSeparate
  std::string at;    // when, as 2026-11-21T16:40:05Z
};

// "confirm", "dismiss", "separate".
const char* ToString(GroupDecision::Kind kind);

struct VoicesGroup {
  std::size_t number = 0;
  std::string name;  // confirmed; empty: not
  bool dismissed = false;
  std::vector<std::size_t> recordings;  // indices into VoiceGroups::recordings()
  double speech_seconds = 0;
  // Mean Score::value over the pairs within; nothing of a single one.
  std::optional<double> likeness;
};

// A file of JSON lines with voiceprints in it, so readable for its owner alone; docs/formats.md.
class VoiceGroups {
 public:
  // `network`: ModelInfo::network_fingerprint; recordings are of one group while groups' mean
  // score is at least `threshold`.
  VoiceGroups(std::string network, double threshold);

  // Throws what ReadFile throws, kCorrupt with the line.
  static VoiceGroups Read(const std::string& path);
  // The same of what such a file holds; `name` is used in messages.
  static VoiceGroups FromText(std::string_view text, const std::string& name);
  // Throws kIo.
  void Write(const std::string& path) const;

  const std::string& network() const { return network_; }
  double threshold() const { return threshold_; }
  const std::vector<GroupedRecording>& recordings() const { return recordings_; }
  const std::vector<GroupDecision>& decisions() const { return decisions_; }
  bool Has(const std::string& path) const;

  // Groups the new ones among themselves (ClusterVoices), and joins each such group to the one
  // there is that it is most alike, if that is alike enough. Throws kInvalidArgument for a path
  // that is there already and for embeddings of another size.
  void Add(std::vector<EnrolledUtterance> recordings, const Scorer& scorer);

  // By number. Each recording is in one of them; groups that lost all theirs are not there.
  std::vector<VoicesGroup> Groups() const;
  // With VoicesGroup::likeness.
  std::vector<VoicesGroup> Groups(const Scorer& scorer) const;

  // Throw kNotFound for a group or recording that is not there; Confirm also kInvalidArgument for a
  // name that nobody can be enrolled by (CheckSpeakerName).
  void Confirm(std::size_t group, const std::string& name);
  void Dismiss(std::size_t group);
  void Separate(const std::string& path);
  // Takes the last decision back and returns it. Throws kNotFound if there is none.
  GroupDecision Undo();

 private:
  void CheckGroup(std::size_t group) const;

  std::string network_;
  double threshold_;
  std::vector<GroupedRecording> recordings_;
  std::vector<GroupDecision> decisions_;
  std::size_t last_group_ = 0;  // the highest number ever given
};

// A group as one recording, the mean of its embeddings and all its speech, for
// Recognizer::Identify; and its recordings one by one, for Recognizer::Enroll.
Recording AsOneRecording(const VoiceGroups& groups, const VoicesGroup& group);
std::vector<Recording> AsRecordings(const VoiceGroups& groups, const VoicesGroup& group);

}  // namespace vpr
