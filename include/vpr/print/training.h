// What came of trainings, fits and calibrations of speaker models, and of a check of labels, in
// words and as JSON (docs/json.md). Each JSON is one object on a line of its own.
#pragma once

#include <string>
#include <vector>

#include "vpr/model/model_file.h"
#include "vpr/train/adapt.h"
#include "vpr/train/fit_conditions.h"
#include "vpr/train/label_check.h"
#include "vpr/train/train_speech.h"
#include "vpr/train/trainer.h"

namespace vpr {

// Empty if no model was written.
std::string ToText(const TrainConfig& config, const TrainResult& result);
std::string ToJson(const TrainConfig& config, const TrainResult& result);

std::string ToText(const AdaptOptions& options, const AdaptResult& result);
std::string ToJson(const AdaptOptions& options, const AdaptResult& result);

std::string ToText(const SpeechTrainConfig& config, const SpeechTrainResult& result);

// The thresholds of a model, with the rates that they were found at.
std::string ThresholdTable(const ModelInfo& info);
// `lists`: those that were fitted to. The rates of each by what the others teach, if there are any.
std::string ToText(const ModelInfo& info, const std::vector<std::string>& lists,
                   const std::vector<LeftOutRates>& left_out);
std::string ToJson(const ModelInfo& info, const std::vector<std::string>& lists,
                   const std::vector<LeftOutRates>& left_out);

std::string ToText(const LabelledEmbeddings& recordings, const SuspectLabels& found);
std::string ToJson(const LabelledEmbeddings& recordings, const SuspectLabels& found);

}  // namespace vpr
