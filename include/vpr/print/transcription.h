// Texts of recordings, how far they are from what was said, and trainings of what writes them, in
// words and as JSON (docs/json.md). Each JSON is one object on a line of its own.
#pragma once

#include <string>

#include "vpr/transcribe/train_transcriber.h"
#include "vpr/transcribe/transcribe_files.h"
#include "vpr/transcribe/word_error.h"

namespace vpr {

std::string ToText(const TranscriptErrors& errors);
std::string ToJson(const TranscriptErrors& errors);

// `model`: the file that was written.
std::string ToText(const TranscriberTrainResult& result);
std::string ToJson(const std::string& model, const TranscriberTrainResult& result);

// `prompt`: the transcriber's threshold, at which the errors with prompts were counted.
std::string ToText(const TranscriberEvaluation& evaluation);
std::string ToJson(const TranscriberEvaluation& evaluation, const PromptThreshold& prompt);
// What was said and what was recognised: a line of column names, then a line a recording.
std::string ToTable(const TranscriberEvaluation& evaluation);

// Of a file that could be used, one line.
std::string ToText(const TranscribedFile& file);
std::string ToJson(const TranscribedFile& file);

}  // namespace vpr
