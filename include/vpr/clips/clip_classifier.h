// A classifier of clips: one self-describing file and what answers with it. docs/formats.md gives
// every byte.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vpr/classify/classifier.h"
#include "vpr/clips/clip.h"
#include "vpr/clips/clip_network.h"

namespace vpr {

// The versions of classifier files that this program writes and reads for clips: 2, or 3 with
// weights in float16 or int8. Files of version 1 are Classifier's.
inline constexpr int kClipFormatVersion = 2, kCompactClipFormatVersion = 3;

struct ClipClassifierInfo {
  ClipShape shape;
  ClipOptions clips;
  std::vector<std::string> labels;         // sorted; a class's number is its place
  std::map<std::string, double> settings;  // what it was trained with
  ClassifierProvenance training;
  WeightType weights = WeightType::kFloat32;
  std::string fingerprint;  // of the file's content; set by saving and loading

  int majority() const;  // the class most frequent in training
};

struct ClipModel {
  ClipClassifierInfo info;
  std::vector<Tensor> tensors;  // as ClipTensorShapes
  Standardizer standardizer;    // of the spectrograms' bands; empty without a sound branch
};

// Whether a file is a classifier of clips, by its first bytes; false for what cannot be read and
// for pipes.
bool HoldsClipModel(const std::string& path);

// Writes atomically and sets info.fingerprint. Throws kIo.
void SaveClipModel(const std::string& path, ClipModel& model);
// Throws kNotFound, kIo; kCorrupt for what is no classifier file, is cut off or fails its checksum;
// kIncompatible for one of another version, of recordings, or whose parts do not fit together.
ClipModel LoadClipModel(const std::string& path);

// Rounds the weights, as QuantizeWeights does a speaker model's, and makes scales and shifts of
// batch normalisation, whose running means and variances (0 and 1) compact files leave out.
void QuantizeClipModel(ClipModel& model, WeightType type);

// The input of the sound branch: the features of `samples`, standardized.
class ClipEar {
 public:
  ClipEar(const FeatureOptions& features, const Standardizer& standardizer);
  ~ClipEar();
  ClipEar(ClipEar&&) noexcept;
  // Before the standardization, which is fitted on these.
  Matrix Features(std::span<const float> samples) const;
  Matrix Hear(std::span<const float> samples) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class ClipClassifier {
 public:
  // Pictures run on the engine that `engine` asks for. Throws what LoadClipModel and MakeNetwork
  // throw.
  static ClipClassifier Load(const std::string& path, const ExtractorOptions& engine);
  ClipClassifier(ClipModel model, const ExtractorOptions& engine);
  ~ClipClassifier();
  ClipClassifier(ClipClassifier&&) noexcept;

  const ClipClassifierInfo& info() const;

  struct Answer : ClipAnswer {
    int best = 0;                           // class number
    std::vector<std::string> fingerprints;  // as ClipInput's
    std::string missing;                    // as ClipInput's
  };
  // Throws what ReadClip throws. May be called from several threads at once.
  Answer Classify(const ClipFiles& files) const;
  // Of what was read already, as its options say.
  Answer Classify(const ClipInput& input) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vpr
