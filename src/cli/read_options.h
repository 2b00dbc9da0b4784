// How recordings are read: what every command that takes them shares.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/usage.h"
#include "vpr/audio/audio_reader.h"

namespace vpr::cli {

// Declares --channels, --track and --max-hours; `separate`: the command gives the paths through
// SplitChannels if that is asked for, so that every channel gets an answer.
void AddReadOptions(CLI::App& command, ReadOptions& options, bool separate = false);

// The files, or with --channels separate their channels.
std::vector<std::string> AsAsked(const std::vector<std::string>& files, const ReadOptions& options);

}  // namespace vpr::cli
