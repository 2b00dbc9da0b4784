// The commands about who speaks when; each is one file here.
#pragma once

#include "cli/command.h"

namespace vpr::cli {

void AddClusterCommand(CLI::App& app, Context& context);
void AddDerCommand(CLI::App& app, Context& context);
void AddDiarizeCommand(CLI::App& app, Context& context);
void AddGroupsCommand(CLI::App& app, Context& context);
void AddLabelCommand(CLI::App& app, Context& context);
void AddSimulateMeetingsCommand(CLI::App& app, Context& context);

}  // namespace vpr::cli
