#include "train/held_out.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "train/speaker_embeddings.h"
#include "vpr/audio/pcm16.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"
#include "vpr/eval/metrics.h"
#include "vpr/eval/thresholds.h"

namespace vpr {
namespace {

constexpr std::size_t kMostUtterances = 2000;
constexpr std::uint64_t kHoldOutStream = 21;

std::vector<std::uint32_t> AllRecords(const PackedDataset& dataset) {
  std::vector<std::uint32_t> records(dataset.size());
  std::iota(records.begin(), records.end(), 0u);
  return records;
}

}  // namespace

HeldOut::HeldOut(const PackedDataset& train, const TrainConfig& config, Progress& progress) {
  // Training reads every payload anyway, for the fingerprints of what was trained on.
  train.VerifyPayloads();
  std::string prefix = config.dev;
  if (prefix.empty() && IsRegularFile(config.train + "-dev.header")) prefix = config.train + "-dev";
  if (!prefix.empty()) {
    own_ = std::make_unique<PackedDataset>(prefix);
    own_->VerifyPayloads();
    dataset_ = own_.get();
    training_records_ = AllRecords(train);
    if (dataset_->info().payload != train.info().payload)
      throw Error(ErrorCode::kInvalidArgument,
                  "the held-out set '" + Printable(prefix) + "' holds " +
                      ToString(dataset_->info().payload) + ", the training set " +
                      ToString(train.info().payload) + "; pack both alike");
    std::set<std::string> trained(train.label_names().begin(), train.label_names().end());
    auto shared = std::count_if(dataset_->label_names().begin(), dataset_->label_names().end(),
                                [&](const std::string& name) { return trained.contains(name); });
    if (shared > 0)
      progress.Warn(
          Format("%td of the %zu held-out speakers are also trained on: the EER below says "
                 "nothing about unknown voices",
                 shared, dataset_->label_names().size()));
    ChooseRecords(AllRecords(*dataset_));
    return;
  }

  dataset_ = &train;
  // Only speakers with two utterances make target trials; the others stay in training.
  std::map<int, std::size_t> utterances;
  for (std::uint32_t i = 0; i < train.size(); ++i) ++utterances[train.label(i)];
  std::vector<int> candidates;
  for (auto [label, count] : utterances) {
    if (count >= 2) candidates.push_back(label);
  }
  double wanted =
      config.hold_out_speakers >= 1
          ? config.hold_out_speakers
          : std::ceil(config.hold_out_speakers * static_cast<double>(utterances.size()));
  if (config.hold_out_speakers > 0 && config.hold_out_speakers < 1) wanted = std::max(wanted, 2.0);
  // At least two speakers must be left to train on.
  std::size_t most = utterances.size() > 2 ? utterances.size() - 2 : 0;
  std::size_t number = std::min({static_cast<std::size_t>(wanted), candidates.size(), most});
  Rng(config.seed, kHoldOutStream).Shuffle(candidates);
  std::set<int> held(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(number));
  std::vector<std::uint32_t> held_records;
  training_records_.reserve(train.size());
  for (std::uint32_t i = 0; i < train.size(); ++i)
    (held.contains(train.label(i)) ? held_records : training_records_).push_back(i);
  ChooseRecords(std::move(held_records));
}

void HeldOut::ChooseRecords(std::vector<std::uint32_t> candidates) {
  std::map<int, std::vector<std::uint32_t>> by_speaker;
  for (std::uint32_t record : candidates) by_speaker[dataset_->label(record)].push_back(record);
  speakers_ = by_speaker.size();
  // Round after round, one utterance of every speaker that has one left.
  for (std::size_t round = 0; records_.size() < kMostUtterances; ++round) {
    std::size_t before = records_.size();
    for (const auto& [label, records] : by_speaker) {
      if (round < records.size() && records_.size() < kMostUtterances)
        records_.push_back(records[round]);
    }
    if (records_.size() == before) break;
    if (round == 1) can_measure_ = speakers_ >= 2;  // somebody had a second one
  }
  if (records_.empty()) return;
  std::string text = dataset_->info().fingerprint;
  for (std::uint32_t record : records_) text += " " + std::to_string(record);
  fingerprint_ = Fingerprint(text);
}

std::string HeldOut::Description() const {
  if (!can_measure_)
    return "no held-out speakers: the error rate on unknown voices will not be known";
  return Format("held out: %zu speakers, %zu utterances", speakers_, records_.size());
}

std::string HeldOut::Basis() const {
  return Format("all pairs of %zu held-out utterances of %zu speakers", records_.size(), speakers_);
}

std::optional<std::vector<Embedding>> HeldOut::Embed(const EmbeddingExtractor& extractor,
                                                     int threads, Progress& progress,
                                                     const StopRequested& stop) const {
  VPR_CHECK(can_measure_);
  std::vector<Embedding> embeddings(records_.size());
  progress.Start("held-out EER", "utterance", records_.size());
  const std::size_t done = OrderedParallelFor(
      records_.size(), threads, 2 * static_cast<std::size_t>(threads),
      [&](std::size_t i) { embeddings[i] = EmbedRecord(*dataset_, records_[i], extractor); },
      [&](std::size_t i) { progress.Update(i + 1); }, stop);
  progress.Finish();
  if (done < records_.size()) return std::nullopt;
  return embeddings;
}

std::vector<CalibrationTrial> HeldOut::Score(const std::vector<Embedding>& embeddings,
                                             const Scorer& scorer) const {
  std::vector<Voiceprint> voiceprints;
  for (std::size_t i = 0; i < records_.size(); ++i)
    voiceprints.push_back(scorer.MakeVoiceprint(embeddings[i], dataset_->Seconds(records_[i])));
  std::vector<CalibrationTrial> trials;
  trials.reserve(records_.size() * (records_.size() - 1) / 2);
  for (std::size_t i = 0; i < records_.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j)
      trials.push_back({scorer.Compare(voiceprints[i], voiceprints[j]).value,
                        std::min(voiceprints[i].terms.seconds, voiceprints[j].terms.seconds),
                        dataset_->label(records_[i]) == dataset_->label(records_[j])});
  }
  return trials;
}

std::size_t HeldOut::CountAmong(const std::string& fingerprints, int threads) const {
  if (fingerprints.empty() || records_.empty()) return 0;
  const std::string own = SpeechFingerprints(*dataset_, records_, threads);
  std::size_t count = 0;
  for (std::size_t at = 0; at < own.size(); at += kFingerprintDigits)
    count += HasFingerprint(fingerprints, std::string_view(own).substr(at, kFingerprintDigits));
  return count;
}

HeldOutResult HeldOut::Measure(const std::vector<Embedding>& embeddings,
                               const ScoringModel& scoring) const {
  const std::vector<CalibrationTrial> trials = Score(embeddings, Scorer(scoring));
  std::vector<ScoredTrial> scored;
  for (const CalibrationTrial& trial : trials) scored.push_back({trial.score, trial.target});
  return {ComputeEer(ComputeDet(scored)).eer, FindThresholds(trials, Basis())};
}

}  // namespace vpr
