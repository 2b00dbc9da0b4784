// A calibrated score that depends on what was measured on the two recordings, so that its threshold
// means the same on recordings of any kind.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "vpr/score/conditions.h"

namespace vpr {

// What a side of a comparison contributes to scale and offset. Every term is bounded, whatever was
// measured, and 0 for what is usual (the first is 1).
inline constexpr std::size_t kNumConditionTerms = 7;
using ConditionTerms = std::array<double, kNumConditionTerms>;
inline constexpr const char* kConditionTermNames[kNumConditionTerms] = {
    "one", "duration", "narrow", "dynamics", "clipped", "cohort", "channel"};
inline constexpr std::size_t kCohortTerm = 5, kChannelTerm = 6;

// one: 1. duration: ln(seconds / 4), seconds in [0.5, 16]. narrow: 0 from a high band of -30 dB on,
// 1 from -45 dB down. dynamics: (dynamics_db - 30) / 10 in [-1.5, 1.5]. clipped: the share's
// logarithm, 0 up to 0.1 %, 1 from 10 % on. cohort, channel: the mean cosines to the nearest of the
// cohort and of the channel cohort, in [-0.25, 0.75]: how near other voices lie, and other voices
// heard through telephones, codecs, noise and rooms.
ConditionTerms MakeConditionTerms(const SpeechConditions& conditions, double cohort_cosine,
                                  double channel_cosine);

// score = (s_a + s_b) cosine + o_a + o_b, an estimate of the natural logarithm of the likelihood
// ratio of one speaker to two: the cosine of the two embeddings, each less `centre` and brought to
// length 1; s = max(kSmallestScale, sum_k scale_k term_k), so that a higher cosine is always a
// higher score; o = sum_k offset_k term_k. Logistic regression on a score's conditions after Ferrer
// et al., "A speaker verification backend with robust performance across conditions" (arXiv
// 2102.01760), with measured conditions instead of ones learnt from embeddings.
struct ConditionalScore {
  static constexpr double kSmallestScale = 0.5;

  std::vector<float> centre;  // [dim]; empty: there is no such score
  ConditionTerms scale{}, offset{};
  // The highest and lowest LLR that the trials it was fitted on can support; 0: no limit.
  double most_llr = 0;
  // Of the scores of different speakers: their mean, and the standard deviation of that mean from
  // one group of trials to another. What a store of enrolled voices is held against.
  double stranger_mean = 0, stranger_deviation = 0;

  bool empty() const { return centre.empty(); }
  double Scale(const ConditionTerms& terms) const;
  double Offset(const ConditionTerms& terms) const;
};

// A trial as the fit sees it.
struct ConditionalTrial {
  double cosine = 0;  // of the centred embeddings
  ConditionTerms a{}, b{};
  bool target = false;
  std::size_t group = 0;  // which corpus, and in which form: each counts alike
};

// Fits scale and offset to trials whose groups count alike (or in proportion to `group_weights`),
// whatever their numbers of trials, as do, within a group, its targets and nontargets (as if
// targets were a share `prior` of all). The cost is convex and minimised by Newton's method; a
// slight pull towards 0 of all but the first weights keeps them finite where a condition hardly
// varies. Sets most_llr to the logarithm of the number of nontargets, but no less than 5: what was
// not seen in n trials may still be a share of 1 / n. Also sets stranger_mean and
// stranger_deviation. `centre` is left alone. Throws kInvalidArgument without a target and a
// nontarget, kUnusable if a higher cosine does not mean one speaker.
void FitConditionalScore(const std::vector<ConditionalTrial>& trials, ConditionalScore& score,
                         const std::vector<double>& group_weights = {}, double prior = 0.01);

}  // namespace vpr
