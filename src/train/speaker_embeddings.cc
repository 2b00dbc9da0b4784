#include "train/speaker_embeddings.h"

#include <algorithm>
#include <map>

#include "vpr/audio/pcm16.h"
#include "vpr/base/parallel.h"
#include "vpr/score/cosine.h"

namespace vpr {
namespace {

constexpr std::size_t kMostEach = 20;
constexpr std::size_t kMostFingerprints = 1'000'000;

}  // namespace

int SpeakerEmbeddings::speakers_with_several() const {
  int count = 0;
  for (std::size_t i = 1; i < speakers.size(); ++i) {
    const bool second = speakers[i] == speakers[i - 1] && (i < 2 || speakers[i] != speakers[i - 2]);
    count += second ? 1 : 0;
  }
  return count;
}

std::string SpeechFingerprints(const PackedDataset& dataset,
                               const std::vector<std::uint32_t>& records, int threads) {
  if (dataset.info().payload == PayloadKind::kMel64) return {};
  std::vector<std::string> fingerprints(std::min(records.size(), kMostFingerprints));
  ParallelFor(fingerprints.size(), threads, [&](std::size_t i) {
    const std::uint32_t record = records[i * records.size() / fingerprints.size()];
    std::vector<float> speech(dataset.NumSamples(record));
    dataset.ReadSamples(record, 0, speech.size(), speech.data());
    fingerprints[i] = SpeechFingerprint(speech);
  });
  return JoinFingerprints(std::move(fingerprints));
}

std::string SpeakerFingerprints(const PackedDataset& dataset,
                                const std::vector<std::uint32_t>& records) {
  const std::vector<std::string>& names = dataset.label_names();
  std::vector<bool> used(names.size());
  for (std::uint32_t record : records) used[static_cast<std::size_t>(dataset.label(record))] = true;
  std::vector<std::string> fingerprints;
  for (std::size_t label = 0; label < names.size(); ++label) {
    if (used[label]) fingerprints.push_back(SpeakerFingerprint(names[label]));
  }
  return JoinFingerprints(std::move(fingerprints));
}

std::vector<float> EmbedRecord(const PackedDataset& dataset, std::uint32_t record,
                               const EmbeddingExtractor& extractor) {
  if (dataset.info().payload == PayloadKind::kMel64)
    return extractor.ExtractFromMel(dataset.ReadMel(record));
  std::vector<float> speech(dataset.NumSamples(record));
  dataset.ReadSamples(record, 0, speech.size(), speech.data());
  return extractor.Extract(speech);
}

std::optional<SpeakerEmbeddings> EmbedSpeakers(const PackedDataset& dataset,
                                               const std::vector<std::uint32_t>& records,
                                               const SpeakerLimits& limits,
                                               const EmbeddingExtractor& extractor, int threads,
                                               Progress& progress, const StopRequested& stop) {
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
  speakers.resize(std::min(limits.speakers, speakers.size()));

  const std::size_t each = std::clamp<std::size_t>(
      limits.utterances / std::max<std::size_t>(speakers.size(), 1), 2, kMostEach);
  std::vector<std::uint32_t> utterances;
  SpeakerEmbeddings embedded;
  for (std::size_t s = 0; s < speakers.size(); ++s) {
    const std::vector<std::uint32_t>& own = speakers[s].records;
    const std::size_t used = std::min(own.size(), each);
    for (std::size_t i = 0; i < used; ++i) {
      utterances.push_back(own[i * own.size() / used]);
      embedded.speakers.push_back(static_cast<int>(s));
    }
  }
  embedded.embeddings =
      Matrix(utterances.size(), static_cast<std::size_t>(extractor.info().embedding_dim));
  progress.Start("training speakers", "utterance", utterances.size());
  const std::size_t done = OrderedParallelFor(
      utterances.size(), threads, 2 * static_cast<std::size_t>(threads),
      [&](std::size_t i) {
        const std::vector<float> one = EmbedRecord(dataset, utterances[i], extractor);
        std::copy(one.begin(), one.end(), embedded.embeddings.row(i));
      },
      [&](std::size_t i) { progress.Update(i + 1); }, stop);
  progress.Finish();
  if (done < utterances.size()) return std::nullopt;
  return embedded;
}

Matrix SpeakerMeans(const SpeakerEmbeddings& embedded, std::size_t most) {
  const Matrix& embeddings = embedded.embeddings;
  Matrix means(std::min(most, static_cast<std::size_t>(embedded.num_speakers())), embeddings.cols);
  for (std::size_t i = 0; i < embeddings.rows; ++i) {
    const auto speaker = static_cast<std::size_t>(embedded.speakers[i]);
    if (speaker >= means.rows) break;
    for (std::size_t d = 0; d < means.cols; ++d) means(speaker, d) += embeddings(i, d);
  }
  for (std::size_t s = 0; s < means.rows; ++s)
    Normalize(std::span<float>(means.row(s), means.cols));
  return means;
}

}  // namespace vpr
