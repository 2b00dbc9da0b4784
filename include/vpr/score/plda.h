// Probabilistic linear discriminant analysis: which differences between two embeddings are those of
// voices, and which those of recordings of one voice.
#pragma once

#include <span>
#include <vector>

#include "vpr/base/matrix.h"

namespace vpr {

// The two-covariance model (Bruemmer and de Villiers, "The speaker partitioning problem", Odyssey
// 2010): an embedding is a speaker, normally distributed, plus what differs between that speaker's
// utterances, normally distributed too. In the coordinates transform * (embedding - mean) both
// covariances are diagonal, and the second one is 1.
struct Plda {
  std::vector<float> mean;     // [dim]
  Matrix transform;            // [dim, dim]
  std::vector<float> between;  // [dim]: variance between speakers along each coordinate, >= 0

  bool empty() const { return mean.empty(); }
};

// Estimates it from utterances: embeddings [utterances, dim] and the speaker of each, any numbers.
// Speakers with a single utterance are left out. Within-speaker covariance: pooled over the
// utterances; between: of the speakers' means, less what the within-speaker one contributes to
// them. Both are shrunk towards a multiple of the identity, the first by a fifth, the second by a
// tenth: with a few hundred speakers the directions of least variance are noise. Throws kUnusable
// if fewer than 2 speakers have 2 utterances, or if those are all alike.
Plda FitPlda(const Matrix& embeddings, const std::vector<int>& speakers);

// An embedding made ready for any number of comparisons.
struct PldaVector {
  std::vector<float> values;
  double own = 0;  // what it adds to every score
};

// The log-likelihood ratio (natural) of "one speaker" to "two speakers" under the model, of
// embeddings whose coordinates, each divided by its standard deviation over all utterances, were
// brought to the length sqrt(dim) (after Garcia-Romero and Espy-Wilson, "Analysis of i-vector
// length normalization in speaker recognition systems", Interspeech 2011). Symmetric. As a measure
// of how sure one can be it still needs calibration.
class PldaScorer {
 public:
  // Throws kIncompatible if the parts do not fit together.
  explicit PldaScorer(const Plda& plda);

  std::size_t dim() const { return mean_.size(); }
  // `embedding` has dim() values.
  PldaVector Project(std::span<const float> embedding) const;
  // The same of every row of `embeddings` [any, dim()], in place, as one product of matrices;
  // returns what each adds of its own.
  std::vector<float> ProjectRows(Matrix& embeddings) const;
  // constant() + a.own + b.own + Product(a.values, b.values).
  double Llr(const PldaVector& a, const PldaVector& b) const;
  static double Product(std::span<const float> a, std::span<const float> b);
  double constant() const { return constant_; }

 private:
  // From coordinates of total variance 1 to a PldaVector's values, in place; returns its `own`.
  double Finish(float* coordinates) const;

  std::vector<float> mean_;
  Matrix whitening_;                    // [dim, dim]: to coordinates of total variance 1
  std::vector<double> cross_, square_;  // weights of products, and of squares
  double constant_ = 0;
};

}  // namespace vpr
