#include <sys/stat.h>

#include <algorithm>

#include "dataset/sources/sources.h"
#include "vpr/audio/folder.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

std::optional<std::string> Speaker(const std::string& path, SpeakerOf speaker_of) {
  TreeFile file;
  file.folders = Split(path, '/');
  file.stem = file.folders.back();
  file.folders.pop_back();
  file.stem = file.stem.substr(0, file.stem.rfind('.'));
  return speaker_of(file);
}

}  // namespace

bool IsFolder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool TreeMatches(const std::string& root, SpeakerOf speaker_of) {
  constexpr int kEnough = 100;
  if (!IsFolder(root)) return false;
  int seen = 0;
  bool all = true;
  WalkRecordings(root, Depth::kAll, [&](const std::string& path) {
    all = Speaker(path, speaker_of).has_value();
    return all && ++seen < kEnough;
  });
  return all && seen > 0;
}

std::vector<Utterance> ListTree(const std::string& root, SpeakerOf speaker_of, LeftOut* left_out) {
  std::vector<Utterance> utterances;
  std::string base = root.ends_with('/') ? root : root + "/";
  WalkRecordings(
      root, Depth::kAll,
      [&](const std::string& path) {
        // Keys and labels are UTF-8 without control characters; names of files need not be.
        utterances.push_back(
            {Printable(path), base + path, Printable(Speaker(path, speaker_of).value_or(""))});
        return true;
      },
      left_out);
  return utterances;
}

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace vpr
