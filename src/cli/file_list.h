// The option of those who work on a list of files.
#pragma once

#include <string>

#include "vpr/audio/folder.h"
#include "vpr/base/file_list.h"

namespace CLI {
class App;
}

namespace vpr::cli {

// Declares --shard I/N.
void AddShardOption(CLI::App& command, Shard& shard, const std::string& help);

}  // namespace vpr::cli
