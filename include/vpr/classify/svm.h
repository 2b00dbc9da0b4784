// Support vector machine with a radial basis function kernel and probabilities.
//
// Source: libsvm 3.24 (Chang and Lin, "LIBSVM: a library for support vector machines", 2011):
// C-SVC, one against one; probabilities by pairwise coupling (Wu, Lin, Weng, JMLR 2004) of Platt's
// sigmoids, which libsvm fits by a cross-validation of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/base/progress.h"
#include "vpr/model/model_file.h"

namespace vpr {

struct SvmSettings {
  double c = 1;      // cost of an error
  double gamma = 0;  // K(x, y) = exp(-gamma |x - y|^2)
  bool operator==(const SvmSettings&) const = default;
};

class Svm {
 public:
  // `inputs` [examples, values], standardized; classes 0 .. num_classes-1, of which at least two
  // are there. Same input and seed, same machine.
  Svm(const Matrix& inputs, const std::vector<int>& classes, int num_classes,
      const SvmSettings& settings, std::uint64_t seed);
  // From what Tensors() gave. Throws kIncompatible if the tensors do not fit together.
  Svm(const std::vector<Tensor>& tensors, int num_classes);
  ~Svm();
  Svm(Svm&&) noexcept;

  // One a class, summing to 1. May be called from several threads at once. `input` has
  // num_values() values.
  std::vector<double> Probabilities(std::span<const float> input) const;
  std::size_t num_values() const;

  std::vector<Tensor> Tensors() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The settings of the grid (C: 2^-1, 2^1 .. 2^7; gamma: 2^-5, 2^-3, 2^-1, 2^1 over the number of
// values) with the most right answers in a cross-validation over `folds`, numbers from 0 on for
// each example; of equal ones the smallest C, then the smallest gamma. At most `most` examples are
// looked at, drawn by `seed` from as many of the `groups`, numbers from 0 on, as there can be.
// Throws kInterrupted if stopped.
SvmSettings SearchSvmSettings(const Matrix& inputs, const std::vector<int>& classes,
                              const std::vector<int>& groups, const std::vector<int>& folds,
                              std::size_t most, std::uint64_t seed, int threads,
                              const StopRequested& stop);

}  // namespace vpr
