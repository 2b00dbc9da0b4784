// Folders of recordings: the one walker.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "vpr/base/progress.h"

namespace vpr {

// The files of a folder that no name calls a recording: how many of each ending (".txt", "" for
// none).
class LeftOut {
 public:
  void Add(const std::string& path);
  // "3 .txt, 1 without an ending"; at most six endings are named. Empty if there are none.
  std::string Text() const;

 private:
  std::map<std::string, std::size_t> of_ending_;
};

enum class Depth { kTop, kAll };

// Whether a file's name calls it what is looked for.
using WantedFile = bool (*)(const std::string& path);

// Calls visit(path below `root`) for every file that is wanted, by default those with the ending of
// a recording (HasAudioExtension; null: those), in the order of the names' bytes, until it returns
// false. Follows links, but not in circles;
// skips hidden files and folders ("._Ada.wav": other programs' notes). Throws kIo for a folder that
// cannot be read.
void WalkRecordings(const std::string& root, Depth depth,
                    const std::function<bool(const std::string&)>& visit,
                    LeftOut* left_out = nullptr, WantedFile wanted = nullptr);

// Their whole paths.
std::vector<std::string> FindRecordings(const std::string& root, Depth depth,
                                        LeftOut* left_out = nullptr);

// Warns of what was left out, if anything.
void WarnOfLeftOut(const std::string& folder, const LeftOut& left_out, Progress& progress);

// The files named, in place of every folder the recordings below it; what else is in it is warned
// of. Throws kNotFound for a folder without recordings.
std::vector<std::string> WithFolders(const std::vector<std::string>& named, Progress& progress);

// All recordings below a folder in one piece, 16 kHz: noises and impulse responses. `what`, for the
// progress: "noises". Throws kNotFound if there are none, kInterrupted if stopped.
std::vector<std::vector<float>> ReadSounds(const std::string& folder, const char* what,
                                           Progress& progress, const StopRequested& stop);

}  // namespace vpr
