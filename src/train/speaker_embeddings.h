// Embeddings of the training speakers: what PLDA is estimated from, and the cohort that scores are
// normalized against.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/dataset/packed_dataset.h"
#include "vpr/model/embedding_extractor.h"

namespace vpr {

struct SpeakerEmbeddings {
  Matrix embeddings;          // [utterances, dim], each of length 1
  std::vector<int> speakers;  // of each utterance: 0 is the one with the most speech; ascending

  int num_speakers() const { return speakers.empty() ? 0 : speakers.back() + 1; }
  int speakers_with_several() const;  // utterances
};

// How many are embedded at most.
struct SpeakerLimits {
  std::size_t speakers, utterances;
};
inline constexpr SpeakerLimits kAllSpeakers = {10000, 20000};
inline constexpr SpeakerLimits kSomeSpeakers = {500, 2000};  // enough to compare networks

// Of the speakers with the most speech, 20 utterances each, spread evenly; of many speakers fewer,
// so that the limit is kept or it is two of each. Embedded on `threads` threads. Nothing if
// stopped.
std::optional<SpeakerEmbeddings> EmbedSpeakers(const PackedDataset& dataset,
                                               const std::vector<std::uint32_t>& records,
                                               const SpeakerLimits& limits,
                                               const EmbeddingExtractor& extractor, int threads,
                                               Progress& progress, const StopRequested& stop);

// Mean embeddings, of length 1, of the first speakers, at most `most`: [speakers, dim].
Matrix SpeakerMeans(const SpeakerEmbeddings& embedded, std::size_t most);

// Fingerprints of the records' speech, joined; empty for spectrograms. Of more than a million
// records a million, spread evenly: a list that names many of the others is noticed all the same,
// and model files stay below 12 MB of them.
std::string SpeechFingerprints(const PackedDataset& dataset,
                               const std::vector<std::uint32_t>& records, int threads);

// Of the labels of their speakers.
std::string SpeakerFingerprints(const PackedDataset& dataset,
                                const std::vector<std::uint32_t>& records);

// The embedding of one record, whatever its payload.
std::vector<float> EmbedRecord(const PackedDataset& dataset, std::uint32_t record,
                               const EmbeddingExtractor& extractor);

}  // namespace vpr
