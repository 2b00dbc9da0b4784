// What the commands on texts share: vpr wer and those of vpr transcribe; each is one file here.
#pragma once

#include <string>

#include "cli/declare.h"
#include "vpr/recognize/spoken_words.h"
#include "vpr/transcribe/transcriber.h"

namespace vpr::cli {

void AddWerCommand(CLI::App& app, Context& context);
void AddTranscribeCommand(CLI::App& app, Context& context);
void AddTranscribeTrainCommand(CLI::App& transcribe, Context& context);
void AddTranscribeEvalCommand(CLI::App& transcribe, Context& context);
void AddTranscribePredictCommand(CLI::App& transcribe, Context& context);

// Declares --model, a transcriber's file.
void AddTranscriberOption(CLI::App& command, std::string& model);

// Declares --join N or A-B, checked (see ParseJoin).
void AddJoinOption(const Declare& add, std::string& join);

}  // namespace vpr::cli
