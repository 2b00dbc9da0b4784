// Which speakers of a data set seem to be one person, and which recordings somebody else's.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/model/embedding_extractor.h"

namespace vpr {

// Two labels whose mean embeddings are as alike as recordings of one speaker are.
struct SuspectPair {
  int a = 0, b = 0;   // speakers, a < b
  double cosine = 0;  // of their means
};

// A recording that is more like another speaker than like the rest of its own, or like none.
struct SuspectRecording {
  std::size_t recording = 0;
  double own = 0;    // cosine to the mean of its speaker's other recordings
  int nearest = -1;  // the other speaker most like it
  double other = 0;  // cosine to that one's mean
};

struct SuspectLabels {
  // What is found is held against these, all cosines of embeddings less the mean of all speakers'
  // means: the lower quartile of recordings with the rest of their speaker, and mean and standard
  // deviation of different speakers' means.
  double usual_own = 0, stranger_mean = 0, stranger_deviation = 0;
  double pair_threshold = 0;
  std::vector<SuspectPair> pairs;            // most alike first
  std::vector<SuspectRecording> recordings;  // the greatest difference of other and own first
};

// `embeddings` [recordings, dim], of any length but 0; `speakers`: of each recording, from 0. A
// pair is suspect from pair_threshold on, which is usual_own, but no less than 5 standard
// deviations above strangers; a recording if its own cosine is below that of strangers plus two
// standard deviations, or another speaker's mean is nearer than its own and no less than
// pair_threshold alike. Speakers with one recording have pairs only. Deterministic. Throws
// kInvalidArgument for numbers that do not fit, kUnusable for fewer than three speakers or no
// speaker with two recordings, or an embedding that is not finite.
SuspectLabels FindSuspectLabels(const Matrix& embeddings, const std::vector<int>& speakers);

// Recordings with their labels and embeddings, of which FindSuspectLabels takes the last two.
struct LabelledEmbeddings {
  std::vector<std::string> names;     // of the recordings
  std::vector<std::string> speakers;  // sorted
  std::vector<int> speaker_of;        // the speaker of each recording
  Matrix embeddings;                  // [recordings, dim]
};

// Embeds the recordings of a folder or list (see ListUtterances) that have a label; warns of those
// that cannot be used. Throws what ListUtterances and EmbedEach throw.
LabelledEmbeddings EmbedLabelled(const std::string& source, const std::string& layout,
                                 const EmbeddingExtractor& extractor, Progress& progress,
                                 const StopRequested& stop);

// From a table (.npy) with a row a line of the list, in its order. Throws what ReadRecordingTable
// and ReadNpy throw; kInvalidArgument for a list without labels or a table of another length.
LabelledEmbeddings ReadLabelled(const std::string& list, const std::string& table);

}  // namespace vpr
