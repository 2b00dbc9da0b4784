#include "vpr/print/training.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "vpr/base/text.h"
#include "vpr/eval/thresholds.h"
#include "vpr/print/json_line.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

// By list and form: what a list is wrongly decided by a score and thresholds from the others.
std::string LeftOutTable(const std::vector<std::string>& lists,
                         const std::vector<LeftOutRates>& left_out) {
  std::string text =
      "each list by a score and thresholds from the others:\n"
      "  FMR / FNMR at \"1 %\"  FMR / FNMR at \"0.1 %\"   targets nontargets\n";
  for (const LeftOutRates& one : left_out)
    text +=
        Format("%8.2f / %5.1f %%     %8.3f / %5.1f %%       %7zu %10zu  %s, %s\n", 100 * one.fmr[0],
               100 * one.fnmr[0], 100 * one.fmr[1], 100 * one.fnmr[1], one.targets, one.nontargets,
               Printable(std::filesystem::path(lists[one.corpus]).filename().string()).c_str(),
               one.form.c_str());
  return text;
}

}  // namespace

std::string ToText(const TrainConfig& config, const TrainResult& result) {
  if (result.best.epoch == 0) return {};
  const std::string quality =
      result.best.dev_eer < 0 ? "EER not measured (no held-out speakers)"
                              : Format("EER %.2f %% on held-out speakers, threshold %.3f",
                                       100 * result.best.dev_eer, result.model.decision.threshold);
  return Format("%s: epoch %d of %d, %s\n", Printable(config.output).c_str(), result.best.epoch,
                config.epochs, quality.c_str());
}

std::string ToJson(const TrainConfig& config, const TrainResult& result) {
  const bool written = result.best.epoch > 0;
  Json json = {{"model", written ? config.output : ""},
               {"run_dir", config.run_dir},
               {"interrupted", result.interrupted},
               {"epochs", result.last.epoch},
               {"best_epoch", result.best.epoch},
               {"loss", result.best.loss},
               {"accuracy", result.best.accuracy},
               {"eer", nullptr},
               {"threshold", nullptr}};
  if (result.best.dev_eer >= 0 && written) {
    json["eer"] = result.best.dev_eer;
    json["threshold"] = result.model.decision.threshold;
  }
  return JsonLine(json);
}

std::string ToText(const AdaptOptions& options, const AdaptResult& result) {
  return Format("%s: scores by %s with AS-norm, EER %.2f %% on held-out speakers, threshold %.3f\n",
                Printable(options.output).c_str(), result.plda ? "PLDA" : "cosine",
                100 * result.dev_eer, result.model.decision.threshold);
}

std::string ToJson(const AdaptOptions& options, const AdaptResult& result) {
  return JsonLine({{"model", options.output},
                   {"scores", result.plda ? "plda" : "cosine"},
                   {"eer", result.dev_eer},
                   {"threshold", result.model.decision.threshold}});
}

std::string ToText(const SpeechTrainConfig& config, const SpeechTrainResult& result) {
  return Format("%s: of the last crops %.1f %% of the speech missed, %.1f %% of the rest kept%s\n",
                Printable(config.output).c_str(), 100 * result.missed, 100 * result.kept,
                result.interrupted ? " (stopped early)" : "");
}

std::string ThresholdTable(const ModelInfo& info) {
  std::string text = Format("%12s %10s %9s %9s\n", "wanted FMR", "threshold", "FMR", "FNMR");
  text += Format("%12s %10.4f %7.3f %% %7.3f %%\n", "EER", info.decision.threshold,
                 100 * info.decision.fmr, 100 * info.decision.fnmr);
  for (const FmrThreshold& one : info.fmr_thresholds) {
    text += Format("%10.6g %% %10.4f %7.3f %% %7.3f %%%s\n", 100 * one.wanted_fmr, one.threshold,
                   100 * one.fmr, 100 * one.fnmr, one.supported ? "" : "  (too few trials)");
  }
  return text;
}

std::string ToText(const ModelInfo& info, const std::vector<std::string>& lists,
                   const std::vector<LeftOutRates>& left_out) {
  return ThresholdTable(info) + (left_out.empty() ? "" : LeftOutTable(lists, left_out));
}

std::string ToJson(const ModelInfo& info, const std::vector<std::string>& lists,
                   const std::vector<LeftOutRates>& left_out) {
  Json json = Json::parse(InfoAsJson(info));
  json["left_out"] = Json::array();
  for (const LeftOutRates& one : left_out) {
    Json entry = {{"list", lists[one.corpus]},
                  {"form", one.form},
                  {"targets", one.targets},
                  {"nontargets", one.nontargets}};
    for (std::size_t k = 0; k < one.fmr.size(); ++k)
      entry["rates"].push_back(
          {{"wanted_fmr", kWantedFmrs[k]}, {"fmr", one.fmr[k]}, {"fnmr", one.fnmr[k]}});
    json["left_out"].push_back(std::move(entry));
  }
  return JsonLine(json);
}

std::string ToText(const LabelledEmbeddings& recordings, const SuspectLabels& found) {
  auto name = [&](int speaker) {
    return Printable(recordings.speakers[static_cast<std::size_t>(speaker)]);
  };
  std::string text;
  for (const SuspectPair& pair : found.pairs)
    text += Format("same person?\t%s\t%s\t%.3f\n", name(pair.a).c_str(), name(pair.b).c_str(),
                   pair.cosine);
  for (const SuspectRecording& one : found.recordings)
    text += Format("somebody else?\t%s\t%s %.3f\tnearest %s %.3f\n",
                   Printable(recordings.names[one.recording]).c_str(),
                   name(recordings.speaker_of[one.recording]).c_str(), one.own,
                   name(one.nearest).c_str(), one.other);
  return text + Format(
                    "%zu recordings of %zu speakers: %zu pairs seem to be one person (from a "
                    "cosine of %.3f on), %zu recordings somebody else's\n",
                    recordings.names.size(), recordings.speakers.size(), found.pairs.size(),
                    found.pair_threshold, found.recordings.size());
}

std::string ToJson(const LabelledEmbeddings& recordings, const SuspectLabels& found) {
  auto name = [&](int speaker) { return recordings.speakers[static_cast<std::size_t>(speaker)]; };
  Json json = {{"recordings", recordings.names.size()},
               {"speakers", recordings.speakers.size()},
               {"usual_own", found.usual_own},
               {"stranger_mean", found.stranger_mean},
               {"stranger_deviation", found.stranger_deviation},
               {"pair_threshold", found.pair_threshold},
               {"same_person", Json::array()},
               {"somebody_else", Json::array()}};
  for (const SuspectPair& pair : found.pairs)
    json["same_person"].push_back(
        {{"a", name(pair.a)}, {"b", name(pair.b)}, {"cosine", pair.cosine}});
  for (const SuspectRecording& one : found.recordings)
    json["somebody_else"].push_back({{"recording", recordings.names[one.recording]},
                                     {"speaker", name(recordings.speaker_of[one.recording])},
                                     {"own_cosine", one.own},
                                     {"nearest", name(one.nearest)},
                                     {"nearest_cosine", one.other}});
  return JsonLine(json);
}

}  // namespace vpr
