// What the layouts of recordings share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vpr/dataset/source.h"

namespace vpr {

bool IsFolder(const std::string& path);

// A recording as a layout sees it: the names of the folders between root and file, and the file's
// name without its ending.
struct TreeFile {
  std::vector<std::string_view> folders;
  std::string_view stem;
  // The n-th folder from the file upwards, "" beyond the root. parent(0) holds the file.
  std::string_view parent(std::size_t n) const {
    return n < folders.size() ? folders[folders.size() - 1 - n] : std::string_view();
  }
};

// The speaker of a recording; nullopt: the layout has no such file.
using SpeakerOf = std::optional<std::string> (*)(const TreeFile&);

// True if `root` is a folder and the first recordings below it all have a speaker.
bool TreeMatches(const std::string& root, SpeakerOf speaker_of);

// Every recording below `root`; those without a speaker too, with an empty one.
std::vector<Utterance> ListTree(const std::string& root, SpeakerOf speaker_of, LeftOut* left_out);

// At least one character, all of them digits.
bool IsDigits(std::string_view text);

}  // namespace vpr
