// The one definition of a score: what compare, verify, identify, eval and training all use.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/score/calibration.h"
#include "vpr/score/cosine.h"

namespace vpr {

// What scores are measured against; part of a model file. Without it scores are plain cosines.
struct ScoreNormalization {
  std::vector<float> mean;  // of the training speakers' embeddings; empty: no normalization
  Matrix cohort;            // [speakers, dim]: training speakers' means less `mean`, of length 1
  std::size_t top_n = 0;    // how many of them, the most alike, count; 0: the mean alone is used

  bool empty() const { return mean.empty(); }
};

// Makes one from the mean embeddings of training speakers ([speakers, dim]).
ScoreNormalization MakeScoreNormalization(const Matrix& speaker_means, std::size_t top_n);

// An utterance, or the utterances of an enrollment, made ready for any number of comparisons.
struct Voiceprint {
  Embedding embedding;                           // of length 1, as the network gave it
  Embedding centered;                            // less the training mean, of length 1
  double cohort_mean = 0, cohort_deviation = 1;  // of its scores with the cohort
  double seconds = 0;                            // of speech
};

struct Score {
  double cosine;  // of the embeddings: [-1, 1]
  double value;   // what is held against a threshold; see Scorer
  double llr;     // natural logarithm of the likelihood ratio same / different speakers; NaN
                  // without a calibration
};

// value = cosine of the centered embeddings, s, then AS-norm (Matejka et al., "Analysis of
// score normalization in multilingual speaker recognition", Interspeech 2017):
//   1/2 [(s - mu_a) / sigma_a + (s - mu_b) / sigma_b]
// with mean and (population) standard deviation over the top_n highest scores of a, and of b, with
// the cohort. Without a cohort: s. Without a mean: the cosine of the embeddings as they are.
// Symmetric in its arguments.
class Scorer {
 public:
  // Throws kIncompatible if the parts do not fit
  // together.
  Scorer(ScoreNormalization normalization, const Calibration& calibration);

  // `seconds`: of speech that the embedding was made of.
  Voiceprint MakeVoiceprint(std::span<const float> embedding, double seconds) const;

  Score Compare(const Voiceprint& a, const Voiceprint& b) const;

  bool calibrated() const { return !calibration_.empty(); }
  bool normalized() const { return !normalization_.empty(); }

 private:
  ScoreNormalization normalization_;
  Calibration calibration_;
};

}  // namespace vpr
