// Which of many short pieces of speech are of one voice.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "vpr/score/scorer.h"

namespace vpr {

// A group of pieces as sums, from which the mean of Score::value over all pairs of two groups
// follows exactly: the value is linear in each side's vector.
class VoiceGroup {
 public:
  VoiceGroup() = default;
  VoiceGroup(const Voiceprint& piece, const Scorer& scorer);

  void Add(const VoiceGroup& other);
  // Of the pieces of one with those of the other.
  double MeanScore(const VoiceGroup& other) const;
  std::size_t size() const { return size_; }
  double seconds() const { return seconds_; }

 private:
  std::size_t size_ = 0;
  double seconds_ = 0;
  double own_ = 0, scale_ = 0, scaled_own_ = 0, offset_ = 0;
  std::vector<float> sum_, scaled_sum_;
};

struct ClusterOptions {
  double threshold = 0;  // pieces are joined to groups while their mean score is at least this
  // Then two groups are of one voice from this share of the mean score within the looser of both
  // on. Whatever two voices have in common, as a room, raises the scores between them, but those
  // within each as well. docs/diarization.md has what was measured.
  double likeness = 0.28;
  std::size_t neighbours = 0;  // pieces so near in number overlap: their scores do not count within
  std::size_t fewest = 1;      // groups, if there are so many pieces
  std::size_t most = std::numeric_limits<std::size_t>::max();  // joined below `likeness` for it
  double least_seconds = 0;  // groups with less are given to the nearest other one
  std::size_t block = 600;   // pieces clustered at once; then the groups of all blocks are
};

// The group of every piece, numbered by first appearance. Agglomerative with average linkage; then
// each piece goes to the group that it is most alike in the mean, as long as that changes anything
// (at most 5 times); then groups that are as alike as each is in itself become one. Memory and time
// grow with the square of `block`, not of all pieces.
std::vector<std::size_t> ClusterVoices(std::span<const Voiceprint> pieces, const Scorer& scorer,
                                       const ClusterOptions& options);

}  // namespace vpr
