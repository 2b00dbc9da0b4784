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

// "0.1%", "0.1 %" or "0.001" as 0.001; nothing if it is no rate.
std::string Percent(double rate) { return Format("%.6g%%", 100 * rate); }

}  // namespace

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

std::string OperatingPointsHelp() {
  return "One score, three default thresholds of the model:\n"
         "  vpr compare    at the equal error rate: as many strangers pass as true pairs fail\n"
         "  vpr verify     false match rate 1 %: of 100 strangers who claim a name one passes\n"
         "  vpr identify   FPIR 5 %: of 100 strangers 5 are taken for anybody enrolled at all;\n"
         "                 it rises with the number of the enrolled\n"
         "So verify may reject, and identify not know, whom compare calls the same speaker; the\n"
         "answer says so then. --fmr, --fpir and --threshold choose others.\n";
}

void AddThresholdOptions(CLI::App& command, ThresholdOptions& options,
                         const std::string& default_threshold) {
  CLI::Option* threshold =
      command
          .add_option("-t,--threshold", options.threshold,
                      "Same speaker from this score on (default: " + default_threshold + ")")
          ->check(FiniteNumber())
          ->type_name("SCORE");
  command
      .add_option("--fmr", options.fmr,
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

DecisionThreshold ChooseThreshold(const ThresholdOptions& options, const ModelInfo& info,
                                  const std::string& model) {
  if (options.threshold) {
    if (info.is_imported() && info.decision.basis.empty())
      spdlog::warn(
          "model '{}' is uncalibrated: nobody has measured how often this threshold errs; vpr "
          "calibrate does",
          Printable(model));
    return {*options.threshold, 0, 0, ""};
  }
  if (info.decision.basis.empty()) {
    throw Error(
        ErrorCode::kInvalidArgument,
        "model '" + Printable(model) +
            "' is uncalibrated: it has no decision threshold, since none was measured when it was "
            "made (without held-out speakers, or by vpr model import, average, fuse or part); vpr "
            "calibrate or vpr adapt finds one, --threshold gives one");
  }
  if (options.fmr.empty()) return info.decision;
  const double wanted = ParseRate(options.fmr).value();
  std::string known;
  for (const FmrThreshold& one : info.fmr_thresholds) {
    if (std::abs(one.wanted_fmr - wanted) < 1e-9) {
      if (!one.supported) {
        spdlog::warn(
            "the model's trials were too few to measure a false match rate of {}: its threshold is "
            "a guess",
            Percent(wanted));
      }
      const std::string& basis = info.decision.basis;  // "equal error rate over ..."
      const std::size_t over = std::min(basis.find(" over "), basis.size());
      return {one.threshold, one.fmr, one.fnmr,
              "wanted false match rate " + Percent(wanted) + basis.substr(over)};
    }
    known += (known.empty() ? "" : ", ") + Percent(one.wanted_fmr);
  }
  throw Error(ErrorCode::kInvalidArgument,
              "model '" + Printable(model) + "' has no threshold for a false match rate of " +
                  Percent(wanted) + (known.empty() ? "" : "; it has them for " + known));
}

std::optional<DecisionThreshold> DefaultThreshold(OperatingPoint point, const ModelInfo& info) {
  if (info.decision.basis.empty()) return std::nullopt;
  if (point == OperatingPoint::kCompare) return info.decision;
  for (const FmrThreshold& one : info.fmr_thresholds) {
    if (std::abs(one.wanted_fmr - kVerifyFmr) < 1e-9)
      return DecisionThreshold{one.threshold, one.fmr, one.fnmr,
                               "wanted false match rate " + Percent(kVerifyFmr)};
  }
  return std::nullopt;
}

std::string OtherAnswer(OperatingPoint point, double score, bool same, const ModelInfo& info) {
  const bool compare = point == OperatingPoint::kCompare;
  const auto other =
      DefaultThreshold(compare ? OperatingPoint::kVerify : OperatingPoint::kCompare, info);
  if (!other || (score >= other->threshold) == same) return {};
  return Format("vpr %s would %s: its threshold is %.4f (%s)", compare ? "verify" : "compare",
                compare ? (same ? "reject" : "accept")
                        : (same ? "say different speakers" : "say same speaker"),
                other->threshold, compare ? "false match rate 1 %" : "equal error rate");
}

std::size_t FileScorer::Add(const std::vector<std::string>& paths) {
  std::vector<std::size_t> files;
  for (const std::string& path : paths) {
    const auto [entry, inserted] = file_index_.try_emplace(path, paths_.size());
    if (inserted) paths_.push_back(path);
    files.push_back(entry->second);
  }
  const auto [entry, inserted] = side_index_.try_emplace(files, sides_.size());
  if (inserted) sides_.push_back(std::move(files));
  return entry->second;
}

void FileScorer::Embed(const EmbeddingExtractor& extractor, Progress& progress,
                       const StopRequested& stop,
                       const std::function<void(const FailedFile&)>& on_bad) {
  EmbeddedFiles embedded = EmbedFiles(paths_, extractor, progress, stop, on_bad);
  fingerprints_ = std::move(embedded.fingerprints);
  scorer_ = &extractor.scorer();
  voiceprints_.assign(sides_.size(), std::nullopt);
  for (std::size_t i = 0; i < sides_.size(); ++i) {
    Embedding mean(embedded.embeddings.cols);
    std::vector<SpeechConditions> conditions;
    for (std::size_t file : sides_[i]) {
      if (!file_usable(file)) continue;
      conditions.push_back(embedded.conditions[file]);
      for (std::size_t d = 0; d < mean.size(); ++d) mean[d] += embedded.embeddings(file, d);
    }
    if (conditions.empty()) continue;
    if (sides_[i].size() > 1) Normalize(mean);
    voiceprints_[i] = scorer_->MakeVoiceprint(mean, JoinConditions(conditions));
  }
}

std::size_t FileScorer::num_usable() const {
  return static_cast<std::size_t>(std::count_if(voiceprints_.begin(), voiceprints_.end(),
                                                [](const auto& one) { return one.has_value(); }));
}

std::optional<vpr::Score> FileScorer::Score(std::size_t a, std::size_t b) const {
  if (!usable(a) || !usable(b)) return std::nullopt;
  return scorer_->Compare(*voiceprints_[a], *voiceprints_[b]);
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
