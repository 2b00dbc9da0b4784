#include "train/augment.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numeric>
#include <unsupported/Eigen/FFT>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/model/embedding_extractor.h"

namespace vpr {
namespace {

// Later reflections are cut: they add to the noise more than to the room.
constexpr double kLongestResponse = 0.8;  // seconds

double Power(std::span<const float> samples) {
  double sum = 0;
  for (float sample : samples) sum += double{sample} * double{sample};
  return samples.empty() ? 0 : sum / static_cast<double>(samples.size());
}

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

// Measured responses begin with the way from the loudspeaker and end in the noise of the recording.
std::vector<float> TrimResponse(std::vector<float> response) {
  auto loudest = std::max_element(response.begin(), response.end(),
                                  [](float a, float b) { return std::abs(a) < std::abs(b); });
  auto before = std::min<std::ptrdiff_t>(loudest - response.begin(), kSampleRate / 1000);
  response.erase(response.begin(), loudest - before);
  response.resize(
      std::min(response.size(), static_cast<std::size_t>(kLongestResponse * kSampleRate)));
  return response;
}

}  // namespace

void Convolve(std::vector<float>& samples, std::span<const float> response) {
  std::size_t size = 1;
  while (size < samples.size() + response.size()) size *= 2;
  Eigen::FFT<float> fft;
  fft.SetFlag(Eigen::FFT<float>::HalfSpectrum);
  std::vector<float> padded(samples.begin(), samples.end());
  padded.resize(size);
  std::vector<std::complex<float>> a, b;
  fft.fwd(a, padded);
  std::fill(padded.begin(), padded.end(), 0.0f);
  std::copy(response.begin(), response.end(), padded.begin());
  fft.fwd(b, padded);
  for (std::size_t i = 0; i < a.size(); ++i) {
    // Written out: std::complex's own product checks for infinities.
    const float re = a[i].real() * b[i].real() - a[i].imag() * b[i].imag();
    const float im = a[i].real() * b[i].imag() + a[i].imag() * b[i].real();
    a[i] = {re, im};
  }
  fft.inv(padded, a, static_cast<Eigen::Index>(size));
  std::copy(padded.begin(), padded.begin() + static_cast<std::ptrdiff_t>(samples.size()),
            samples.begin());
}

void AddNoise(std::vector<float>& samples, std::span<const float> noise, double snr_db) {
  const double noise_power = Power(noise);
  if (noise_power <= 0) return;
  const auto gain =
      static_cast<float>(std::sqrt(Power(samples) / noise_power * std::pow(10.0, -snr_db / 10)));
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] += gain * noise[i % noise.size()];
}

std::vector<float> SimulateRoom(double t60_seconds, double reverberant_to_direct_db, Rng& rng) {
  const double length = std::min(t60_seconds, kLongestResponse) * kSampleRate;
  std::vector<float> response(std::max<std::size_t>(static_cast<std::size_t>(length), 2));
  const double decay = std::log(1000.0) / (t60_seconds * kSampleRate);  // amplitude, 60 dB
  double energy = 0;
  for (std::size_t i = 1; i < response.size(); ++i) {
    double value = rng.Normal() * std::exp(-decay * static_cast<double>(i));
    response[i] = static_cast<float>(value);
    energy += value * value;
  }
  const auto gain =
      static_cast<float>(std::sqrt(std::pow(10.0, reverberant_to_direct_db / 10) / energy));
  for (float& value : response) value *= gain;
  response[0] = 1;
  return response;
}

void NarrowBand(std::vector<float>& samples, int rate, bool companded) {
  const std::size_t length = samples.size();
  std::vector<float> narrow = Resample(samples, kSampleRate, rate);
  if (companded) {
    float peak = 1e-9f;
    for (float sample : narrow) peak = std::max(peak, std::abs(sample));
    for (float& sample : narrow) {
      float companded_level = std::log1p(255 * std::abs(sample) / peak) / std::log(256.0f);
      float level = std::expm1(std::round(companded_level * 127) / 127 * std::log(256.0f)) / 255;
      sample = std::copysign(level * peak, sample);
    }
  }
  samples = Resample(narrow, rate, kSampleRate);
  samples.resize(length);
}

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
  if (room < config.room_share) Convolve(samples, impl_->DrawRoom(rng));
  if (noise < config.noise_share)
    AddNoise(samples, impl_->DrawNoise(samples.size(), rng),
             rng.Uniform(config.snr_low, config.snr_high));
  if (band < config.narrow_band_share) {
    const bool telephone = rng.Uniform() < 0.5;
    const int rate = telephone ? 8000 : 6000 + 200 * static_cast<int>(rng.Below(31));
    NarrowBand(samples, rate, telephone && rng.Uniform() < 0.5);
  }
}

}  // namespace vpr
