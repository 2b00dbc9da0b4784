#include "vpr/audio/folder.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

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

struct Walk {
  std::string base;  // with a slash at its end
  Depth depth;
  const std::function<bool(const std::string&)>& visit;
  LeftOut* left_out;
  WantedFile wanted;
  std::vector<FolderId> above;  // the folders that lead here

  bool Folder(const std::string& below) {
    for (const std::string& name : SortedNames(base + below)) {
      const std::string path = below.empty() ? name : below + "/" + name;
      struct stat status {};
      // A link that leads nowhere counts as a file: it is then reported as one that cannot be
      // opened.
      if (::stat((base + path).c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
        const FolderId id{status.st_dev, status.st_ino};
        if (depth == Depth::kTop || std::find(above.begin(), above.end(), id) != above.end())
          continue;
        above.push_back(id);
        const bool go_on = Folder(path);
        above.pop_back();
        if (!go_on) return false;
      } else if (wanted(path)) {
        if (!visit(path)) return false;
      } else if (left_out != nullptr) {
        left_out->Add(path);
      }
    }
    return true;
  }
};

}  // namespace

void LeftOut::Add(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::size_t dot = name.rfind('.');
  ++of_ending_[dot == std::string::npos ? std::string() : name.substr(dot)];
}

std::string LeftOut::Text() const {
  constexpr std::size_t kNamed = 6;
  std::vector<std::pair<std::string, std::size_t>> endings(of_ending_.begin(), of_ending_.end());
  std::stable_sort(endings.begin(), endings.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (std::size_t i = 0; i < std::min(kNamed, endings.size()); ++i) {
    const auto& [ending, count] = endings[i];
    text += Format("%s%zu %s", i > 0 ? ", " : "", count,
                   ending.empty() ? "without an ending" : Printable(ending).c_str());
  }
  std::size_t others = 0;
  for (std::size_t i = kNamed; i < endings.size(); ++i) others += endings[i].second;
  if (others > 0) text += Format(", %zu of other endings", others);
  return text;
}

void WalkRecordings(const std::string& root, Depth depth,
                    const std::function<bool(const std::string&)>& visit, LeftOut* left_out,
                    WantedFile wanted) {
  if (wanted == nullptr) wanted = HasAudioExtension;
  Walk walk{root.ends_with('/') ? root : root + "/", depth, visit, left_out, wanted, {}};
  struct stat status {};
  if (::stat(root.c_str(), &status) == 0) walk.above.emplace_back(status.st_dev, status.st_ino);
  walk.Folder("");
}

std::vector<std::string> FindRecordings(const std::string& root, Depth depth, LeftOut* left_out) {
  const std::string base = root.ends_with('/') ? root : root + "/";
  std::vector<std::string> paths;
  WalkRecordings(
      root, depth,
      [&](const std::string& path) {
        paths.push_back(base + path);
        return true;
      },
      left_out);
  return paths;
}

void WarnOfLeftOut(const std::string& folder, const LeftOut& left_out, Progress& progress) {
  if (const std::string text = left_out.Text(); !text.empty())
    progress.Warn("left out of '" + Printable(folder) +
                  "', by their endings no recordings: " + text);
}

std::vector<std::vector<float>> ReadSounds(const std::string& folder, const char* what,
                                           Progress& progress, const StopRequested& stop) {
  const std::vector<std::string> paths = FindRecordings(folder, Depth::kAll);
  if (paths.empty())
    throw Error(ErrorCode::kNotFound, "no recordings below '" + Printable(folder) + "'");
  std::vector<std::vector<float>> sounds;
  progress.Start(std::string("reading ") + what, "file", paths.size());
  for (const std::string& path : paths) {
    if (stop()) throw Error(ErrorCode::kInterrupted, "stopped; nothing was written");
    sounds.push_back(ReadAudio(path).samples);
    progress.Update(sounds.size());
  }
  progress.Finish();
  return sounds;
}

std::vector<std::string> WithFolders(const std::vector<std::string>& named, Progress& progress) {
  std::vector<std::string> files;
  for (const std::string& name : named) {
    std::error_code error;
    if (!std::filesystem::is_directory(name, error)) {
      files.push_back(name);
      continue;
    }
    LeftOut left_out;
    const std::vector<std::string> found = FindRecordings(name, Depth::kAll, &left_out);
    WarnOfLeftOut(name, left_out, progress);
    if (found.empty())
      throw Error(ErrorCode::kNotFound, "no recordings below '" + Printable(name) + "'");
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

}  // namespace vpr
