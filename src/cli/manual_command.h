// vpr completions and vpr manual.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace vpr::cli {

void AddManualCommand(CLI::App& app, Context& context);

// The words of a validator that OneOf (cli/usage.h) made; none of any other.
std::vector<std::string> WordsOf(const CLI::Validator& validator);

}  // namespace vpr::cli
