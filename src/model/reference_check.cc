#include "vpr/model/reference_check.h"

#include <cmath>

#include "vpr/base/error.h"
#include "vpr/base/npy.h"
#include "vpr/base/text.h"
#include "vpr/model/embed_each.h"
#include "vpr/score/cosine.h"

namespace vpr {
namespace {

// Cosine, also with a reference that has another length than 1.
double CosineWith(std::vector<float> reference, const std::vector<float>& embedding) {
  Normalize(reference);
  double sum = 0;
  for (std::size_t i = 0; i < embedding.size(); ++i)
    sum += static_cast<double>(reference[i]) * static_cast<double>(embedding[i]);
  return sum;
}

}  // namespace

ReferenceCheck CheckReference(const FileList& files, const std::string& path,
                              const EmbeddingExtractor& extractor, double least, Progress& progress,
                              const StopRequested& stop) {
  const Matrix reference = ReadNpy(path);
  const auto dim = static_cast<std::size_t>(extractor.info().embedding_dim);
  if (reference.rows != files.size() || reference.cols != dim)
    throw Error(
        ErrorCode::kIncompatible,
        Format("'%s' is %zu x %zu; %zu files and a network of %zu dimensions need %zu x %zu",
               Printable(path).c_str(), reference.rows, reference.cols, files.size(), dim,
               files.size(), dim));
  ReferenceCheck check;
  check.least = least;
  double sum = 0;
  EmbedEach(
      files.size(), [&](std::size_t i) { return files[i]; }, extractor, progress, stop,
      [&](const EmbeddedFile& file) {
        if (file.failure) {
          progress.Warn(*file.failure);
          ++check.left_out;
          return;
        }
        const float* row = reference.row(file.index);
        const double cosine = CosineWith({row, row + dim}, file.embedding);
        if (!std::isfinite(cosine))
          throw Error(ErrorCode::kUnusable, Format("row %zu of '%s' has values that are no numbers",
                                                   file.index + 1, Printable(path).c_str()));
        ++check.compared;
        sum += cosine;
        if (cosine < least) ++check.below;
        if (cosine >= check.lowest) return;
        check.lowest = cosine;
        check.lowest_file = file.path;
      });
  if (check.compared == 0)
    throw Error(ErrorCode::kUnusable, Format("none of %zu files can be used", files.size()));
  check.mean = sum / static_cast<double>(check.compared);
  return check;
}

}  // namespace vpr
