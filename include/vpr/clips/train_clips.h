// Training a classifier of clips, measuring it, and classifying many clips.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/classify/classification_report.h"
#include "vpr/classify/train_classifier.h"
#include "vpr/clips/clip.h"
#include "vpr/clips/clip_classifier.h"
#include "vpr/clips/clip_training.h"

namespace vpr {

// What clips are taken for by both sides, and by each side alone, of those that have it.
struct ClipReport {
  ClassificationReport both;
  std::optional<ClassificationReport> image, sound;
  // Mean weights over the clips that are seen and heard; negative: there are none, or no weights.
  double image_weight = -1, sound_weight = -1;
};

struct ClipTrainOptions {
  std::string source;  // folder or list, see ListClips
  ExampleListOptions list;
  ClipOptions clips;
  std::string image_network = "efficientnet_small";
  ClipFusion fusion = ClipFusion::kAttention;
  // batch_size 0: 32, but no more than an eighth of the clips, and at least 4.
  ClipTraining training;
  double test_size = 0.2;  // share of the clips held out; 0: none
  int folds = 0;           // of a cross-validation among the others; below 2: none
  int threads = 0;         // that read clips; 0: all
  // Classifiers of clips from which a branch's weights are taken before the training, but for its
  // layer to the classes where those are others; empty: drawn.
  std::string init_image, init_sound;
  std::string output;  // classifier file to write
  // The training is written to CheckpointOf(output) every so many epochs and when it is stopped;
  // the file goes when the classifier is there.
  int checkpoint_every = 5;
  bool resume = false;  // goes on from there
  std::function<void(std::int64_t step, double loss, double lr)> on_step;
  // After every epoch, with what is held out measured; null: none is. It costs a pass over that.
  std::function<void(int epoch, std::int64_t step, double loss, const ClipReport* held_out)>
      on_epoch;
};

// The learning rate that is recommended for an image network: 1e-4 for efficientnet_b0, 1e-3 for
// others.
double DefaultClipRate(const std::string& image_network);

std::string CheckpointOf(const std::string& output);

struct ClipTrainResult {
  ClipClassifierInfo info;  // as written
  std::size_t clips = 0, unlabelled = 0;
  std::size_t seen = 0, heard = 0;  // of the clips
  std::vector<FailedFile> skipped;
  std::optional<CrossValidation> cross_validation;  // of the answers of both sides
  std::optional<ClipReport> test;
  std::vector<std::pair<std::string, std::string>> samples;  // label and path of one of each class
};

// Reads the clips (those that cannot be used are skipped and listed), holds test_size of them out,
// trains on the rest, measures on what was held out and writes the classifier; then
// cross-validates. All parts are stratified and keep groups whole; bands are standardized by what
// is learnt from.
//
// Throws what ListClips and ReadClip throw; kUnusable for fewer than two classes, a class with a
// single clip (or group), and where no clip is seen, or heard, although the classifier is to;
// kIncompatible for an init_image or init_sound of another network and for a checkpoint of other
// clips or settings; kNotFound where there is none to go on from; kInterrupted.
ClipTrainResult TrainClips(const ClipTrainOptions& options, Progress& progress,
                           const StopRequested& stop);

// The answers in the order of the clips, as ClassifyFiles gives those of recordings.
std::vector<std::optional<ClipClassifier::Answer>> ClassifyClips(
    const std::vector<ClipFiles>& clips, const ClipClassifier& classifier, int threads,
    Progress& progress, const StopRequested& stop,
    const std::function<void(const FailedFile&)>& on_bad);

// The same, as ClassifyEach.
void ClassifyEachClip(
    const std::vector<ClipFiles>& clips, const ClipClassifier& classifier, int threads,
    Progress& progress, const StopRequested& stop,
    const std::function<void(const ClipFiles& clip, const ClipClassifier::Answer* answer,
                             const std::string& reason)>& on_clip);

// What messages call a clip.
std::string NameOf(const ClipFiles& clip);

struct ClipEvaluation {
  ClipReport report;
  std::map<std::string, ClassificationReport> by;  // for each value of the column asked for
  std::vector<FailedFile> skipped;
  std::size_t unlabelled = 0;
  std::size_t training_clips = 0;  // that have something the classifier was trained on
  std::size_t clips = 0, seen = 0, heard = 0;
};

// As EvaluateClassifier. `use_image`, `use_sound`: false: as if the clips had not that side.
ClipEvaluation EvaluateClips(const ClipClassifier& classifier, const std::string& source,
                             const ExampleListOptions& list, bool use_image, bool use_sound,
                             int threads, Progress& progress, const StopRequested& stop);

}  // namespace vpr
