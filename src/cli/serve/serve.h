// vpr serve, and the tokens that its callers need.
#pragma once

#include "cli/command.h"

namespace vpr::cli {

void AddServeCommand(CLI::App& app, Context& context);

}  // namespace vpr::cli
