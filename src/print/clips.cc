#include "vpr/print/clips.h"

#include <nlohmann/json.hpp>

#include "print/report_json.h"
#include "vpr/base/text.h"
#include "vpr/print/json_line.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

std::string SidesOf(const ClipShape& shape) {
  return shape.fused() ? "pictures and sound" : shape.image ? "pictures" : "sound";
}

// A line for each side of which there is more than one.
std::string SidesText(const ClipReport& report) {
  if (!report.image || !report.sound) return "";
  std::string text = "\n  accuracy        F1  clips  by\n";
  const auto line = [&](const ClassificationReport& of, const char* by) {
    text += Format("%8.2f %%  %8.4f  %5zu  %s\n", 100 * of.accuracy, of.weighted.f1, of.total, by);
  };
  line(report.both, "both");
  line(*report.image, "pictures alone");
  line(*report.sound, "sound alone");
  if (report.image_weight >= 0)
    text += Format("mean weights: pictures %.3f, sound %.3f\n", report.image_weight,
                   report.sound_weight);
  return text;
}

Json SidesJson(const ClipReport& report) {
  Json json = {{"image", nullptr}, {"sound", nullptr}, {"weights", nullptr}};
  if (report.image) json["image"] = ReportJson(*report.image);
  if (report.sound) json["sound"] = ReportJson(*report.sound);
  if (report.image_weight >= 0)
    json["weights"] = {{"image", report.image_weight}, {"sound", report.sound_weight}};
  return json;
}

}  // namespace

std::string Describe(const ClipTrainResult& result) {
  const ClipClassifierInfo& info = result.info;
  std::string text = "clips by " + SidesOf(info.shape);
  if (info.shape.image)
    text += Format(", %s on %d %s of %d pixels", info.shape.image_network.c_str(),
                   info.clips.frames, info.clips.face ? "faces" : "frames", info.shape.side);
  if (info.shape.fused()) text += std::string(", fusion ") + ToString(info.shape.fusion);
  text += Format(", %zu parameters, %zu classes, %zu clips", ClipParameters(info.shape),
                 info.labels.size(), result.clips);
  if (!info.training.group_by.empty()) text += ", grouped by " + Printable(info.training.group_by);
  for (const auto& [name, value] : info.settings) text += Format(", %s %g", name.c_str(), value);
  return text;
}

std::string ToText(const ClipTrainResult& result) {
  std::string text = Describe(result) + "\n";
  for (std::size_t c = 0; c < result.info.labels.size(); ++c)
    text +=
        Format("  %llu of %s\n", static_cast<unsigned long long>(result.info.training.counts[c]),
               result.info.labels[c].c_str());
  text += Format("%zu clips are seen, %zu heard\n", result.seen, result.heard);
  if (!result.skipped.empty())
    text += Format("%zu clips could not be used\n", result.skipped.size());
  if (result.unlabelled > 0) text += Format("%zu without a label\n", result.unlabelled);
  if (result.cross_validation) text += CrossValidationText(*result.cross_validation);
  if (result.test)
    text += "\nOn clips held out:\n" + ReportText(result.test->both) + SidesText(*result.test);
  else if (result.cross_validation)
    text += "\nAll folds of the cross-validation together:\n" +
            ReportText(result.cross_validation->report);
  return text;
}

std::string ToJson(const ClipTrainOptions& options, const ClipTrainResult& result,
                   const std::string& log) {
  const ClipClassifierInfo& info = result.info;
  Json json = {{"model", options.output},
               {"fingerprint", info.fingerprint},
               {"classifier", "clips"},
               {"labels", info.labels},
               {"recordings", result.clips},
               {"counts", info.training.counts},
               {"groups", info.training.groups},
               {"unlabelled", result.unlabelled},
               {"skipped", FailuresJson(result.skipped)},
               {"doubted", Json::array()},
               {"settings", info.settings},
               {"columns", Json::array()},
               {"log", log},
               {"cross_validation", CrossValidationJson(result.cross_validation)},
               {"test", nullptr}};
  if (result.test) json["test"] = ReportJson(result.test->both);
  Json clips = {{"image", info.shape.image},
                {"sound", info.shape.sound},
                {"image_network", nullptr},
                {"face", nullptr},
                {"side", nullptr},
                {"frames", nullptr},
                {"fusion", nullptr},
                {"parameters", ClipParameters(info.shape)},
                {"seen", result.seen},
                {"heard", result.heard},
                {"test", nullptr}};
  if (info.shape.image) {
    clips["image_network"] = info.shape.image_network;
    clips["face"] = info.clips.face;
    clips["side"] = info.shape.side;
    clips["frames"] = info.clips.frames;
  }
  if (info.shape.fused()) clips["fusion"] = ToString(info.shape.fusion);
  if (result.test) clips["test"] = SidesJson(*result.test);
  json["clips"] = clips;
  return JsonLine(json);
}

std::string ToText(const ClipEvaluation& evaluation, const std::string& by) {
  std::string text = ReportText(evaluation.report.both) + SidesText(evaluation.report) +
                     PartsText(evaluation.by, by);
  text += Format("%zu clips were seen, %zu heard\n", evaluation.seen, evaluation.heard);
  if (!evaluation.skipped.empty())
    text += Format("%zu clips could not be used\n", evaluation.skipped.size());
  return text;
}

std::string ToJson(const ClipEvaluation& evaluation) {
  Json json = ReportJson(evaluation.report.both);
  json["skipped"] = FailuresJson(evaluation.skipped);
  json["unlabelled"] = evaluation.unlabelled;
  json["training_recordings"] = evaluation.training_clips;
  for (const auto& [value, part] : evaluation.by) json["by"][value] = ReportJson(part);
  json["sides"] = SidesJson(evaluation.report);
  json["seen"] = evaluation.seen;
  json["heard"] = evaluation.heard;
  return JsonLine(json);
}

std::string ToText(const std::string& file, const std::vector<std::string>& labels,
                   const ClipClassifier::Answer& answer) {
  std::string line = Printable(file) + ClassesText(labels, answer.probabilities);
  if (answer.image.empty() || answer.sound.empty())
    return line + (answer.image.empty() ? "\tsound alone\n" : "\tpictures alone\n");
  if (answer.image_weight >= 0)
    line += Format("\tpictures %.2f, sound %.2f", answer.image_weight, answer.sound_weight);
  return line + "\n";
}

std::string ToJson(const std::string& file, const std::vector<std::string>& labels,
                   const ClipClassifier::Answer& answer) {
  const auto best = static_cast<std::size_t>(answer.best);
  const auto by_label = [&](const std::vector<double>& probabilities) {
    Json json;
    for (std::size_t c = 0; c < probabilities.size(); ++c) json[labels[c]] = probabilities[c];
    return json;  // null where the side is not there
  };
  Json json = {{"file", file},
               {"label", labels[best]},
               {"probability", answer.probabilities[best]},
               {"probabilities", by_label(answer.probabilities)},
               {"weights", nullptr},
               {"sides", {{"image", by_label(answer.image)}, {"sound", by_label(answer.sound)}}},
               {"missing", nullptr}};
  if (answer.image_weight >= 0)
    json["weights"] = {{"image", answer.image_weight}, {"sound", answer.sound_weight}};
  if (!answer.missing.empty()) json["missing"] = answer.missing;
  return JsonLine(json);
}

}  // namespace vpr
