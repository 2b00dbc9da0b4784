#include "vpr/recognize/people.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/base/unicode.h"

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

std::vector<PersonFiles> FindPeople(const std::string& folder, PeopleLayout layout,
                                    Progress& progress) {
  LeftOut left_out;
  std::vector<PersonFiles> people = FindPeople(folder, layout, &left_out);
  WarnOfLeftOut(folder, left_out, progress);
  return people;
}

NamedPeople CheckNames(std::vector<PersonFiles> people) {
  NamedPeople named;
  for (PersonFiles& person : people) {
    person.name = NormalName(person.name);
    try {
      CheckSpeakerName(person.name);
    } catch (const Error& error) {
      if (people.size() == 1) throw;
      named.refused.emplace_back();
      named.refused.back().name = person.name;
      named.refused.back().failure = error.what();
      continue;
    }
    named.people.push_back(std::move(person));
  }
  return named;
}

void EnrollPeople(Recognizer& recognizer, const NamedPeople& named, const QualityLimits& limits,
                  const EnrollmentPolicy& policy, Progress& progress, const StopRequested& stop,
                  const OnEnrolled& use) {
  const std::vector<PersonFiles>& people = named.people;
  std::vector<std::string> paths, failed;
  for (const EnrollmentOutcome& one : named.refused) failed.push_back(one.name);
  for (const PersonFiles& person : people)
    paths.insert(paths.end(), person.files.begin(), person.files.end());
  std::vector<Recording> waiting;
  std::size_t at = 0;
  EmbedRecordings(paths, recognizer.extractor(), limits, policy.keep_audio, progress, stop,
                  [&](Recording&& recording) {
                    waiting.push_back(std::move(recording));
                    if (waiting.size() < people[at].files.size()) return;
                    const EnrollmentOutcome outcome = recognizer.Enroll(
                        people[at].name, std::exchange(waiting, {}), policy, progress);
                    use(outcome);
                    if (!outcome.done()) failed.push_back(outcome.name);
                    ++at;
                  });
  if (failed.empty()) return;
  const std::size_t wanted = people.size() + named.refused.size();
  throw Error(ErrorCode::kUnusable,
              wanted == 1 ? "'" + Printable(failed[0]) + "' was not enrolled: no usable utterance"
                          : Format("%zu of %zu people were not enrolled, the first is '%s'",
                                   failed.size(), wanted, Printable(failed[0]).c_str()));
}

void EnrollRecording(Recognizer& recognizer, const std::string& name, Recording recording,
                     const EnrollmentPolicy& policy, Progress& progress, const OnEnrolled& use) {
  std::vector<Recording> one;
  one.push_back(std::move(recording));
  const EnrollmentOutcome outcome = recognizer.Enroll(name, std::move(one), policy, progress);
  use(outcome);
  if (!outcome.done())
    throw Error(ErrorCode::kUnusable, "'" + Printable(name) + "' was not enrolled");
}

}  // namespace vpr
