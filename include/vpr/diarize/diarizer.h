// Who speaks when in a recording of several people.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/diarize/annotation.h"
#include "vpr/identify/recording.h"
#include "vpr/model/embedding_extractor.h"

namespace vpr {

// The figures were chosen on simulated meetings of training speakers; docs/diarization.md has what
// was measured.
struct DiarizerOptions {
  double window = 1.5, step = 0.5;  // seconds of the pieces that are embedded
  std::size_t fewest = 1;           // speakers
  std::size_t most = std::numeric_limits<std::size_t>::max();
  std::optional<double> threshold;  // mean score from which on two groups are one speaker
  double least_seconds = 4;         // of a speaker, in all
  int threads = 1;
};

// The best enrolled voice for all that somebody says.
struct SpeakerName {
  std::string nearest;  // whether or not it is near enough; empty: nobody is enrolled
  double score = std::numeric_limits<double>::quiet_NaN();
  double llr = std::numeric_limits<double>::quiet_NaN();
  bool known = false;  // it is near enough
};

// Decides it (vpr/recognize/meeting.h does). The recording has an embedding and its conditions.
using NameVoice = std::function<SpeakerName(const Recording&)>;

struct DiarizedSpeaker {
  std::string label;   // the name, or "speaker 1", "speaker 2", ... by first appearance
  double seconds = 0;  // of speech
  SpeakerName name;
};

struct Diarization {
  std::string source;
  double seconds = 0;         // of the recording
  double speech_seconds = 0;  // of it with speech
  std::vector<DiarizedSpeaker> speakers;
  struct Stretch {
    double begin, end;
    std::size_t speaker;  // in `speakers`
  };
  std::vector<Stretch> turns;  // by begin; they do not overlap

  Annotation ToAnnotation(const std::string& recording) const;
};

// The threshold that is used if none is given: the model's for a false match rate of 1 %, or that
// of its equal error rate.
double DefaultClusterThreshold(const ModelInfo& info, const Scorer& scorer);

// Three passes over the file, each block by block: where is speech (SpeechDetector); an embedding
// of every window of it, which are grouped (ClusterVoices), and a path through the groups that does
// not change for every doubtful window; with `name`, the embedding of all speech of each speaker,
// which decides the name. Two groups with one name are one speaker. Memory beside the
// blocks: one embedding a step, about 12 MB an hour. Throws what AudioSource and EmbeddingExtractor
// throw.
Diarization Diarize(const std::string& path, const EmbeddingExtractor& extractor,
                    const DiarizerOptions& options, const NameVoice& name = {},
                    const OnRead& on_read = {});
// The same of a source at 16 kHz.
Diarization Diarize(AudioSource source, const EmbeddingExtractor& extractor,
                    const DiarizerOptions& options, const NameVoice& name = {},
                    const OnRead& on_read = {});

// Speech found in flags of 10 ms: pauses up to 0.3 s are filled, what is shorter than 0.2 s is left
// out.
std::vector<TimeSpan> SpeechParts(const std::vector<bool>& frames);

// What of a recording is cut out of it, block by block: use(interval's number, samples), in order
// of time. Intervals are sorted and do not overlap.
void ForEachCut(const std::string& path, const ReadOptions& read,
                const std::vector<TimeSpan>& intervals,
                const std::function<void(std::size_t, std::span<const float>)>& use,
                const OnRead& on_read = {});
void ForEachCut(AudioSource& source, const std::vector<TimeSpan>& intervals,
                const std::function<void(std::size_t, std::span<const float>)>& use,
                const OnRead& on_read = {});

}  // namespace vpr
