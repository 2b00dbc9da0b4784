#include "vpr/evaluate/calibrate.h"

#include <filesystem>

#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/eval/thresholds.h"

namespace vpr {

ModelInfo CalibrateModel(const std::string& model, const ExtractorOptions& engine,
                         const TrialSource& source, const std::string& output, Progress& progress,
                         const StopRequested& stop) {
  Model calibrated = LoadModel(model);
  const EmbeddingExtractor extractor = EmbeddingExtractor::Open(model, engine);
  const std::vector<CalibrationTrial> trials = ScoreTrials(source, extractor, progress, stop);
  std::string names;
  for (const std::string& list : source.lists)
    names += (names.empty() ? "" : ", ") + std::filesystem::path(list).filename().string();
  const ScoreThresholds found =
      FindThresholds(trials, Format("%zu trials of %s", trials.size(), names.c_str()));
  if (found.calibration.empty())
    throw Error(ErrorCode::kUnusable,
                "higher scores do not mean the same speaker in these trials: check their labels");
  SetThresholds(found, calibrated.info);
  SaveModel(output, calibrated);
  for (const FmrThreshold& one : found.fmr_thresholds) {
    if (one.supported) continue;
    progress.Warn(Format(
        "the nontarget trials are too few for a false match rate of %g %%: at least %.0f are "
        "needed (rule of 3); its threshold is a guess",
        100 * one.wanted_fmr, 3 / one.wanted_fmr));
  }
  return calibrated.info;
}

}  // namespace vpr
