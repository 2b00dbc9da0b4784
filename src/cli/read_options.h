// How recordings are read: what every command that takes them shares.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "vpr/audio/audio_reader.h"

namespace vpr::cli {

// Declares --channels, --track and --max-hours; `separate`: the command gives the paths through
// SplitChannels if that is asked for, so that every channel gets an answer.
void AddReadOptions(CLI::App& command, ReadOptions& options, bool separate = false);

// The files, or with --channels separate their channels.
std::vector<std::string> AsAsked(const std::vector<std::string>& files, const ReadOptions& options);

// For options that name a file to write: it must end in one of `endings` (".wav"), in any case,
// since a file is what its name says. What is no file yet or no regular one may have no ending: a
// pipe, /dev/stdout. `dash`: "-" is standard output.
CLI::Validator FileEnding(const std::vector<std::string>& endings, bool dash = false);

}  // namespace vpr::cli
