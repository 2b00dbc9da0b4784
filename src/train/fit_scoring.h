// What a network's scores are made with, from the training speakers.
#pragma once

#include <optional>

#include "train/held_out.h"
#include "train/speaker_embeddings.h"
#include "vpr/base/progress.h"
#include "vpr/dataset/packed_dataset.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/train/train_config.h"

namespace vpr {

struct FittedScoring {
  ScoringModel scoring;  // empty (plain cosines) with config.cohort_speakers 0, or fewer than
                         // config.cohort_top speakers
  HeldOutResult held_out;
};

// PLDA from the speakers with several utterances, and a cohort of config.cohort_speakers of those
// with the most speech. Where held-out speakers can be measured and the cosine separates them
// better, there is no PLDA; nor with fewer than config.cohort_top speakers of several utterances.
// Nothing if stopped.
std::optional<FittedScoring> FitScoring(const PackedDataset& dataset, const HeldOut& held_out,
                                        const TrainConfig& config, const SpeakerLimits& limits,
                                        const EmbeddingExtractor& extractor, int threads,
                                        Progress& progress, const StopRequested& stop);

}  // namespace vpr
