#include "vpr/recognize/people.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

namespace fs = std::filesystem;

// The names of the folders in a folder, sorted.
std::vector<std::string> FoldersIn(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code ignored;
    std::string name = at->path().filename().string();
    if (!name.starts_with('.') && at->is_directory(ignored)) names.push_back(std::move(name));
  }
  if (error)
    throw Error(ErrorCode::kIo,
                "cannot list folder '" + Printable(folder) + "': " + error.message());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::vector<PersonFiles> FindPeople(const std::string& folder, PeopleLayout layout,
                                    LeftOut* left_out) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw Error(ErrorCode::kNotFound, "no folder '" + Printable(folder) + "'");
  std::vector<PersonFiles> people;
  if (layout == PeopleLayout::kFiles) {
    std::map<std::string, std::vector<std::string>> files;
    for (const std::string& file : FindRecordings(folder, Depth::kTop, left_out))
      files[fs::path(file).stem().string()].push_back(file);
    for (auto& [name, of_name] : files) people.push_back({name, std::move(of_name)});
  } else {
    for (const std::string& name : FoldersIn(folder)) {
      std::vector<std::string> files =
          FindRecordings((fs::path(folder) / name).string(), Depth::kAll, left_out);
      if (!files.empty()) people.push_back({name, std::move(files)});
    }
  }
  if (people.empty())
    throw Error(ErrorCode::kNotFound,
                "no recordings " +
                    std::string(layout == PeopleLayout::kFolders ? "in the folders of '" : "in '") +
                    Printable(folder) + "'");
  return people;
}

bool LooksLikeRecording(const std::string& word) {
  // Endings of two letters, as in Beau.au, are names as well.
  const std::size_t dot = word.rfind('.');
  const bool certain = HasAudioExtension(word) && word.size() - dot > 3;
  return certain ||
         ((HasAudioExtension(word) || word.find('/') != std::string::npos) && IsRegularFile(word));
}

}  // namespace vpr
