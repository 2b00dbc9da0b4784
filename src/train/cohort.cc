#include "train/cohort.h"

#include <algorithm>
#include <map>

#include "vpr/base/parallel.h"
#include "vpr/score/cosine.h"

namespace vpr {
namespace {

constexpr std::size_t kUtterancesEach = 4;

}  // namespace

std::vector<float> EmbedRecord(const PackedDataset& dataset, std::uint32_t record,
                               const EmbeddingExtractor& extractor) {
  if (dataset.info().payload == PayloadKind::kMel64)
    return extractor.ExtractFromMel(dataset.ReadMel(record));
  std::vector<float> speech(dataset.NumSamples(record));
  dataset.ReadSamples(record, 0, speech.size(), speech.data());
  return extractor.Extract(speech);
}

std::optional<Matrix> EmbedSpeakers(const PackedDataset& dataset,
                                    const std::vector<std::uint32_t>& records,
                                    std::size_t most_speakers, const EmbeddingExtractor& extractor,
                                    int threads, Progress& progress, const StopRequested& stop) {
  std::map<int, std::vector<std::uint32_t>> by_label;
  for (std::uint32_t record : records) by_label[dataset.label(record)].push_back(record);
  struct Speaker {
    std::vector<std::uint32_t> records;
    double seconds;
  };
  std::vector<Speaker> speakers;
  for (auto& [label, own] : by_label) {
    double seconds = 0;
    for (std::uint32_t record : own) seconds += dataset.Seconds(record);
    speakers.push_back({std::move(own), seconds});
  }
  std::stable_sort(speakers.begin(), speakers.end(),
                   [](const Speaker& a, const Speaker& b) { return a.seconds > b.seconds; });
  speakers.resize(std::min(most_speakers, speakers.size()));

  struct Utterance {
    std::size_t speaker;
    std::uint32_t record;
  };
  std::vector<Utterance> utterances;
  for (std::size_t s = 0; s < speakers.size(); ++s) {
    const std::vector<std::uint32_t>& own = speakers[s].records;
    const std::size_t available = own.size(), used = std::min(available, kUtterancesEach);
    for (std::size_t i = 0; i < used; ++i) utterances.push_back({s, own[i * available / used]});
  }
  Matrix means(speakers.size(), static_cast<std::size_t>(extractor.info().embedding_dim));
  const std::size_t window = 2 * static_cast<std::size_t>(threads);
  std::vector<std::vector<float>> slots(window);
  progress.Start("cohort", "utterance", utterances.size());
  const std::size_t done = OrderedParallelFor(
      utterances.size(), threads, window,
      [&](std::size_t i) {
        slots[i % window] = EmbedRecord(dataset, utterances[i].record, extractor);
      },
      [&](std::size_t i) {
        float* mean = means.row(utterances[i].speaker);
        for (std::size_t d = 0; d < means.cols; ++d) mean[d] += slots[i % window][d];
        progress.Update(i + 1);
      },
      stop);
  progress.Finish();
  if (done < utterances.size()) return std::nullopt;
  for (std::size_t s = 0; s < means.rows; ++s)
    Normalize(std::span<float>(means.row(s), means.cols));
  return means;
}

}  // namespace vpr
