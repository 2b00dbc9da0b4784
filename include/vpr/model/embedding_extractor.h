// From speech to embeddings.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vpr/audio/pcm16.h"
#include "vpr/audio/speech.h"
#include "vpr/base/matrix.h"
#include "vpr/base/progress.h"
#include "vpr/features/front_end.h"
#include "vpr/model/model_file.h"
#include "vpr/score/scorer.h"

namespace vpr {

// A network without its engine: features [n_mels, frames] in, raw embedding out. May be called from
// several threads at once.
class Network {
 public:
  virtual ~Network() = default;
  virtual std::vector<float> Forward(const Matrix& features) = 0;
};

struct ExtractorOptions {
  std::string device = "auto";   // "auto" (the CPU), "cpu", "cuda", "cuda:N"
  std::string backend = "auto";  // "auto" (oneDNN on the CPU if it knows the architecture, else
                                 // LibTorch), "onednn", "libtorch"
  int threads = 0;               // files embedded at once, each on one thread; 0: all
  ReadOptions read;              // how files are read; their rate is always 16 kHz
};

using OnSpeech = std::function<void(std::span<const float>)>;

// The one definition of an utterance's embedding. Speech (16 kHz, already trimmed) shorter than the
// model's crop is repeated up to it, as in training. Speech up to 10 s goes through the network
// whole; longer speech is cut into equal parts of at most 10 s whose embeddings, each of length 1,
// are averaged. The result has length 1.
class EmbeddingExtractor {
 public:
  EmbeddingExtractor(const ModelInfo& info, std::unique_ptr<Network> network,
                     const ExtractorOptions& options = {}, const ScoringModel& scoring = {});
  ~EmbeddingExtractor();
  EmbeddingExtractor(EmbeddingExtractor&&) noexcept;

  // Loads a model file and an engine for it.
  static EmbeddingExtractor Open(const std::string& model_path, const ExtractorOptions& options);

  // The same of a model in memory, without its scores.
  static EmbeddingExtractor Open(Model model, const ExtractorOptions& options);

  // Loads a TorchScript network trained elsewhere (see LoadTorchScript in network_engine.h), which
  // is given the features of a front end (MakeFrontEnd) of the whole recording, silence included,
  // up to 60 s at once. There are no thresholds, and scores are cosines. What it returns for a
  // second of sound tells the dimensions.
  static EmbeddingExtractor OpenTorchScript(const std::string& path, const std::string& front_end,
                                            const ExtractorOptions& options);

  const ModelInfo& info() const;
  const ExtractorOptions& options() const;
  const Scorer& scorer() const;  // of the same model

  // The speech of a file, or of audio already in memory (16 kHz; `name` for messages), as the model
  // wants it: trimmed with its top_db. Throw what SpeechReader throws; OpenSpeech does not read
  // yet.
  SpeechReader OpenSpeech(const std::string& path) const;
  std::vector<float> ReadSpeechFor(const std::string& path) const;
  std::vector<float> SpeechFor(const std::vector<float>& samples, const std::string& name) const;

  // Embedding of speech. Throws kUnusable if there is none. This and the others may be called from
  // several threads at once.
  std::vector<float> Extract(std::span<const float> speech) const;

  // The same, to the bit, of the speech of a recording of any length, of which no more than a part
  // for each of `threads` is in memory. Find() must have been called. Throws what
  // SpeechReader::ForEachBlock throws, too. `on_speech` gets the speech, block by
  // block in its order.
  std::vector<float> Extract(SpeechReader& speech, int threads = 1, const OnRead& on_read = {},
                             const OnSpeech& on_speech = {}) const;

  // The same from a power mel spectrogram [n_mels, frames] of the model's feature options (data
  // sets of spectrograms).
  std::vector<float> ExtractFromMel(const Matrix& mel) const;

 private:
  struct Impl;
  class Listener;
  class PartEmbedder;
  static std::vector<Listener> Listeners(Model model, const ExtractorOptions& options);
  explicit EmbeddingExtractor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Applies kind and mean_norm to a power mel spectrogram; level_norm is refused (kInvalidArgument).
Matrix FeaturesFromMel(Matrix mel, const FeatureOptions& options);

// Repeats `samples` from their start until there are at least `length`.
std::vector<float> RepeatTo(std::span<const float> samples, std::size_t length);

struct FailedFile {
  std::size_t index;
  std::string path, reason;
};

// One row a file. Where a file could not be used the row and the seconds are NaN.
struct EmbeddedFiles {
  Matrix embeddings;                         // [paths, embedding_dim], each as Extract gives it
  std::vector<SpeechConditions> conditions;  // of the speech
  std::vector<std::string> fingerprints;     // SpeechFingerprint of the speech; empty without
};

// Embeds many files, in the order given; several are worked on at once. A file that cannot be used
// is reported to `on_bad`, which may throw to end the work. Throws kInterrupted if stopped.
EmbeddedFiles EmbedFiles(const std::vector<std::string>& paths, const EmbeddingExtractor& extractor,
                         Progress& progress, const StopRequested& stop,
                         const std::function<void(const FailedFile&)>& on_bad);

}  // namespace vpr
