// What vpr classify does with clips.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "vpr/clips/train_clips.h"

namespace vpr::cli {

struct ClipArguments {
  ClipTrainOptions train;
  std::string modalities;  // empty: recordings are learnt from, not clips
  std::string fusion = "attention", tensorboard;
  int side = 0;  // 0: by the network
  double lr = 0;
  bool whole_frame = false, no_augment = false;
};

// Declares --modalities and what goes with it, after the options that it excludes.
void AddClipTrainOptions(const Declare& add, ClipArguments& arguments);
// Takes what recordings and clips have in common from the others' options; `folds_given`: by the
// user, since a cross-validation of clips takes long.
void CompleteClipTraining(const ClassifierTrainOptions& given, std::optional<int> epochs,
                          bool folds_given, ClipArguments& arguments);
int TrainFromClips(const ClipArguments& arguments, const std::string& plot_dir,
                   const std::string& html, bool json, const Context& context);

int PredictClips(const std::string& model, const std::vector<ClipFiles>& clips,
                 const ExtractorOptions& engine, bool json, const Context& context);

struct ClipEvaluationArguments {
  std::string model, source, plot_dir, html;
  ExampleListOptions list;
  ExtractorOptions engine;
  std::string without;  // "image", "audio": the side that is left out; empty: none
  bool json = false;
};
int EvaluateClipModel(const ClipEvaluationArguments& arguments, const Context& context);

}  // namespace vpr::cli
