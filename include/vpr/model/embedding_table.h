// Embeddings of files as tables that other programs read.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "vpr/base/progress.h"
#include "vpr/model/embedding_extractor.h"

namespace vpr {

enum class EmbeddingFormat {
  kNpy,    // a NumPy array [files, dimensions] of float32
  kKaldi,  // a Kaldi archive, as text; its keys, the paths, hold no blanks
  kJsonl   // a JSON object a line
};
// The format of that name, "npy", "kaldi" or "jsonl"; without one (empty) that which goes with a
// file's ending, .npy, .ark or .jsonl. Nothing if there is none.
std::optional<EmbeddingFormat> FindEmbeddingFormat(const std::string& name,
                                                   const std::string& path);

struct EmbeddingOutput {
  EmbeddingFormat format = EmbeddingFormat::kNpy;
  std::string path;  // "-": standard output, the text through `print`
  std::function<void(const std::string&)> print;
  // Whether this is a part of a table: then its rows must be there, though no file can be used.
  bool part = false;
};

// Embeds `count` files, the i-th of which is path_of(i), and writes a row for each in their order;
// the rows of files that cannot be used are NaN (JSON: null), and warned of. Returns how many those
// are. Throws kInvalidArgument for a key with a blank, kUnusable if no file of a whole table can be
// used, what EmbedEach throws, kIo.
std::size_t WriteEmbeddings(std::size_t count,
                            const std::function<std::string(std::size_t)>& path_of,
                            const EmbeddingExtractor& extractor, const EmbeddingOutput& table,
                            Progress& progress, const StopRequested& stop);

}  // namespace vpr
