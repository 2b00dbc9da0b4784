// Recordings of unknown people into groups of voices, and from these to the enrolled.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/recognize/people.h"
#include "vpr/recognize/recognizer.h"
#include "vpr/recognize/voice_groups.h"

namespace vpr {

// The groups in `file`, or new ones, joined by `threshold`, if it is no file yet or empty. Throws
// what VoiceGroups::Read throws, kIncompatible for groups of another network, kInvalidArgument for
// a threshold where there are groups that have theirs.
VoiceGroups OpenGroups(const std::string& file, const ThresholdChoice& threshold,
                       const Recognizer& recognizer, Progress& progress);
struct AddedRecordings {
  std::size_t tried = 0;   // that were not there yet
  std::size_t failed = 0;  // of these; they were warned of
};
// Adds those that are not there yet. Throws kUnusable if there is nothing in the groups then,
// kInterrupted if stopped.
AddedRecordings AddRecordings(const std::vector<std::string>& paths, const Recognizer& recognizer,
                              const QualityLimits& limits, Progress& progress,
                              const StopRequested& stop, VoiceGroups& groups);

// Each group with who of the enrolled it sounds like; nothing, if nobody is enrolled.
void IdentifyGroups(const VoiceGroups& groups, Recognizer& recognizer,
                    const IdentificationRequest& request, Progress& progress,
                    const std::function<void(const VoicesGroup&,
                                             const std::optional<IdentificationOutcome>&)>& use);

// Reads, lets `change` decide on, and keeps what is in `file`; returns what `change` does.
GroupDecision ChangeGroups(const std::string& file,
                           const std::function<GroupDecision(VoiceGroups&)>& change);

// Enrolls everybody whose voice was confirmed, with the model's network that `file` was made with;
// `open_store`: as OpenRecognizer. Throws kInvalidArgument if nobody was, kIncompatible for another
// network, and kUnusable after the last if somebody was not enrolled.
void EnrollGroups(const std::string& file, const std::string& model, const ExtractorOptions& engine,
                  const std::function<std::unique_ptr<VoiceStore>()>& open_store,
                  const EnrollmentPolicy& policy, Progress& progress, const OnEnrolled& use);

}  // namespace vpr
