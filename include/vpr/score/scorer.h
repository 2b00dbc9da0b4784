// The one definition of a score: what compare, verify, identify, eval and training all use.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/score/calibration.h"
#include "vpr/score/conditional_score.h"
#include "vpr/score/cosine.h"
#include "vpr/score/plda.h"

namespace vpr {

// What embeddings are compared with; part of a model file. Empty: scores are cosines.
struct ScoringModel {
  Plda plda;              // empty: embeddings are compared by their cosine
  Matrix cohort;          // [speakers, dim]: mean embeddings of training speakers, of length 1
  std::size_t top_n = 0;  // how many of them, those that score highest, count; 0: none
  Matrix channel_cohort;  // [any, dim]: the same of voices heard through other channels; only of a
                          // conditional score
  ConditionalScore conditional;  // empty: scores are as PLDA and AS-norm make them

  bool empty() const { return plda.empty() && top_n == 0 && conditional.empty(); }
};

// What a side of a comparison contributes beside the values that are multiplied.
struct ScoreTerms {
  double own = 0;                                // PLDA's; see PldaVector
  double cohort_mean = 0, cohort_deviation = 1;  // of its scores with the cohort
  double seconds = 0;                            // of speech
};

// An utterance, or the utterances of an enrollment, made ready for any number of comparisons.
struct Voiceprint {
  Embedding embedding;        // of length 1, as the network gave it
  std::vector<float> values;  // [dim]: what is multiplied; PldaVector::values, the centred
                              // embedding of a conditional score, or the embedding
  ScoreTerms terms;
  ConditionTerms conditions{};  // of a conditional score
};

struct Score {
  double cosine;  // of the embeddings: [-1, 1]
  double value;   // what is held against a threshold; see Scorer
  double llr;     // natural logarithm of the likelihood ratio same / different speakers; NaN
                  // without a calibration
};

// s = PLDA's log-likelihood ratio, or without PLDA the cosine. value = s, with a cohort AS-norm of
// it (Matejka et al., "Analysis of score normalization in multilingual speaker recognition",
// Interspeech 2017):
//   1/2 [(s - mu_a) / sigma_a + (s - mu_b) / sigma_b]
// with mean and (population) standard deviation over the top_n highest scores of a, and of b, with
// the cohort. A conditional score (vpr/score/conditional_score.h) has the same form: its scales and
// offsets take the place of 1 / 2 sigma and of -mu / 2 sigma. It needs no calibration: its value is
// the LLR, which is limited only when it is said. Symmetric in its arguments.
class Scorer {
 public:
  // Throws kIncompatible if the parts do not fit together.
  explicit Scorer(ScoringModel model = {}, const Calibration& calibration = {});

  // `conditions`: of the speech that the embedding was made of.
  Voiceprint MakeVoiceprint(std::span<const float> embedding,
                            const SpeechConditions& conditions) const;

  Score Compare(const Voiceprint& a, const Voiceprint& b) const;

  // The same in steps, for many voiceprints that are kept as matrices: Score::value from
  // Voiceprint::values and terms, and Score::llr from that.
  double Value(std::span<const float> x, const ScoreTerms& a, std::span<const float> y,
               const ScoreTerms& b) const;
  double Llr(double value, const ScoreTerms& a, const ScoreTerms& b) const;

  bool calibrated() const { return !calibration_.empty() || !conditional_.empty(); }
  // With p the scalar product of both sides' values, and v = constant() + a.own + b.own + p,
  // Score::value = 1/2 [(v - a.cohort_mean) / a.cohort_deviation + the same of b].
  double constant() const { return plda_ ? plda_->constant() : 0; }
  bool is_cosine() const {  // value == cosine
    return !plda_ && top_n_ == 0 && conditional_.empty();
  }
  bool is_conditional() const { return !conditional_.empty(); }
  const ConditionalScore& conditional() const { return conditional_; }

 private:
  void Centre(std::span<float> embedding) const;
  // A cohort's side of its scores: s = voices x + own + what x adds.
  struct Cohort {
    Matrix voices;
    std::vector<float> own;
  };
  // Mean and deviation of the top_n_ highest of them, but for the constant and what x adds.
  double CohortScores(const Cohort& cohort, std::span<const float> values, double* deviation) const;
  double ValueOfProduct(double product, const ScoreTerms& a, const ScoreTerms& b) const;

  std::size_t dim_ = 0;  // 0: any
  std::optional<PldaScorer> plda_;
  Cohort cohort_, channel_cohort_;
  std::size_t top_n_ = 0;
  Calibration calibration_;
  ConditionalScore conditional_;
};

}  // namespace vpr
