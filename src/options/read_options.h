// What every command that takes recordings shares: which they are, and how they are read.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "options/declare.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/shard.h"

namespace vpr::cli {

// Declares --channels, --track and --max-hours; `separate`: the command gives the paths through
// SplitChannels if that is asked for, so that every channel gets an answer.
void AddReadOptions(CLI::App& command, ReadOptions& options, bool separate = false);

// Declares --shard I/N.
void AddShardOption(CLI::App& command, Shard& shard, const std::string& help);

// For --rate: a number of Hz, or "file" for the file's own.
CLI::Validator SampleRate();

// The files, or with --channels separate their channels.
std::vector<std::string> AsAsked(const std::vector<std::string>& files, const ReadOptions& options);

}  // namespace vpr::cli
