#include "vpr/tune/study.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/json_reading.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kFormat[] = "vpr study";
constexpr int kVersion = 1;
constexpr std::size_t kMostBytes = 64 << 20, kMostParameters = 100, kMostTrials = 100000;

// JSON has no word for what is no number.
Json NumberOrNull(double value) { return std::isfinite(value) ? Json(value) : Json(); }
double NumberOf(const Json& json) { return json.is_null() ? std::nan("") : json.get<double>(); }

void Check(bool holds, const char* what) {
  if (!holds) throw Error(ErrorCode::kCorrupt, what);
}

Json ToJson(const Study& study) {
  Json json = {{"format", kFormat},
               {"version", kVersion},
               {"subject", study.subject},
               {"seed", study.seed},
               {"direction", study.maximize ? "maximize" : "minimize"}};
  json["parameters"] = Json::array();
  for (const TuneParameter& parameter : study.parameters)
    json["parameters"].push_back({{"name", parameter.name},
                                  {"low", parameter.low},
                                  {"high", parameter.high},
                                  {"log", parameter.log}});
  json["trials"] = Json::array();
  for (const StudyTrial& trial : study.trials) {
    Json one = {{"number", trial.number},
                {"pruned", trial.pruned},
                {"value", NumberOrNull(trial.value)},
                {"settings", Json::object()},
                {"reported", Json::array()}};
    for (std::size_t p = 0; p < study.parameters.size(); ++p)
      one["settings"][study.parameters[p].name] = trial.settings[p];
    for (const auto& [step, value] : trial.reported)
      one["reported"].push_back({step, NumberOrNull(value)});
    json["trials"].push_back(one);
  }
  return json;
}

Study FromJson(const Json& json) {
  Study study;
  Check(json.at("format") == kFormat, "it is no study");
  Check(json.at("version") == kVersion, "it has another version");
  json.at("subject").get_to(study.subject);
  ReadWhole(json, "seed", study.seed);
  const auto direction = json.at("direction").get<std::string>();
  Check(direction == "maximize" || direction == "minimize", "its direction is none");
  study.maximize = direction == "maximize";
  std::set<std::string> names;
  for (const Json& one : json.at("parameters")) {
    TuneParameter parameter{one.at("name"), one.at("low"), one.at("high"), one.at("log")};
    Check(std::isfinite(parameter.low) && std::isfinite(parameter.high) &&
              parameter.low <= parameter.high && (!parameter.log || parameter.low > 0),
          "the range of a parameter is none");
    Check(names.insert(parameter.name).second, "two parameters have one name");
    study.parameters.push_back(std::move(parameter));
  }
  Check(!study.parameters.empty() && study.parameters.size() <= kMostParameters &&
            json.at("trials").size() <= kMostTrials,
        "it has no parameters, or too many of something");
  for (const Json& one : json.at("trials")) {
    StudyTrial trial;
    ReadWhole(one, "number", trial.number);
    one.at("pruned").get_to(trial.pruned);
    trial.value = NumberOf(one.at("value"));
    Check(trial.number == static_cast<int>(study.trials.size()), "its trials are not in order");
    for (const TuneParameter& parameter : study.parameters) {
      const auto value = one.at("settings").at(parameter.name).get<double>();
      Check(value >= parameter.low && value <= parameter.high, "a setting is out of its range");
      trial.settings.push_back(value);
    }
    for (const Json& pair : one.at("reported")) {
      Check(pair.is_array() && pair.size() == 2, "a reported value is none");
      trial.reported[WholeNumber<int>(pair.at(0), "reported")] = NumberOf(pair.at(1));
    }
    Check(!trial.pruned || !trial.reported.empty(), "a trial was pruned that reported nothing");
    study.trials.push_back(std::move(trial));
  }
  return study;
}

void CheckSame(const std::string& path, const Study& found, const Study& wanted) {
  const char* other = found.subject != wanted.subject         ? "of something else"
                      : found.parameters != wanted.parameters ? "of other parameters or ranges"
                      : found.seed != wanted.seed             ? "with another seed"
                      : found.maximize != wanted.maximize     ? "in the other direction"
                                                              : nullptr;
  if (other != nullptr)
    throw Error(ErrorCode::kIncompatible,
                "cannot continue '" + Printable(path) + "': it is a study " + other +
                    " (found: " + Printable(found.subject) +
                    Format(", seed %llu", static_cast<unsigned long long>(found.seed)) +
                    "; expected: " + Printable(wanted.subject) +
                    Format(", seed %llu", static_cast<unsigned long long>(wanted.seed)) +
                    "); name another file");
}

}  // namespace

Study ReadStudy(const std::string& path) {
  const std::string text = ReadFile(path, kMostBytes);
  try {
    return FromJson(Json::parse(text));
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorCode::kCorrupt,
                "cannot use '" + Printable(path) + "' as a study: " + JsonReason(error));
  } catch (const Error& error) {
    throw Error(ErrorCode::kCorrupt,
                "cannot use '" + Printable(path) + "' as a study: " + error.what());
  }
}

void WriteStudy(const std::string& path, const Study& study) {
  WriteFileAtomically(path,
                      ToJson(study).dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

Study RunStudy(const std::string& path, const Study& fresh, int trials, const Objective& objective,
               Progress& progress, const StopRequested& stop) {
  VPR_CHECK(!fresh.parameters.empty() && fresh.trials.empty());
  Study study = fresh;
  if (std::filesystem::exists(path)) {
    study = ReadStudy(path);
    CheckSame(path, study, fresh);
    progress.Info(
        Format("continuing '%s' after %zu trials", Printable(path).c_str(), study.trials.size()));
  }
  while (static_cast<int>(study.trials.size()) < trials) {
    if (stop && stop())
      throw Error(ErrorCode::kInterrupted,
                  Format("stopped after %zu of %d trials; the same command "
                         "goes on",
                         study.trials.size(), trials));
    StudyTrial trial;
    trial.number = static_cast<int>(study.trials.size());
    trial.settings = SuggestSettings(study);
    const double value = objective(trial, [&](int step, double reported) {
      trial.reported[step] = reported;
      if (!trial.pruned) trial.pruned = ShouldPrune(study, trial);
      return trial.pruned;
    });
    trial.value = trial.pruned ? trial.reported.rbegin()->second : value;
    std::string line = Format("trial %d of %d: %s%.4f", trial.number + 1, trials,
                              trial.pruned ? "pruned at " : "", trial.value);
    for (std::size_t p = 0; p < study.parameters.size(); ++p)
      line += Format(", %s %.3g", study.parameters[p].name.c_str(), trial.settings[p]);
    study.trials.push_back(std::move(trial));
    WriteStudy(path, study);
    const bool best = study.best() == &study.trials.back();
    progress.Info(line + (best ? " (best)" : ""));
  }
  return study;
}

std::string StudyTable(const Study& study) {
  std::vector<const StudyTrial*> order;
  for (const StudyTrial& trial : study.trials) order.push_back(&trial);
  std::stable_sort(order.begin(), order.end(), [&](const StudyTrial* a, const StudyTrial* b) {
    if (a->pruned != b->pruned) return b->pruned;
    if (std::isnan(a->value) || std::isnan(b->value))
      return std::isnan(b->value) && !std::isnan(a->value);
    return study.maximize ? a->value > b->value : a->value < b->value;
  });
  std::string text = Format("%5s  %9s", "trial", "value");
  for (const TuneParameter& parameter : study.parameters)
    text += Format("  %14s", parameter.name.c_str());
  text += "\n";
  for (const StudyTrial* trial : order) {
    text += Format("%5d  %9.4f", trial->number + 1, trial->value);
    for (double value : trial->settings) text += Format("  %14.4g", value);
    if (trial->pruned) text += Format("  pruned at step %d", trial->reported.rbegin()->first);
    text += "\n";
  }
  return text;
}

}  // namespace vpr
