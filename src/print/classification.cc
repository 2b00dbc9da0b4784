#include "vpr/print/classification.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "print/report_json.h"
#include "vpr/base/text.h"
#include "vpr/print/json_line.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

Json DoubtedJson(const std::vector<DoubtedLabel>& doubted) {
  Json json = Json::array();
  for (const DoubtedLabel& one : doubted)
    json.push_back({{"path", one.path},
                    {"group", one.group.empty() ? Json() : Json(one.group)},
                    {"label", one.label},
                    {"answer", one.answer},
                    {"label_probability", one.label_probability},
                    {"answer_probability", one.answer_probability}});
  return json;
}

}  // namespace

std::string Describe(const ClassifierTrainResult& result) {
  const ClassifierInfo& info = result.info;
  std::string text = Format("%s on %zu values of %s, %zu classes, %zu recordings",
                            ToString(info.kind), info.row_names.size(),
                            ToString(info.features.kind), info.labels.size(), result.recordings);
  if (!info.training.group_by.empty())
    text += Format(", grouped by %s", Printable(info.training.group_by).c_str());
  for (const auto& [name, value] : info.settings) text += Format(", %s %g", name.c_str(), value);
  return text;
}

std::string ToText(const ClassifierTrainResult& result) {
  std::string text = Describe(result) + "\n";
  for (std::size_t c = 0; c < result.info.labels.size(); ++c)
    text +=
        Format("  %llu of %s\n", static_cast<unsigned long long>(result.info.training.counts[c]),
               result.info.labels[c].c_str());
  if (!result.skipped.empty())
    text += Format("%zu recordings could not be used\n", result.skipped.size());
  if (result.unlabelled > 0) text += Format("%zu without a label\n", result.unlabelled);
  if (result.info.settings.contains("filter_labels"))
    text +=
        Format("%zu not learnt from, as the others contradict their labels (the log lists them)\n",
               result.doubted.size());
  if (result.cross_validation) text += CrossValidationText(*result.cross_validation);
  if (result.test) {
    text += "\nOn recordings held out:\n" + ReportText(*result.test);
  } else if (result.cross_validation) {
    text += "\nAll folds of the cross-validation together:\n" +
            ReportText(result.cross_validation->report);
  }
  return text;
}

std::string ToJson(const ClassifierTrainOptions& options, const ClassifierTrainResult& result,
                   const std::string& log) {
  Json json = {{"model", options.output},
               {"fingerprint", result.info.fingerprint},
               {"classifier", ToString(result.info.kind)},
               {"labels", result.info.labels},
               {"recordings", result.recordings},
               {"counts", result.info.training.counts},
               {"groups", result.info.training.groups},
               {"unlabelled", result.unlabelled},
               {"skipped", FailuresJson(result.skipped)},
               {"doubted", DoubtedJson(result.doubted)},
               {"settings", result.info.settings},
               {"columns", result.info.row_names},
               {"log", log},
               {"cross_validation", nullptr},
               {"test", nullptr}};
  json["cross_validation"] = CrossValidationJson(result.cross_validation);
  if (result.test) json["test"] = ReportJson(*result.test);
  return JsonLine(json);
}

std::string DoubtedLines(const std::vector<DoubtedLabel>& doubted) {
  std::string lines;
  for (const DoubtedLabel& one : doubted)
    lines += Format("doubted: '%s' is labelled %s (%.2f), sounds like %s (%.2f)\n",
                    Printable(one.group.empty() ? one.path : one.group).c_str(), one.label.c_str(),
                    one.label_probability, one.answer.c_str(), one.answer_probability);
  return lines;
}

std::string ToText(const TuneResult& result) {
  const Study& study = result.study;
  std::string text = StudyTable(study);
  const auto pruned = std::count_if(study.trials.begin(), study.trials.end(),
                                    [](const StudyTrial& trial) { return trial.pruned; });
  text += Format("%zu trials on %zu recordings, %td pruned; value: mean weighted F1 of the folds\n",
                 study.trials.size(), result.recordings, pruned);
  if (result.test.total > 0)
    text += Format(
        "On %zu recordings held out of the search: tuned F1 %.4f, accuracy %.2f %%; "
        "default settings F1 %.4f, accuracy %.2f %%; most frequent class %.2f %%\n",
        result.test.total, result.test.weighted.f1, 100 * result.test.accuracy,
        result.default_test.weighted.f1, 100 * result.default_test.accuracy,
        100 * result.test.baseline);
  return text;
}

std::string ToJson(const TuneOptions& options, const TuneResult& result) {
  const Study& study = result.study;
  Json json = {{"study", options.study},
               {"model", nullptr},
               {"recordings", result.recordings},
               {"skipped", FailuresJson(result.skipped)}};
  if (!options.train.output.empty()) json["model"] = options.train.output;
  const auto describe = [&](const StudyTrial& trial) {
    Json one = {{"trial", trial.number + 1}, {"value", trial.value}, {"pruned", trial.pruned}};
    for (std::size_t p = 0; p < study.parameters.size(); ++p)
      one["settings"][study.parameters[p].name] = trial.settings[p];
    return one;
  };
  json["best"] = describe(*study.best());
  json["trials"] = Json::array();
  for (const StudyTrial& trial : study.trials) json["trials"].push_back(describe(trial));
  json["test"] = json["default_test"] = nullptr;
  if (result.test.total > 0) {
    json["test"] = ReportJson(result.test);
    json["default_test"] = ReportJson(result.default_test);
  }
  return JsonLine(json);
}

std::string ToText(const ClassifierEvaluation& evaluation, const std::string& by) {
  std::string text = ReportText(evaluation.report);
  text += PartsText(evaluation.by, by);
  if (!evaluation.skipped.empty())
    text += Format("%zu recordings could not be used\n", evaluation.skipped.size());
  return text;
}

std::string ToJson(const ClassifierEvaluation& evaluation) {
  Json json = ReportJson(evaluation.report);
  json["skipped"] = FailuresJson(evaluation.skipped);
  json["unlabelled"] = evaluation.unlabelled;
  json["training_recordings"] = evaluation.training_recordings;
  for (const auto& [value, part] : evaluation.by) json["by"][value] = ReportJson(part);
  return JsonLine(json);
}

std::string ToText(const std::string& file, const std::vector<std::string>& labels,
                   const Classifier::Answer& answer) {
  return Printable(file) + ClassesText(labels, answer.probabilities) + "\n";
}

std::string ToJson(const std::string& file, const std::vector<std::string>& labels,
                   const Classifier::Answer& answer) {
  const auto best = static_cast<std::size_t>(answer.best);
  Json json = {
      {"file", file}, {"label", labels[best]}, {"probability", answer.probabilities[best]}};
  for (std::size_t c = 0; c < labels.size(); ++c)
    json["probabilities"][labels[c]] = answer.probabilities[c];
  return JsonLine(json);
}

std::string UnclassifiedJson(const std::string& file, const std::string& reason) {
  return JsonLine({{"file", file}, {"label", nullptr}, {"error", reason}});
}

}  // namespace vpr
