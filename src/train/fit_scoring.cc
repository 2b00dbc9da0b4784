#include "train/fit_scoring.h"

#include "train/speaker_embeddings.h"
#include "vpr/base/text.h"

namespace vpr {

std::optional<FittedScoring> FitScoring(const PackedDataset& dataset, const HeldOut& held_out,
                                        const TrainConfig& config,
                                        const EmbeddingExtractor& extractor, int threads,
                                        Progress& progress, const StopRequested& stop) {
  const std::optional<SpeakerEmbeddings> training =
      EmbedSpeakers(dataset, held_out.training_records(), extractor, threads, progress, stop);
  if (!training) return std::nullopt;
  std::vector<Embedding> unknown;
  if (held_out.CanMeasure()) {
    std::optional<std::vector<Embedding>> embedded =
        held_out.Embed(extractor, threads, progress, stop);
    if (!embedded) return std::nullopt;
    unknown = *std::move(embedded);
  }
  auto measure = [&](const ScoringModel& scoring) {
    std::optional<HeldOutResult> result;
    if (held_out.CanMeasure()) result = held_out.Measure(unknown, scoring);
    return result;
  };

  ScoringModel cosine;
  if (training->num_speakers() < config.cohort_top) {
    progress.Info(Format("scores are plain cosines: AS-norm needs %d training speakers, here are %d",
                         config.cohort_top, training->num_speakers()));
    return FittedScoring{cosine, measure(cosine)};
  }
  cosine.cohort = SpeakerMeans(*training, static_cast<std::size_t>(config.cohort_speakers));
  cosine.top_n = static_cast<std::size_t>(config.cohort_top);
  FittedScoring with_cosine = {cosine, measure(cosine)};
  const bool enough = training->speakers_with_several() >= config.cohort_top;
  if (!enough) return with_cosine;

  FittedScoring with_plda = {cosine, {}};
  with_plda.scoring.plda = FitPlda(training->embeddings, training->speakers);
  with_plda.held_out = measure(with_plda.scoring);
  if (!with_plda.held_out) return with_plda;
  progress.Info(Format("held-out EER with AS-norm over %zu speakers: PLDA %.2f %%, cosine %.2f %%",
                       cosine.cohort.rows, 100 * with_plda.held_out->eer,
                       100 * with_cosine.held_out->eer));
  return with_plda.held_out->eer <= with_cosine.held_out->eer ? with_plda : with_cosine;
}

}  // namespace vpr
