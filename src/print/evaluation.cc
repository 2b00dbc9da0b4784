#include "vpr/print/evaluation.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "vpr/base/text.h"
#include "vpr/print/json_line.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

std::string Percent(double rate) { return std::isnan(rate) ? "-" : Format("%.2f %%", 100 * rate); }

// One line of the first table: errors; of the second: costs. Both fit 80 columns but for the name.
std::string ErrorRow(const std::string& name, const Evaluation& e) {
  const ConfidenceInterval& eer = e.intervals[kEer];
  return Format(
      "%8zu %7zu %8s %17s %9s %8s %8s  %s\n", e.targets + e.nontargets, e.targets,
      Percent(e.rates[kEer]).c_str(),
      std::isnan(eer.low) ? "-" : Format("%.2f .. %.2f %%", 100 * eer.low, 100 * eer.high).c_str(),
      std::isnan(e.eer_threshold) ? "-" : Format("%.4f", e.eer_threshold).c_str(),
      Percent(e.rates[kFmr]).c_str(), Percent(e.rates[kFnmr]).c_str(), Printable(name).c_str());
}

std::string CostRow(const std::string& name, const Evaluation& e, const std::string& fta) {
  auto number = [](double value) { return std::isnan(value) ? "-" : Format("%.3f", value); };
  return Format("%12s %12s %12s %7s %8s %8s  %s\n", number(e.rates[kMinDcf01]).c_str(),
                number(e.rates[kMinDcf05]).c_str(), number(e.rates[kActDcf01]).c_str(),
                number(e.rates[kCllr]).c_str(), number(e.rates[kMinCllr]).c_str(), fta.c_str(),
                Printable(name).c_str());
}

void AddRate(Json& json, const std::string& name, double rate, const ConfidenceInterval& interval) {
  json[name] = nullptr;
  json[name + "_ci95"] = nullptr;
  if (std::isnan(rate)) return;
  json[name] = rate;
  if (!std::isnan(interval.low)) json[name + "_ci95"] = {interval.low, interval.high};
}

void AddEvaluation(Json& json, const Evaluation& e) {
  for (std::size_t k = 0; k < kNumRates; ++k)
    AddRate(json, kRateNames[k], e.rates[k], e.intervals[k]);
  json["trials"] = e.targets + e.nontargets;
  json["targets"] = e.targets;
  json["nontargets"] = e.nontargets;
  json["threshold"] = nullptr;
  if (!std::isnan(e.eer_threshold)) json["threshold"] = e.eer_threshold;
  json["decision_threshold"] = nullptr;
  if (!std::isnan(e.decision_threshold)) json["decision_threshold"] = e.decision_threshold;
}

}  // namespace

std::string ToTable(const std::vector<ListReport>& reports) {
  auto condition_name = [](const ConditionReport& condition) {
    return "  " + condition.property + ": " + condition.value;
  };
  std::string table = Format("%8s %7s %8s %17s %9s %8s %8s  %s\n", "trials", "targets", "EER",
                             "95 % interval", "threshold", "FMR", "FNMR", "list");
  for (const ListReport& report : reports) {
    table += ErrorRow(report.list, report.whole);
    for (const ConditionReport& condition : report.conditions)
      table += ErrorRow(condition_name(condition), condition.evaluation);
  }
  table += Format("%12s %12s %12s %7s %8s %8s  %s\n", "minDCF(0.01)", "minDCF(0.05)",
                  "actDCF(0.01)", "Cllr", "min Cllr", "FTA", "list");
  for (const ListReport& report : reports) {
    table += CostRow(report.list, report.whole, report.files == 0 ? "-" : Percent(report.fta()));
    for (const ConditionReport& condition : report.conditions)
      table += CostRow(condition_name(condition), condition.evaluation, "");
  }
  for (const ListReport& report : reports) {
    if (report.files == 0) continue;
    table += Printable(report.list) + ": ";
    if (!report.identification) {
      table += "1:N not measured: " + report.no_identification + "\n";
      continue;
    }
    const Identification& found = *report.identification;
    table +=
        Format("1:N, %zu searches among %zu enrolled, speakers by %s: rank-1 %s", found.searches,
               found.gallery, report.speakers_by.c_str(), Percent(found.rank1).c_str());
    if (!std::isnan(found.threshold))
      table += Format("; FNIR %s, FPIR %s at %.4f, the threshold %s", Percent(found.fnir).c_str(),
                      Percent(found.fpir).c_str(), found.threshold,
                      report.identification_threshold.c_str());
    if (report.unknown_names > 0)
      table += Format("; %zu names whose speaker is not known were left out", report.unknown_names);
    table += "\n";
  }
  return table;
}

std::string ToJson(const ListReport& report) {
  Json json = {{"list", report.list}};
  AddEvaluation(json, report.whole);
  json["fta"] = nullptr;
  if (report.files > 0) {
    json["fta"] = report.fta();
    json["files"] = report.files;
    json["unusable_files"] = report.unusable_files;
    json["excluded_trials"] = report.excluded_trials;
    json["eer_cosine"] = report.cosine_eer;
    json["training_files"] = report.training_files;
    json["training_speakers"] = report.training_speakers;
  }
  if (report.files > 0) {
    json["speakers_by"] = report.speakers_by;
    json["unknown_names"] = report.unknown_names;
    json["identification"] = nullptr;
    if (!report.identification) json["no_identification"] = report.no_identification;
  }
  if (report.identification) {
    const Identification& found = *report.identification;
    Json& one = json["identification"] = {{"gallery", found.gallery},
                                          {"searches", found.searches},
                                          {"threshold", nullptr},
                                          {"threshold_is", report.identification_threshold}};
    if (!std::isnan(found.threshold)) one["threshold"] = found.threshold;
    AddRate(one, "rank1", found.rank1, found.rank1_interval);
    AddRate(one, "fnir", found.fnir, found.fnir_interval);
    AddRate(one, "fpir", found.fpir, found.fpir_interval);
  }
  for (const ConditionReport& condition : report.conditions) {
    Json one = {{"property", condition.property}, {"value", condition.value}};
    AddEvaluation(one, condition.evaluation);
    json["conditions"].push_back(std::move(one));
  }
  return JsonLine(json);
}

std::string ToText(const std::string& output, const DegradedTrials& degraded) {
  const std::size_t failed = degraded.failed.size();
  return Format("%s: %zu files%s\n", Printable(output).c_str(), degraded.files,
                failed == 0 ? "" : Format(", %zu could not be used", failed).c_str());
}

std::string ToJson(const std::string& output, const DegradedTrials& degraded) {
  Json json = {{"output", output}, {"files", degraded.files}, {"failed", Json::array()}};
  for (const auto& [file, reason] : degraded.failed)
    json["failed"].push_back({{"file", file}, {"reason", reason}});
  return JsonLine(json);
}

}  // namespace vpr
