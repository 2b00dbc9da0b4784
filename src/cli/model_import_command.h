// vpr model import, check and score: networks trained elsewhere.
#pragma once

#include "cli/command.h"

namespace vpr::cli {

void AddModelImportCommands(CLI::App& model, Context& context);

}  // namespace vpr::cli
