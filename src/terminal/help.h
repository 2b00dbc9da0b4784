// The notes and examples at the end of a command's help.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <span>
#include <string>

#include "vpr/base/built_in_file.h"

namespace vpr::terminal {

// Gives commands the texts that have their names: "speakers/remove" is for the command remove of
// speakers, which must be there. A line of a text that is one of `made` stands for what that says.
void AddHelpTexts(CLI::App& app, std::span<const BuiltInFile> texts,
                  const std::map<std::string, std::string>& made);

}  // namespace vpr::terminal
