// What the commands on texts share: vpr wer and those of vpr transcribe; each is one file here.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/command.h"
#include "vpr/recognize/outcome.h"
#include "vpr/transcribe/train_transcriber.h"
#include "vpr/transcribe/transcriber.h"
#include "vpr/transcribe/word_error.h"

namespace vpr::cli {

void AddWerCommand(CLI::App& app, Context& context);
void AddTranscribeCommand(CLI::App& app, Context& context);
void AddTranscribeTrainCommand(CLI::App& transcribe, Context& context);
void AddTranscribeEvalCommand(CLI::App& transcribe, Context& context);
void AddTranscribePredictCommand(CLI::App& transcribe, Context& context);

// Declares --model, a transcriber's file.
void AddTranscriberOption(CLI::App& command, std::string& model);

// Declares --join N or A-B, checked; empty: 1.
void AddJoinOption(CLI::App& command, std::string& join);
JoinOptions ParseJoin(const std::string& join);

// Whether these words, tokens of the transcriber's, are said in 16 kHz audio.
SpokenWords CheckSpoken(const Transcriber& transcriber, const std::vector<int>& words,
                        const std::vector<float>& samples);

nlohmann::ordered_json PromptJson(const PromptThreshold& prompt);

nlohmann::ordered_json TranscriptErrorsJson(const TranscriptErrors& errors);
std::string TranscriptErrorsText(const TranscriptErrors& errors);

}  // namespace vpr::cli
