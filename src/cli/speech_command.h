// vpr speech: where somebody speaks; training the network that tells.
#pragma once

#include "cli/command.h"

namespace vpr::cli {

void AddSpeechCommand(CLI::App& app, Context& context);

}  // namespace vpr::cli
