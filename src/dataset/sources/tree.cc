#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "dataset/sources/sources.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using FolderId = std::pair<dev_t, ino_t>;

std::vector<std::string> SortedNames(const std::string& folder) {
  std::vector<std::string> names;
  DIR* stream = ::opendir(folder.c_str());
  if (stream == nullptr)
    throw Error(ErrorCode::kIo, "cannot list folder '" + Printable(folder) +
                                    "': " + std::generic_category().message(errno));
  while (const dirent* entry = ::readdir(stream)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  ::closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

// `above`: the folders that lead here, so that a link to one of them does not send us in circles.
bool Walk(const std::string& root, const std::string& below, std::vector<FolderId>& above,
          const std::function<bool(const std::string&)>& visit) {
  for (const std::string& name : SortedNames(root + "/" + below)) {
    std::string path = below.empty() ? name : below + "/" + name;
    struct stat status {};
    // A link that leads nowhere counts as a file: it is then reported as one that cannot be opened.
    bool folder = ::stat((root + "/" + path).c_str(), &status) == 0 && S_ISDIR(status.st_mode);
    if (folder) {
      FolderId id{status.st_dev, status.st_ino};
      if (std::find(above.begin(), above.end(), id) != above.end()) continue;
      above.push_back(id);
      bool go_on = Walk(root, path, above, visit);
      above.pop_back();
      if (!go_on) return false;
    } else if (HasAudioExtension(path) && !visit(path)) {
      return false;
    }
  }
  return true;
}

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

void WalkAudio(const std::string& root, const std::function<bool(const std::string&)>& visit) {
  std::vector<FolderId> above;
  struct stat status {};
  if (::stat(root.c_str(), &status) == 0) above.emplace_back(status.st_dev, status.st_ino);
  Walk(root, "", above, visit);
}

bool TreeMatches(const std::string& root, SpeakerOf speaker_of) {
  constexpr int kEnough = 100;
  if (!IsFolder(root)) return false;
  int seen = 0;
  bool all = true;
  WalkAudio(root, [&](const std::string& path) {
    all = Speaker(path, speaker_of).has_value();
    return all && ++seen < kEnough;
  });
  return all && seen > 0;
}

std::vector<Utterance> ListTree(const std::string& root, SpeakerOf speaker_of) {
  std::vector<Utterance> utterances;
  std::string base = root.ends_with('/') ? root : root + "/";
  WalkAudio(root, [&](const std::string& path) {
    // Keys and labels are UTF-8 without control characters; names of files need not be.
    utterances.push_back(
        {Printable(path), base + path, Printable(Speaker(path, speaker_of).value_or(""))});
    return true;
  });
  return utterances;
}

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace vpr
