// Folders of recordings as people to enroll, and words that are rather recordings than names.
#pragma once

#include <string>
#include <vector>

#include "vpr/audio/folder.h"

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

// Whether a word of the command line is rather a recording than somebody's name.
bool LooksLikeRecording(const std::string& word);

}  // namespace vpr
