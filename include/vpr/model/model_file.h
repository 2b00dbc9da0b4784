// The model file: one self-describing file with everything needed to make embeddings.
// docs/formats.md gives every byte.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vpr/features/feature_options.h"
#include "vpr/score/scorer.h"

namespace vpr {

// The versions this program reads, and writes: 3; 4 for models whose weights are not float32; 5, of
// any weights, for those with a conditional score, 6 for networks trained elsewhere, both of which
// older programs do not know.
inline constexpr int kModelFormatVersion = 3, kConditionalFormatVersion = 5,
                     kImportedFormatVersion = 6, kMixedFormatVersion = 7;

// The numbers that shape a network, by name: {"channels": [16, 32, 64, 128], "blocks": [2, 2, 2,
// 2]}. Which ones an architecture knows stands in its source file.
using ArchitectureOptions = std::map<std::string, std::vector<int>>;

// How weights of convolutions and linear layers are stored.
enum class WeightType {
  kFloat32,
  kFloat16,  // half the space; computed with as float32
  kInt8,     // a quarter, with a scale for every output; oneDNN computes with them in int8
};

// One of several networks that make embeddings together.
struct NetworkPart {
  std::string architecture;
  ArchitectureOptions architecture_options;
  int embedding_dim = 0;
  std::optional<FeatureOptions> features;  // where they are not the model's
  double weight = 1;                       // of its cosine in the fusion's
  bool operator==(const NetworkPart&) const = default;
};

// Where the weights come from.
struct TrainingProvenance {
  std::string dataset;              // source as given to pack
  std::string dataset_fingerprint;  // DatasetInfo::fingerprint
  std::uint64_t speakers = 0, utterances = 0;
  double hours = 0;  // of speech
  std::string loss;
  int epochs = 0;           // trained; the weights are those of best_epoch
  int best_epoch = 0;       // counted from 1
  std::uint64_t crops = 0;  // seen until best_epoch
  std::uint64_t seed = 0;
  std::string dev_dataset_fingerprint;  // empty: no held-out speakers
  double dev_eer = -1;                  // on held-out speakers; negative: not measured
  std::string program;                  // "vpr 0.1.0, LibTorch 1.13.1"
  // Of the utterances trained on, and of their speakers' labels (vpr/audio/pcm16.h): so that an
  // evaluation on them can be told from an honest one. Empty: not known.
  std::string utterance_fingerprints, speaker_fingerprints;
};

struct ModelInfo {
  // Name in the registry: "cnn", "resnet"; "fusion" of several; "graph": `graph` says it all.
  std::string architecture;
  ArchitectureOptions architecture_options;
  std::vector<NetworkPart> parts;  // of a fusion (vpr/model/fusion.h)
  FeatureOptions features;
  // Of a network trained elsewhere (vpr/network/import.h), else empty: what computes its features,
  // by the name that MakeFrontEnd knows, of which `features` only says rate, bands and that nothing
  // is trimmed; its operations as JSON (docs/formats.md), if its architecture is none of ours; the
  // file, and what its makers ask for.
  std::string front_end, graph, source, licence, credit;
  int embedding_dim = 0;
  WeightType weights = WeightType::kFloat32;
  double crop_seconds =
      2.04;  // of the shortest training crops; shorter speech is repeated up to it
  DecisionThreshold decision;                // the one used unless another is asked for
  std::vector<FmrThreshold> fmr_thresholds;  // by falling wanted_fmr
  Calibration calibration;                   // of Score::value
  TrainingProvenance training;
  // Set by LoadModel and SaveModel:
  int format_version = kModelFormatVersion;
  std::string fingerprint;          // of the file's content
  std::string network_fingerprint;  // of what makes embeddings: networks, shape and features.
                                    // Models that agree in it make the same embeddings, whatever
                                    // their scores and thresholds
  std::string scoring_fingerprint;  // of what makes voiceprints of them: PLDA and cohort

  bool is_imported() const { return !front_end.empty(); }
};

struct Tensor {
  std::string name;  // "stage1.0.conv1.weight"
  std::vector<std::int64_t> shape;
  std::vector<float> data;  // C order
};

struct Model {
  ModelInfo info;
  std::vector<Tensor> tensors;
  ScoringModel scoring;
};

// Writes atomically and sets model.info.fingerprint. Throws kIo.
void SaveModel(const std::string& path, Model& model);

// Throws kNotFound, kIo; kCorrupt for what is not a model file, is cut off or fails its checksum;
// kIncompatible for another format version or impossible settings. The message names the file.
Model LoadModel(const std::string& path);

// Rounds the weights to a type; int8: those of an output to multiples of 1/127 of the greatest of
// them. Thresholds and scores stay as they are. Throws kIncompatible for weights that cannot be.
void QuantizeWeights(Model& model, WeightType type);

void SetThresholds(const ScoreThresholds& thresholds, ModelInfo& info);

// 12 hexadecimal digits of a speaker's label, as in TrainingProvenance.
std::string SpeakerFingerprint(std::string_view label);

// What a model file says of itself, as JSON text, with its format version and fingerprint, without
// the fingerprints of its training data.
std::string InfoAsJson(const ModelInfo& info);

// How it scores, as JSON text: `plda` (whether it has one), `cohort` (embeddings), `cohort_top_n`,
// and `conditional` (docs/formats.md) or null.
std::string ScoringAsJson(const ScoringModel& scoring);

// The path of the model to use: `given` if not empty, else $VPR_MODEL, else default.vpr where the
// build tree or the installation has it. Throws kNotFound with the place looked at, and
// for a $VPR_MODEL that cannot be read.
std::string FindModel(const std::string& given);

}  // namespace vpr
