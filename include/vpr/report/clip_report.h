// What a classifier of clips is worth, as pictures and pages, and its training for TensorBoard.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "vpr/clips/train_clips.h"
#include "vpr/report/classify_report.h"

namespace vpr {

ClassifyReportPage MakePage(const ClipTrainOptions& options, const ClipTrainResult& result);
// As MakePage of other classifiers.
ClassifyReportPage MakePage(const std::string& model, const ClipClassifierInfo& info,
                            const std::string& source, const std::string& by,
                            const ClipEvaluation& evaluation);

// Writes a training's course as TensorBoard reads it: Loss/train and lr of every step; of every
// epoch Acc/val and F1/val of what is held out, by both sides and by each, and its confusion
// matrix as a picture. The object must outlive the training. `folder`: as EventWriter's, whose
// errors it throws.
class ClipEvents {
 public:
  ClipEvents(const std::string& folder, ClipTrainOptions& options);
  ~ClipEvents();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vpr
