#include "vpr/evaluate/trial_run.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <unordered_map>

#include "vpr/audio/pcm16.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/eval/trials.h"

namespace vpr {

std::vector<TrialList> EmbedTrials(const TrialSource& source, const EmbeddingExtractor& extractor,
                                   Progress& progress, const StopRequested& stop,
                                   FileScorer& scorer) {
  std::map<std::string, std::vector<std::string>> enrollments;
  if (!source.enroll.empty()) enrollments = ReadEnrollments(source.enroll);
  auto full = [&](const std::string& name) {
    return (std::filesystem::path(source.audio_root) / name).string();
  };
  for (auto& [name, files] : enrollments) {
    for (std::string& file : files) file = full(file);
  }
  std::vector<TrialList> lists;
  for (const std::string& path : source.lists) {
    TrialList& list = lists.emplace_back();
    list.path = path;
    list.conditions = {""};
    std::unordered_map<std::string, std::uint32_t> names, conditions = {{"", 0}};
    auto number = [](auto& numbers, auto& texts, std::string&& text) {
      const auto [entry, added] =
          numbers.try_emplace(text, static_cast<std::uint32_t>(numbers.size()));
      if (added) texts.push_back(std::move(text));
      return entry->second;
    };
    ForEachTrial(path, [&](Trial&& trial) {
      const std::uint32_t enroll = number(names, list.names, std::move(trial.enroll)),
                          test = number(names, list.names, std::move(trial.test));
      list.trials.push_back({enroll, test,
                             number(conditions, list.conditions, std::move(trial.condition)),
                             trial.target});
    });
    // Sides get their numbers, and files their places, in the order of the list.
    for (const std::string& name : list.names) {
      const auto enrollment = enrollments.find(name);
      list.sides.push_back(enrollment == enrollments.end() ? scorer.Add(full(name))
                                                           : scorer.Add(enrollment->second));
    }
  }
  std::string first_reason;
  scorer.Embed(extractor, progress, stop, [&](const FailedFile& failed) {
    if (first_reason.empty()) first_reason = failed.reason;
    progress.Warn(failed.reason);
  });
  if (scorer.num_usable() == 0) {
    throw Error(ErrorCode::kUnusable,
                "no file of the trials can be used (is --audio-root right?), the first because: " +
                    first_reason);
  }
  std::set<std::size_t> all;
  for (std::size_t i = 0; i < scorer.paths().size(); ++i) all.insert(i);
  const TrainingOverlap overlap = FindTrainingOverlap(scorer, all, extractor.info().training);
  if (overlap.files > 0)
    progress.Warn(Format(
        "THE MODEL WAS TRAINED ON %zu of the %zu files: the figures say nothing about unknown "
        "speakers",
        overlap.files, all.size()));
  if (overlap.speakers > 0)
    progress.Warn(
        Format("%zu of the folders that the files are in have the name of a speaker THE MODEL WAS "
               "TRAINED ON: if it is the same one, the figures say nothing about unknown speakers",
               overlap.speakers));
  return lists;
}

std::vector<CalibrationTrial> ScoreTrials(const TrialSource& source,
                                          const EmbeddingExtractor& extractor, Progress& progress,
                                          const StopRequested& stop) {
  FileScorer scorer;
  std::vector<CalibrationTrial> trials;
  std::size_t all = 0;
  for (const TrialList& list : EmbedTrials(source, extractor, progress, stop, scorer)) {
    all += list.trials.size();
    for (const TrialList::Entry& trial : list.trials) {
      const std::size_t enroll = list.sides[trial.enroll], test = list.sides[trial.test];
      const std::optional<Score> score = scorer.Score(enroll, test);
      if (!score) continue;
      const double seconds = std::min(scorer.Seconds(enroll), scorer.Seconds(test));
      trials.push_back({score->value, seconds, trial.target});
    }
  }
  if (trials.empty())
    throw Error(ErrorCode::kUnusable,
                Format("none of the %zu trials can be scored (is --audio-root right?)", all));
  if (trials.size() < all) {
    progress.Warn(Format("%zu of %zu trials are left out, since a file of theirs cannot be used",
                         all - trials.size(), all));
  }
  return trials;
}

TrainingOverlap FindTrainingOverlap(const FileScorer& scorer, const std::set<std::size_t>& files,
                                    const TrainingProvenance& training) {
  TrainingOverlap overlap;
  std::set<std::string> folders;
  for (std::size_t file : files) {
    if (!scorer.file_usable(file)) continue;
    overlap.files += HasFingerprint(training.utterance_fingerprints, scorer.fingerprint(file));
    folders.insert(std::filesystem::path(scorer.paths()[file]).parent_path().filename().string());
  }
  for (const std::string& folder : folders)
    overlap.speakers += HasFingerprint(training.speaker_fingerprints, SpeakerFingerprint(folder));
  return overlap;
}

}  // namespace vpr
