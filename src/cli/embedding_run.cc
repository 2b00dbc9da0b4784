#include "cli/embedding_run.h"

#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "cli/command.h"
#include "cli/usage.h"
#include "vpr/audio/pcm16.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr::cli {
namespace {

std::string CheckDevice(const std::string& device) {
  const std::string digits = device.starts_with("cuda:") ? device.substr(5) : "";
  if (device == "auto" || device == "cpu" || device == "cuda" ||
      (!digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos)) {
    return {};
  }
  return "must be auto, cpu, cuda or cuda:N, found " + device;
}

}  // namespace

// "0.1%", "0.1 %" or "0.001" as 0.001; nothing if it is no rate.
std::optional<double> ParseRate(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  double rate = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (percent) rate /= 100;
  return rate > 0 && rate < 1 ? std::optional(rate) : std::nullopt;
}

CLI::Validator FiniteNumber() {
  return CLI::Validator(
      [](const std::string& text) {
        double value = 0;
        return CLI::detail::lexical_cast(text, value) && std::isfinite(value)
                   ? std::string()
                   : "must be a number, found " + text;
      },
      "");
}

void AddNetworkOptions(CLI::App& command, NetworkOptions& options) {
  command
      .add_option("-m,--model", options.model,
                  "Model file (default: $VPR_MODEL, else the model that came with vpr)")
      ->type_name("FILE");
  AddDeviceOptions(command, options.engine);
}

void AddDeviceOptions(CLI::App& command, ExtractorOptions& engine) {
  command
      .add_option("--device", engine.device,
                  "Where the network runs: auto (the CPU; with --backend libtorch a GPU if there "
                  "is one), cpu, cuda or cuda:N")
      ->check(CLI::Validator(CheckDevice, ""))
      ->type_name("NAME")
      ->capture_default_str();
  command
      .add_option("--backend", engine.backend,
                  "What runs it: auto (oneDNN on a CPU, LibTorch on a GPU), onednn or libtorch")
      ->check(OneOf({"auto", "onednn", "libtorch"}))
      ->type_name("NAME")
      ->capture_default_str();
  command
      .add_option("--threads", engine.threads,
                  "Files worked on at once; 0: as many as there are cores")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N")
      ->capture_default_str();
}

void AddThresholdOptions(CLI::App& command, ThresholdChoice& choice,
                         const std::string& default_threshold) {
  CLI::Option* threshold =
      command
          .add_option("-t,--threshold", choice.threshold,
                      "Same speaker from this score on (default: " + default_threshold + ")")
          ->check(FiniteNumber())
          ->type_name("SCORE");
  command
      .add_option_function<std::string>(
          "--fmr", [&choice](const std::string& text) { choice.fmr = ParseRate(text); },
          "The model's threshold for this false match rate: 1%, 0.1% or 0.01%")
      ->check(CLI::Validator(
          [](const std::string& text) {
            return ParseRate(text) ? std::string()
                                   : "must be a rate as 0.1% or 0.001, found " + text;
          },
          ""))
      ->type_name("RATE")
      ->excludes(threshold);
}

DecisionThreshold Told(ChosenThreshold chosen) {
  if (!chosen.warning.empty()) spdlog::warn("{}", chosen.warning);
  return std::move(chosen.decision);
}

void AddTrialOptions(CLI::App& command, TrialOptions& options) {
  command
      .add_option(
          "--trials", options.lists,
          "Lists of \"1|0 enroll test\" (VoxCeleb), \"enroll test target|nontarget\" (Kaldi) "
          "or \"enroll test 1|0\" (CN-Celeb), of speakers the model was not trained on")
      ->type_name("LIST");
  command
      .add_option(
          "--enroll", options.enroll,
          "The files of the enrollments named in the lists: lines \"name file [file ...]\"; "
          "a name that is not in it is a file")
      ->type_name("FILE");
  command.add_option("--audio-root", options.audio_root, "The folder the lists' names are below")
      ->type_name("DIR")
      ->capture_default_str();
}

std::vector<TrialList> EmbedTrials(const TrialOptions& options, const EmbeddingExtractor& extractor,
                                   Progress& progress, FileScorer& scorer) {
  std::map<std::string, std::vector<std::string>> enrollments;
  if (!options.enroll.empty()) enrollments = ReadEnrollments(options.enroll);
  auto full = [&](const std::string& name) {
    return (std::filesystem::path(options.audio_root) / name).string();
  };
  for (auto& [name, files] : enrollments) {
    for (std::string& file : files) file = full(file);
  }
  std::vector<TrialList> lists;
  for (const std::string& path : options.lists) {
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
  scorer.Embed(extractor, progress, CatchInterrupts(), [&](const FailedFile& failed) {
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

}  // namespace vpr::cli
