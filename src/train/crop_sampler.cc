#include "train/crop_sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/model/embedding_extractor.h"

namespace vpr {
namespace {

// Speed perturbation (Ko et al., "Audio augmentation for speech recognition", Interspeech 2015); a
// voice at another speed is another speaker (Yamamoto et al., Interspeech 2019).
constexpr float kSpeeds[] = {1.0f, 0.9f, 1.1f};

// A small data set is gone through several times an epoch: the schedules count in epochs.
constexpr std::uint64_t kFewestSteps = 50;

// Streams of random numbers, kept apart.
enum Stream : std::uint64_t { kEpochStream = 1, kCropStream = 2, kLengthStream = 3 };

}  // namespace

CropSampler::CropSampler(const PackedDataset& dataset, const std::vector<std::uint32_t>& records,
                         const TrainConfig& config)
    : dataset_(dataset), config_(config), augmenter_(dataset, config), mel_(config.features) {
  constexpr std::size_t kNoClass = std::numeric_limits<std::size_t>::max();
  const std::vector<std::string>& names = dataset.label_names();
  std::vector<std::size_t> counts(names.size());
  for (std::uint32_t record : records) ++counts[static_cast<std::size_t>(dataset.label(record))];
  std::vector<std::size_t> next(counts.size(), kNoClass);  // of each label, in records_
  std::size_t used = 0;
  for (std::size_t label = 0; label < counts.size(); ++label) {
    if (counts[label] == 0 || counts[label] < static_cast<std::size_t>(config.min_utterances) ||
        names[label] == kUnlabelled)
      continue;
    sources_.push_back({used, used + counts[label], 0});
    next[label] = used;
    used += counts[label];
  }
  num_speakers_ = static_cast<int>(sources_.size());
  unlabelled_.resize(used);
  records_.resize(used);
  for (std::uint32_t record : records) {
    std::size_t& place = next[static_cast<std::size_t>(dataset.label(record))];
    if (place != kNoClass) {
      records_[place++] = record;
    } else if (!config.teachers.empty()) {
      sources_.push_back({records_.size(), records_.size() + 1, 0});
      records_.push_back(record);
      unlabelled_.push_back(true);
    }
  }
  cumulative_seconds_.resize(records_.size());
  for (Source& source : sources_) {
    double speech = 0, sum = 0;
    for (std::size_t i = source.begin; i < source.end; ++i) {
      const double seconds = dataset.Seconds(records_[i]);
      speech += seconds;
      sum += std::max(seconds, config.crop_seconds);
      cumulative_seconds_[i] = sum;
    }
    seconds_ += speech;
    source.weight = std::pow(speech, config.speaker_balance);
  }
  crops_per_epoch_ = config.crops_per_epoch;
  if (crops_per_epoch_ == 0)
    crops_per_epoch_ = std::max<std::uint64_t>(
        {static_cast<std::uint64_t>(std::ceil(seconds_ / config.crop_seconds)), num_utterances(),
         kFewestSteps * static_cast<std::uint64_t>(config.batch_size)});
}

int CropSampler::num_classes() const {
  return num_speakers() * (config_.speed_perturb ? static_cast<int>(std::size(kSpeeds)) : 1);
}

std::vector<std::uint32_t> CropSampler::RecordsOfClass(int class_number) const {
  const Source& speaker = sources_[static_cast<std::size_t>(class_number)];
  return {records_.begin() + static_cast<std::ptrdiff_t>(speaker.begin),
          records_.begin() + static_cast<std::ptrdiff_t>(speaker.end)};
}

std::uint32_t CropSampler::DrawRecord(const Source& source, Rng& rng) const {
  double at = rng.Uniform() * cumulative_seconds_[source.end - 1];
  const auto begin = cumulative_seconds_.begin();
  auto found = std::upper_bound(begin + static_cast<std::ptrdiff_t>(source.begin),
                                begin + static_cast<std::ptrdiff_t>(source.end), at);
  return records_[std::min(static_cast<std::size_t>(found - begin), source.end - 1)];
}

std::vector<CropChoice> CropSampler::DrawEpoch(int epoch) const {
  Rng rng(config_.seed, kEpochStream, static_cast<std::uint64_t>(epoch));
  double total = 0;
  for (const Source& source : sources_) total += source.weight;
  // Points at distance total / crops; a source gets as many crops as points fall on its stretch.
  // The last one takes what rounding leaves.
  const double distance = total / static_cast<double>(crops_per_epoch_), shift = rng.Uniform();
  std::vector<CropChoice> crops;
  crops.reserve(crops_per_epoch_);
  double end = 0;
  const auto speakers = static_cast<std::size_t>(num_speakers_);
  for (std::size_t s = 0; s < sources_.size(); ++s) {
    end += sources_[s].weight;
    const bool last = s + 1 == sources_.size();
    while (crops.size() < crops_per_epoch_ &&
           (last || (static_cast<double>(crops.size()) + shift) * distance < end)) {
      std::size_t speed = config_.speed_perturb ? rng.Below(std::size(kSpeeds)) : 0;
      const std::int32_t number =
          s < speakers ? static_cast<std::int32_t>(s + speed * speakers) : -1;
      crops.push_back(
          {DrawRecord(sources_[s], rng), number, kSpeeds[speed], static_cast<std::uint32_t>(s)});
    }
  }
  rng.Shuffle(crops);
  return crops;
}

// In samples; the same for a whole batch, so that it is one tensor.
std::size_t CropSampler::DrawLength(int epoch, std::size_t begin) const {
  Rng rng(config_.seed, kLengthStream, static_cast<std::uint64_t>(epoch), begin);
  const double factor = 1 + config_.crop_spread * (2 * rng.Uniform() - 1);
  return static_cast<std::size_t>(std::lround(config_.crop_seconds * factor * kSampleRate));
}

std::vector<float> CropSampler::DrawSamples(const CropChoice& crop, std::size_t length,
                                            Rng& rng) const {
  const auto wanted = static_cast<std::size_t>(
      std::lround(static_cast<double>(length) * static_cast<double>(crop.speed)));
  std::vector<float> samples;
  std::size_t there = dataset_.NumSamples(crop.record);
  if (there >= wanted) {
    samples.resize(wanted);
    dataset_.ReadSamples(crop.record, rng.Below(there - wanted + 1), wanted, samples.data());
  } else {
    // Too short: joined with other utterances of the speaker, or repeated if there is only this.
    const Source& source = sources_[crop.source];
    for (std::uint32_t record = crop.record; samples.size() < wanted;
         record = records_[source.begin + rng.Below(source.end - source.begin)]) {
      there = dataset_.NumSamples(record);
      std::size_t used = samples.size(), take = std::min(there, wanted);
      samples.resize(used + take);
      dataset_.ReadSamples(record, rng.Below(there - take + 1), take, samples.data() + used);
    }
    std::size_t begin = rng.Below(samples.size() - wanted + 1);
    samples.erase(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(begin));
    samples.resize(wanted);
  }
  if (crop.speed != 1.0f) {
    samples = Resample(samples, static_cast<int>(std::lround(kSampleRate * double{crop.speed})),
                       kSampleRate);
    samples.resize(length);  // rounding may leave it a sample off
  }
  return samples;
}

Matrix CropSampler::MakeCrop(const CropChoice& crop, std::size_t length, Rng& rng) const {
  Matrix features;
  if (dataset_.info().payload == PayloadKind::kMel64) {
    features = FeaturesFromMel(dataset_.ReadMel(crop.record), config_.features);
  } else {
    std::vector<float> samples = DrawSamples(crop, length, rng);
    augmenter_.Apply(samples, rng);
    features = mel_.Compute(samples);
  }
  if (config_.equalizer_db > 0)
    Equalize(features, config_.features.kind,
             DrawFrequencyResponse(features.rows, config_.equalizer_db, rng));
  Mask(features, rng);
  return features;
}

// SpecAugment without time warping (Park et al., Interspeech 2019): one mask in frequency and one
// in time, of uniformly drawn width and place, filled with the mean.
void CropSampler::Mask(Matrix& features, Rng& rng) const {
  if (config_.freq_mask == 0 && config_.time_mask == 0) return;
  float mean = std::accumulate(features.data.begin(), features.data.end(), 0.0f) /
               static_cast<float>(features.data.size());
  auto draw = [&](int widest, std::size_t extent) {
    std::size_t width = std::min(rng.Below(static_cast<std::size_t>(widest) + 1), extent);
    std::size_t begin = rng.Below(extent - width + 1);
    return std::pair(begin, begin + width);
  };
  auto [low, high] = draw(config_.freq_mask, features.rows);
  std::fill(features.row(low), features.row(low) + (high - low) * features.cols, mean);
  auto [first, last] = draw(config_.time_mask, features.cols);
  for (std::size_t band = 0; band < features.rows; ++band)
    std::fill(features.row(band) + first, features.row(band) + last, mean);
}

Batch CropSampler::MakeBatch(const std::vector<CropChoice>& crops, int epoch, std::size_t begin,
                             int part, int parts) const {
  Batch batch;
  const auto size = static_cast<std::size_t>(config_.batch_size / parts);
  const std::size_t length = DrawLength(epoch, begin);
  const std::size_t first = begin + static_cast<std::size_t>(part) * size;
  for (std::size_t i = first; i < first + size; ++i) {
    Rng rng(config_.seed, kCropStream, static_cast<std::uint64_t>(epoch), i);
    Matrix features = MakeCrop(crops[i], length, rng);
    VPR_CHECK(batch.frames == 0 || features.cols == batch.frames);
    batch.frames = features.cols;
    batch.features.insert(batch.features.end(), features.data.begin(), features.data.end());
    batch.classes.push_back(crops[i].class_number);
    batch.records.push_back(crops[i].record);
  }
  return batch;
}

}  // namespace vpr
