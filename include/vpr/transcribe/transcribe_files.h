// What is said in files, one after another.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/transcribe/transcriber.h"

namespace vpr {

struct TranscribedFile {
  std::string path;
  std::string text;
  std::optional<Transcriber::WordCheck> check;  // if words were asked for
  std::optional<std::string> failure;           // why the file could not be used
};

// `words`: are checked in each file too, if there are any. `beam`: prefixes kept in the search.
// `on_file` gets the files in their order. Warns of files that cannot be used, and throws
// kUnusable at the end if there were any; of a single file its own error.
void TranscribeFiles(const std::vector<std::string>& paths, const Transcriber& transcriber,
                     const std::string& words, std::size_t beam, Progress& progress,
                     const std::function<void(const TranscribedFile&)>& on_file);

}  // namespace vpr
