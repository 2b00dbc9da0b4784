// Whether a model makes the embeddings that another program made.
#pragma once

#include <cstddef>
#include <string>

#include "vpr/base/file_list.h"
#include "vpr/base/progress.h"
#include "vpr/model/embedding_extractor.h"

namespace vpr {

struct ReferenceCheck {
  std::size_t compared = 0, left_out = 0;  // files; of those left out was warned
  double lowest = 2, mean = 0;             // cosines
  std::string lowest_file;
  double least = 0;       // that each should reach
  std::size_t below = 0;  // files that do not
};

// Cosines of the files' embeddings with the rows of `reference`, a NumPy array [files, dimensions]
// in their order, whose lengths do not count. Throws what ReadNpy throws; kIncompatible for an
// array of another shape; kUnusable for values that are no numbers, and if no file can be used;
// kInterrupted if stopped.
ReferenceCheck CheckReference(const FileList& files, const std::string& reference,
                              const EmbeddingExtractor& extractor, double least, Progress& progress,
                              const StopRequested& stop);

}  // namespace vpr
