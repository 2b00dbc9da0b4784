// vpr transcribe and vpr wer.
#pragma once

#include "cli/command.h"
#include "vpr/serve/digit_prompts.h"

namespace vpr::cli {

void AddTranscribeCommand(CLI::App& app, Context& context);
void AddWerCommand(CLI::App& app, Context& context);

}  // namespace vpr::cli
