// The cohort that scores are normalized against.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/dataset/packed_dataset.h"
#include "vpr/model/embedding_extractor.h"

namespace vpr {

// Mean embeddings, of length 1, of the speakers with the most speech: [speakers, dim], at most
// `most_speakers` of them, of at most 4 utterances each. Embedded on `threads` threads. Nothing if
// stopped.
std::optional<Matrix> EmbedSpeakers(const PackedDataset& dataset,
                                    const std::vector<std::uint32_t>& records,
                                    std::size_t most_speakers, const EmbeddingExtractor& extractor,
                                    int threads, Progress& progress, const StopRequested& stop);

// The embedding of one record, whatever its payload.
std::vector<float> EmbedRecord(const PackedDataset& dataset, std::uint32_t record,
                               const EmbeddingExtractor& extractor);

}  // namespace vpr
