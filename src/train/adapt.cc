#include "vpr/train/adapt.h"

#include "train/fit_scoring.h"
#include "train/speaker_embeddings.h"
#include "vpr/audio/pcm16.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"

namespace vpr {

AdaptResult Adapt(const AdaptOptions& options, Progress& progress, const StopRequested& stop) {
  if (options.cohort_top < 2 || options.cohort_speakers < options.cohort_top)
    throw Error(ErrorCode::kInvalidArgument,
                "cannot adapt: the cohort must have at least as many speakers as count for a "
                "recording, and these must be 2 or more");
  Model model = LoadModel(options.model);
  const EmbeddingExtractor extractor = EmbeddingExtractor::Open(options.model, options.engine);
  const PackedDataset dataset(options.data);
  TrainConfig config = DefaultTrainConfig(model.info.architecture);
  config.train = options.data;
  config.dev = options.dev;
  config.hold_out_speakers = options.hold_out_speakers;
  config.cohort_speakers = options.cohort_speakers;
  config.cohort_top = options.cohort_top;
  const HeldOut held_out(dataset, config, progress);
  if (!held_out.CanMeasure())
    throw Error(ErrorCode::kUnusable,
                "cannot adapt to '" + Printable(options.data) +
                    "': thresholds need held-out speakers with several utterances; name a set with "
                    "--dev, or raise --hold-out");
  const int threads = options.engine.threads > 0 ? options.engine.threads : HardwareThreads();
  std::optional<FittedScoring> fitted =
      FitScoring(dataset, held_out, config, kAllSpeakers, extractor, threads, progress, stop);
  if (!fitted) throw Error(ErrorCode::kInterrupted, "stopped; nothing was written");
  if (fitted->scoring.empty())
    throw Error(ErrorCode::kUnusable,
                Format("cannot adapt to '%s': at least %d training speakers are needed",
                       Printable(options.data).c_str(), config.cohort_top));
  TrainingProvenance& training = model.info.training;
  training.utterance_fingerprints =
      MergeFingerprints(training.utterance_fingerprints,
                        SpeechFingerprints(dataset, held_out.training_records(), threads));
  training.speaker_fingerprints = MergeFingerprints(
      training.speaker_fingerprints, SpeakerFingerprints(dataset, held_out.training_records()));
  AdaptResult result;
  model.scoring = std::move(fitted->scoring);
  SetThresholds(fitted->held_out.thresholds, model.info);
  result.dev_eer = fitted->held_out.eer;
  result.plda = !model.scoring.plda.empty();
  SaveModel(options.output, model);
  result.model = model.info;
  return result;
}

}  // namespace vpr
