// What the JSON of all classifiers has in common.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "vpr/classify/train_classifier.h"

namespace vpr {

nlohmann::ordered_json ReportJson(const ClassificationReport& report);
nlohmann::ordered_json FailuresJson(const std::vector<FailedFile>& failures);
// Null where there was none.
nlohmann::ordered_json CrossValidationJson(const std::optional<CrossValidation>& cv);

// What a report on parts adds: accuracy, baseline, number and name of each.
std::string PartsText(const std::map<std::string, ClassificationReport>& parts,
                      const std::string& by);
// "cross-validation in 5 folds: ..."
std::string CrossValidationText(const CrossValidation& cv);
// "a 90.0 %<TAB>b 10.0 %", the most probable first, with a tab before each.
std::string ClassesText(const std::vector<std::string>& labels,
                        const std::vector<double>& probabilities);

}  // namespace vpr
