// vpr serve, and the tokens that its callers need.
#pragma once

#include "cli/declare.h"

namespace vpr::cli {

void AddServeCommand(CLI::App& app, Context& context);
// Below it.
void AddTokenCommand(CLI::App& serve, Context& context);

// Declares --tokens.
void AddTokensOption(const Declare& add, std::string& tokens);

}  // namespace vpr::cli
