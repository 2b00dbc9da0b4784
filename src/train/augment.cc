#include "train/augment.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "vpr/audio/audio_reader.h"
#include "vpr/audio/codec.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/model/embedding_extractor.h"

namespace vpr {
namespace {

std::unique_ptr<PackedDataset> OpenSounds(const std::string& prefix) {
  if (prefix.empty()) return nullptr;
  auto sounds = std::make_unique<PackedDataset>(prefix);
  if (sounds->info().payload != PayloadKind::kPcm16 || sounds->size() == 0)
    throw Error(
        ErrorCode::kInvalidArgument,
        "'" + Printable(prefix) + "' holds no recordings to augment with; pack it as pcm16");
  return sounds;
}

// A stretch of `length` samples of a random record, repeated if it is shorter.
std::vector<float> DrawStretch(const PackedDataset& dataset, std::size_t length, Rng& rng) {
  std::size_t record = rng.Below(dataset.size());
  std::size_t available = dataset.NumSamples(record), take = std::min(available, length);
  std::vector<float> samples(take);
  dataset.ReadSamples(record, rng.Below(available - take + 1), take, samples.data());
  return RepeatTo(samples, length);
}

// White noise through a first-order low-pass of random strength: from white to brown.
std::vector<float> ColouredNoise(std::size_t length, Rng& rng) {
  const double keep = std::sqrt(rng.Uniform());
  std::vector<float> samples(length);
  double state = 0;
  for (float& sample : samples) {
    state = keep * state + rng.Normal();
    sample = static_cast<float>(state);
  }
  return samples;
}

}  // namespace

std::vector<float> DrawFrequencyResponse(std::size_t bands, double slope_db, Rng& rng) {
  std::vector<float> response(bands);
  for (int order = 1; order <= 4; ++order) {
    const double amplitude = slope_db / order * rng.Normal();
    for (std::size_t band = 0; band < bands; ++band)
      response[band] +=
          static_cast<float>(amplitude * std::cos(M_PI * order * (static_cast<double>(band) + 0.5) /
                                                  static_cast<double>(bands)));
  }
  return response;
}

void Equalize(Matrix& features, FeatureKind kind, std::span<const float> response_db) {
  for (std::size_t band = 0; band < features.rows; ++band) {
    std::span<float> row(features.row(band), features.cols);
    const float db = response_db[band];
    switch (kind) {
      case FeatureKind::kMel:
        for (float& value : row) value *= std::pow(10.0f, db / 10);
        break;
      case FeatureKind::kLogMel:
        for (float& value : row) value += db * static_cast<float>(std::log(10.0) / 10);
        break;
      case FeatureKind::kDb:
        for (float& value : row) value += db;
        break;
    }
  }
}

struct Augmenter::Impl {
  const PackedDataset& speech;
  const TrainConfig config;
  std::unique_ptr<PackedDataset> noise, rooms;
  std::vector<Codec> codecs = AvailableCodecs();

  static std::vector<Codec> AvailableCodecs() {
    std::vector<Codec> codecs;
    std::copy_if(std::begin(kCodecs), std::end(kCodecs), std::back_inserter(codecs),
                 CodecAvailable);
    return codecs;
  }

  std::vector<float> DrawRoom(Rng& rng) const {
    // Half of the rooms are small simulated ones where measured ones are at hand, else all.
    if (rooms == nullptr || rng.Uniform() < 0.5)
      return SimulateRoom(rng.Uniform(0.1, 0.7), rng.Uniform(-12, 3), rng);
    std::size_t record = rng.Below(rooms->size());
    std::vector<float> response(rooms->NumSamples(record));
    rooms->ReadSamples(record, 0, response.size(), response.data());
    return TrimResponse(std::move(response));
  }

  std::vector<float> DrawNoise(std::size_t length, Rng& rng) const {
    const double kind = rng.Uniform();
    if (noise != nullptr && kind < 0.6) return DrawStretch(*noise, length, rng);
    if (kind < 0.8) return ColouredNoise(length, rng);
    // Babble: a few voices at once.
    std::vector<float> babble(length);
    for (std::size_t voice = 3 + rng.Below(4); voice > 0; --voice) {
      std::vector<float> one = DrawStretch(speech, length, rng);
      const auto gain = static_cast<float>(1 / std::sqrt(Power(one) + 1e-9));
      for (std::size_t i = 0; i < length; ++i) babble[i] += gain * one[i];
    }
    return babble;
  }
};

Augmenter::Augmenter(const PackedDataset& speech, const TrainConfig& config)
    : impl_(new Impl{speech, config, OpenSounds(config.noise), OpenSounds(config.rooms)}) {}
Augmenter::~Augmenter() = default;

void Augmenter::Apply(std::vector<float>& samples, Rng& rng) const {
  const TrainConfig& config = impl_->config;
  // All draws that decide come first, so that one setting does not change what another draws.
  const double room = rng.Uniform(), noise = rng.Uniform(), band = rng.Uniform();
  // Later additions only draw when they are asked for: a seed keeps its meaning.
  const double codec = config.codec_share > 0 ? rng.Uniform() : 1;
  const double clip = config.clip_share > 0 ? rng.Uniform() : 1;
  if (room < config.room_share) Convolve(samples, impl_->DrawRoom(rng));
  if (noise < config.noise_share)
    AddNoise(samples, impl_->DrawNoise(samples.size(), rng),
             rng.Uniform(config.snr_low, config.snr_high));
  if (clip < config.clip_share) Clip(samples, rng.Uniform(0.1, 0.7));
  if (codec < config.codec_share && !impl_->codecs.empty()) {
    const Codec drawn = impl_->codecs[rng.Below(impl_->codecs.size())];
    PassCodec(samples, drawn, rng.Uniform(0.5, 1));
  }
  if (band < config.narrow_band_share) {
    const bool telephone = rng.Uniform() < 0.5;
    const int rate = telephone ? 8000 : 6000 + 200 * static_cast<int>(rng.Below(31));
    NarrowBand(samples, rate, telephone && rng.Uniform() < 0.5);
  }
}

}  // namespace vpr
