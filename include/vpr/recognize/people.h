// Folders of recordings as people to enroll, and words that are rather recordings than names.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "vpr/audio/folder.h"
#include "vpr/recognize/recognizer.h"

namespace vpr {

struct PersonFiles {
  std::string name;
  std::vector<std::string> files;
};

// How a folder tells who speaks.
enum class PeopleLayout {
  kFolders,  // DIR/NAME/*, at any depth
  kFiles,    // DIR/NAME.wav; NAME.wav and NAME.mp3 are of one person
};

// Hidden files and folders are none of ours. By name. Throws kNotFound (no such folder, no
// recordings in it), kIo.
std::vector<PersonFiles> FindPeople(const std::string& folder, PeopleLayout layout,
                                    LeftOut* left_out = nullptr);
// The same; what is left out is warned of.
std::vector<PersonFiles> FindPeople(const std::string& folder, PeopleLayout layout,
                                    Progress& progress);

// People to enroll, by names in normal form.
struct NamedPeople {
  std::vector<PersonFiles> people;
  std::vector<EnrollmentOutcome> refused;  // whose names nobody can have
};
// Throws what CheckSpeakerName throws if there is nobody but one that is refused.
NamedPeople CheckNames(std::vector<PersonFiles> people);

// What becomes of enrollments, one after the other.
using OnEnrolled = std::function<void(const EnrollmentOutcome&)>;

// Everybody's files in one go; a person is enrolled as soon as theirs are done. Throws kUnusable
// after the last if somebody was not enrolled or was refused; kInterrupted if stopped.
void EnrollPeople(Recognizer& recognizer, const NamedPeople& people, const QualityLimits& limits,
                  const EnrollmentPolicy& policy, Progress& progress, const StopRequested& stop,
                  const OnEnrolled& use);
// One recording of one person; throws kUnusable, after `use`, if nobody was enrolled.
void EnrollRecording(Recognizer& recognizer, const std::string& name, Recording recording,
                     const EnrollmentPolicy& policy, Progress& progress, const OnEnrolled& use);

// Whether a word of the command line is rather a recording than somebody's name.
bool LooksLikeRecording(const std::string& word);

}  // namespace vpr
