// Meetings made of the recordings of single speakers, with the truth about who speaks when.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/dataset/packed_dataset.h"
#include "vpr/diarize/annotation.h"

namespace vpr {

struct MeetingOptions {
  std::size_t speakers = 4;
  double overlap = 0.1;  // share of the speech time at which two speak, wanted
  double seconds = 600;
  std::size_t microphones = 1;
  // Impulse responses, one drawn for each speaker and microphone; none: the recordings as they are.
  std::vector<std::vector<float>> rooms;
  // One drawn for each meeting, repeated; none: no noise.
  std::vector<std::vector<float>> noises;
  double snr_db = 15;
  std::uint64_t seed = 1;
};

struct SimulatedMeeting {
  std::vector<Turn> turns;  // speakers are the set's labels
  std::vector<std::vector<float>> microphones;
};

// Where a recording of one speaker holds speech: 10 ms frames louder than a level between its quiet
// and its loud ones, pauses of up to 0.3 s filled. What the reference is to say must not come from
// the detector that is to be judged by it.
std::vector<TimeSpan> SpokenParts(std::span<const float> samples);

// The meeting of this number: the same for the same set, options and number. Somebody says one
// utterance, from its first to its last speech, whose pauses (SpokenParts) nobody speaks in; the
// next one is of one of the others, drawn evenly. Between them lies a pause,
// exponential with the mean of 0.21 s that answers take in ten languages (Stivers et al.,
// "Universals and cultural variation in turn-taking in conversation", PNAS 2009); or, where less
// than `overlap` of the speech so far was overlapped, the turn begins before the end of the last
// one, by an exponential time of mean 0.7 s, at most nine tenths of the shorter of both. Every
// speaker has a level of their own (standard deviation 3 dB). Throws kInvalidArgument for fewer
// than `speakers` labels with utterances of at least a second in the set, or a set that holds no
// speech.
SimulatedMeeting SimulateMeeting(const PackedDataset& set, const MeetingOptions& options,
                                 std::uint64_t number);

// A recording of a simulated meeting, as it was written.
struct WrittenMeeting {
  std::string wav, rttm;
  std::set<std::string> people;
  std::size_t turns = 0;
};
// Writes `count` meetings into `folder`: meeting-001.wav, or one a microphone, the truth in .rttm
// and the people in .people. `use` gets each. Throws what SimulateMeeting throws, kIo; kInterrupted
// between two meetings.
void WriteMeetings(const PackedDataset& set, const MeetingOptions& options, std::size_t count,
                   const std::string& folder, Progress& progress, const StopRequested& stop,
                   const std::function<void(const WrittenMeeting&)>& use);

}  // namespace vpr
