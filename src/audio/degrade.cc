#include "vpr/audio/degrade.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <unsupported/Eigen/FFT>

#include "vpr/audio/audio_reader.h"

namespace vpr {
namespace {

// Later reflections are cut: they add to the noise more than to the room.
constexpr double kLongestResponse = 0.8;  // seconds

}  // namespace

double Power(std::span<const float> samples) {
  double sum = 0;
  for (float sample : samples) sum += double{sample} * double{sample};
  return samples.empty() ? 0 : sum / static_cast<double>(samples.size());
}

void Convolve(std::vector<float>& samples, std::span<const float> response) {
  std::size_t size = 1;
  while (size < samples.size() + response.size()) size *= 2;
  // It keeps the factors for each size it has seen, which take as long as a transform; sizes are
  // powers of two, so there are few.
  thread_local Eigen::FFT<float> fft(Eigen::FFT<float>::impl_type(),
                                     Eigen::FFT<float>::HalfSpectrum);
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

void Clip(std::vector<float>& samples, double level) {
  float peak = 0;
  for (float sample : samples) peak = std::max(peak, std::abs(sample));
  const float limit = peak * static_cast<float>(level);
  for (float& sample : samples) sample = std::clamp(sample, -limit, limit);
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

}  // namespace vpr
