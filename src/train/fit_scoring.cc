#include "train/fit_scoring.h"

#include <set>

namespace vpr {

std::optional<FittedScoring> FitScoring(const PackedDataset& dataset, const HeldOut& held_out,
                                        const TrainConfig& config, const SpeakerLimits& limits,
                                        const EmbeddingExtractor& extractor, int threads,
                                        Progress& progress, const StopRequested& stop) {
  std::vector<Embedding> unknown;
  if (held_out.CanMeasure()) {
    std::optional<std::vector<Embedding>> embedded =
        held_out.Embed(extractor, threads, progress, stop);
    if (!embedded) return std::nullopt;
    unknown = *std::move(embedded);
  }
  auto measured = [&](ScoringModel scoring) {
    FittedScoring fitted{std::move(scoring), {}};
    if (held_out.CanMeasure()) fitted.held_out = held_out.Measure(unknown, fitted.scoring);
    return fitted;
  };

  std::set<int> speakers;
  for (std::uint32_t record : held_out.training_records()) speakers.insert(dataset.label(record));
  const auto top_n = static_cast<std::size_t>(config.cohort_top);
  if (config.cohort_speakers == 0 || speakers.size() < top_n) return measured({});
  const std::optional<SpeakerEmbeddings> training = EmbedSpeakers(
      dataset, held_out.training_records(), limits, extractor, threads, progress, stop);
  if (!training) return std::nullopt;
  ScoringModel scoring;
  scoring.cohort = SpeakerMeans(*training, static_cast<std::size_t>(config.cohort_speakers));
  scoring.top_n = top_n;
  FittedScoring with_cosine = measured(scoring);
  if (training->speakers_with_several() < config.cohort_top) return with_cosine;
  scoring.plda = FitPlda(training->embeddings, training->speakers);
  FittedScoring with_plda = measured(std::move(scoring));
  if (with_plda.held_out.eer <= with_cosine.held_out.eer) return with_plda;
  return with_cosine;
}

}  // namespace vpr
