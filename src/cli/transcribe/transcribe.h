// vpr transcribe and vpr wer.
#pragma once

#include "cli/command.h"
#include "vpr/recognize/spoken_words.h"

namespace vpr::cli {

void AddTranscribeCommand(CLI::App& app, Context& context);
void AddWerCommand(CLI::App& app, Context& context);

}  // namespace vpr::cli
