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

// Calls `use` for what is in the folder, below it at any depth too if `deep`. Hidden ones
// ("._Ada.wav") are other programs' notes.
template <typename Iterator, typename Use>
void ForEachIn(const fs::path& folder, const Use& use) {
  std::error_code error;
  Iterator at(folder, error);
  for (; !error && at != Iterator(); at.increment(error))
    if (!at->path().filename().string().starts_with('.')) use(*at);
  if (error)
    throw Error(ErrorCode::kIo,
                "cannot read folder '" + Printable(folder.string()) + "': " + error.message());
}

template <typename Iterator>
std::vector<std::string> AudioFilesIn(const fs::path& folder) {
  std::vector<std::string> files;
  ForEachIn<Iterator>(folder, [&](const fs::directory_entry& entry) {
    std::error_code error;
    if (entry.is_regular_file(error) && HasAudioExtension(entry.path().string()))
      files.push_back(entry.path().string());
  });
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::vector<PersonFiles> FindPeople(const std::string& folder, PeopleLayout layout) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw Error(ErrorCode::kNotFound, "no folder '" + Printable(folder) + "'");
  std::vector<PersonFiles> people;
  if (layout == PeopleLayout::kFiles) {
    std::map<std::string, std::vector<std::string>> files;
    for (const std::string& file : AudioFilesIn<fs::directory_iterator>(folder))
      files[fs::path(file).stem().string()].push_back(file);
    for (auto& [name, of_name] : files) people.push_back({name, std::move(of_name)});
  } else {
    std::vector<fs::path> folders;
    ForEachIn<fs::directory_iterator>(folder, [&](const fs::directory_entry& entry) {
      std::error_code ignored;
      if (entry.is_directory(ignored)) folders.push_back(entry.path());
    });
    std::sort(folders.begin(), folders.end());
    for (const fs::path& one : folders) {
      std::vector<std::string> files = AudioFilesIn<fs::recursive_directory_iterator>(one);
      if (!files.empty()) people.push_back({one.filename().string(), std::move(files)});
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
