#include "vpr/model/embedding_table.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/npy.h"
#include "vpr/base/text.h"
#include "vpr/model/embed_each.h"

namespace vpr {
namespace {

// The numbers with blanks or commas between; %.9g gives every float back exactly.
std::string Numbers(const std::vector<float>& row, const char* separator) {
  std::string text;
  for (std::size_t i = 0; i < row.size(); ++i)
    text += (i > 0 ? separator : "") + Format("%.9g", static_cast<double>(row[i]));
  return text;
}

std::string KaldiLine(const std::string& path, const std::vector<float>& row) {
  return path + "  [ " + Numbers(row, " ") + " ]\n";
}

std::string EmbeddingJson(const std::string& path, const std::vector<float>& row, bool usable) {
  using Json = nlohmann::json;
  return "{\"path\": " + Json(path).dump(-1, ' ', false, Json::error_handler_t::replace) +
         ", \"embedding\": " + (usable ? "[" + Numbers(row, ", ") + "]" : "null") + "}\n";
}

// One embedding after another, as they come.
class Writer {
 public:
  Writer(const EmbeddingOutput& table, std::size_t files, std::size_t dim)
      : format_(table.format), print_(table.print) {
    if (format_ == EmbeddingFormat::kNpy) {
      npy_.emplace(table.path, files, dim);
    } else if (table.path != "-") {
      text_.emplace(table.path);
    }
  }

  void Add(const std::string& path, const std::vector<float>& embedding, bool usable) {
    if (npy_) return npy_->Add(embedding);
    const std::string line = format_ == EmbeddingFormat::kKaldi
                                 ? KaldiLine(path, embedding)
                                 : EmbeddingJson(path, embedding, usable);
    if (text_) {
      text_->Write(line);
    } else {
      print_(line);
    }
  }

  void Commit() {
    if (npy_) npy_->Commit();
    if (text_) text_->Commit();
  }

 private:
  EmbeddingFormat format_;
  std::function<void(const std::string&)> print_;
  std::optional<NpyWriter> npy_;
  std::optional<AtomicFile> text_;
};

}  // namespace

std::optional<EmbeddingFormat> FindEmbeddingFormat(const std::string& name,
                                                   const std::string& path) {
  struct Known {
    const char *name, *ending;
    EmbeddingFormat format;
  };
  for (const Known& one : {Known{"npy", ".npy", EmbeddingFormat::kNpy},
                           {"kaldi", ".ark", EmbeddingFormat::kKaldi},
                           {"jsonl", ".jsonl", EmbeddingFormat::kJsonl}})
    if (name.empty() ? path.ends_with(one.ending) : name == one.name) return one.format;
  return std::nullopt;
}

std::size_t WriteEmbeddings(std::size_t count,
                            const std::function<std::string(std::size_t)>& path_of,
                            const EmbeddingExtractor& extractor, const EmbeddingOutput& table,
                            Progress& progress, const StopRequested& stop) {
  for (std::size_t i = 0; table.format == EmbeddingFormat::kKaldi && i < count; ++i) {
    if (path_of(i).find_first_of(" \t") == std::string::npos) continue;
    throw Error(ErrorCode::kInvalidArgument,
                "'" + Printable(path_of(i)) +
                    "' holds a blank and cannot be a key of a Kaldi archive; use --format jsonl "
                    "or npy");
  }
  const auto dim = static_cast<std::size_t>(extractor.info().embedding_dim);
  const std::vector<float> none(dim, std::numeric_limits<float>::quiet_NaN());
  Writer writer(table, count, dim);
  std::size_t bad = 0;
  std::string reason;  // of the only file
  EmbedEach(count, path_of, extractor, progress, stop, [&](const EmbeddedFile& file) {
    if (file.failure) {
      reason = *file.failure;
      if (count > 1 || table.part) progress.Warn(reason);
      ++bad;
    }
    writer.Add(file.path, file.failure ? none : file.embedding, !file.failure);
  });
  if (bad == count && !table.part)
    throw Error(ErrorCode::kUnusable,
                bad == 1 ? reason : Format("none of %zu files can be used", bad));
  writer.Commit();
  if (bad > 0)
    progress.Warn(Format("%zu of %zu files cannot be used; their rows are NaN", bad, count));
  return bad;
}

}  // namespace vpr
