#include "print/report_json.h"

#include <algorithm>
#include <numeric>

#include "vpr/base/text.h"

namespace vpr {

using Json = nlohmann::ordered_json;

Json ReportJson(const ClassificationReport& report) {
  auto scores = [](const ClassScores& one) {
    return Json{{"precision", one.precision},
                {"recall", one.recall},
                {"f1", one.f1},
                {"support", one.support}};
  };
  Json json = {{"accuracy", report.accuracy},
               {"baseline", report.baseline},
               {"recordings", report.total},
               {"macro", scores(report.macro)},
               {"weighted", scores(report.weighted)}};
  for (std::size_t c = 0; c < report.labels.size(); ++c)
    json["classes"][report.labels[c]] = scores(report.classes[c]);
  json["labels"] = report.labels;
  json["confusion"] = report.confusion;
  return json;
}

Json FailuresJson(const std::vector<FailedFile>& failures) {
  Json json = Json::array();
  for (const FailedFile& failed : failures)
    json.push_back({{"file", failed.path}, {"reason", failed.reason}});
  return json;
}

Json CrossValidationJson(const std::optional<CrossValidation>& cv) {
  if (!cv) return nullptr;
  return {{"accuracies", cv->accuracies},
          {"mean", cv->mean},
          {"std", cv->std},
          {"report", ReportJson(cv->report)}};
}

std::string PartsText(const std::map<std::string, ClassificationReport>& parts,
                      const std::string& by) {
  if (parts.empty()) return "";
  std::string text = "\n  accuracy  baseline  recordings  " + Printable(by) + "\n";
  for (const auto& [value, part] : parts)
    text += Format("%8.2f %%  %6.2f %%  %10zu  %s\n", 100 * part.accuracy, 100 * part.baseline,
                   part.total, Printable(value).c_str());
  return text;
}

std::string CrossValidationText(const CrossValidation& cv) {
  return Format(
      "cross-validation in %zu folds: accuracy %.2f %% +- %.2f (%.2f %% by always "
      "saying the most frequent class)\n",
      cv.accuracies.size(), 100 * cv.mean, 100 * cv.std, 100 * cv.report.baseline);
}

std::string ClassesText(const std::vector<std::string>& labels,
                        const std::vector<double>& probabilities) {
  std::vector<std::size_t> order(labels.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return probabilities[a] > probabilities[b];
  });
  std::string text;
  for (std::size_t c : order)
    text += Format("\t%s %.1f %%", Printable(labels[c]).c_str(), 100 * probabilities[c]);
  return text;
}

}  // namespace vpr
