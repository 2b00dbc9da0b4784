// What came of training, measuring and using classifiers of clips, in words and as JSON
// (docs/json.md). Each JSON is one object on a line of its own.
#pragma once

#include <string>
#include <vector>

#include "vpr/clips/train_clips.h"

namespace vpr {

// What was learnt from what, on one line without its end.
std::string Describe(const ClipTrainResult& result);
std::string ToText(const ClipTrainResult& result);
// `log`: the path of the training's log.
std::string ToJson(const ClipTrainOptions& options, const ClipTrainResult& result,
                   const std::string& log);

// `by`: the name of the column that parts the clips.
std::string ToText(const ClipEvaluation& evaluation, const std::string& by);
std::string ToJson(const ClipEvaluation& evaluation);

// Of one clip, a line: the classes, the most probable first, then how much each side counted.
std::string ToText(const std::string& file, const std::vector<std::string>& labels,
                   const ClipClassifier::Answer& answer);
std::string ToJson(const std::string& file, const std::vector<std::string>& labels,
                   const ClipClassifier::Answer& answer);

}  // namespace vpr
