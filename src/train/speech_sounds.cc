// Sounds made by arithmetic, and the labels of clean speech.
#include <algorithm>
#include <cmath>

#include "vpr/audio/degrade.h"
#include "vpr/audio/high_pass.h"
#include "vpr/train/train_speech.h"

namespace vpr {
namespace {

using Samples = std::vector<float>;

double Seconds(std::size_t samples) { return static_cast<double>(samples) / kSampleRate; }
std::size_t SamplesOf(double seconds) { return static_cast<std::size_t>(seconds * kSampleRate); }

// Frequencies as ears space them.
double DrawFrequency(double low, double high, Rng& rng) {
  return low * std::pow(high / low, rng.Uniform());
}

// A sine by turning a pointer: many times as fast as std::sin, and good enough for a few seconds.
class Oscillator {
 public:
  Oscillator(double frequency, double phase)
      : x_(std::cos(phase)),
        y_(std::sin(phase)),
        cos_(std::cos(2 * M_PI * frequency / kSampleRate)),
        sin_(std::sin(2 * M_PI * frequency / kSampleRate)) {}
  double Next() {
    const double sine = y_, x = x_ * cos_ - y_ * sin_;
    y_ = x_ * sin_ + y_ * cos_;
    x_ = x;
    return sine;
  }

 private:
  double x_, y_, cos_, sin_;
};

// Adds a decaying sum of partials from sample `begin` on.
void AddNote(Samples& samples, std::size_t begin, std::size_t length, double frequency, Rng& rng) {
  const std::size_t partials = 1 + rng.Below(10), end = std::min(begin + length, samples.size());
  const double decay = rng.Uniform() < 0.5 ? 0 : rng.Uniform(1, 12);
  const double vibrato = rng.Uniform() < 0.2 ? rng.Uniform(0, 0.01) : 0, rate = rng.Uniform(3, 8);
  const double roll = rng.Uniform(0.3, 2);
  const double attack = 1e-3 * std::pow(100.0, rng.Uniform());  // s
  for (std::size_t partial = 1; partial <= partials; ++partial) {
    const double f = frequency * static_cast<double>(partial);
    if (f > 0.45 * kSampleRate) break;
    const double gain = std::pow(static_cast<double>(partial), -roll) * rng.Uniform(0.3, 1);
    const double phase = 2 * M_PI * rng.Uniform(), fall = std::exp(-decay / kSampleRate);
    // Vibrato as the two strongest side bands of a modulated frequency.
    Oscillator middle(f, phase), above(f + rate, phase), below(f - rate, phase);
    const double side = 0.5 * std::min(0.5, vibrato * f / rate);
    double level = gain;
    for (std::size_t i = begin; i < end; ++i) {
      const double envelope = level * std::min(1.0, Seconds(i - begin) / attack) *
                              std::min(1.0, Seconds(end - i) / 0.01);
      level *= fall;
      double wave = middle.Next();
      if (side > 0) wave += side * (above.Next() - below.Next());
      samples[i] += static_cast<float>(envelope * wave);
    }
  }
}

void AddTones(Samples& samples, Rng& rng) {
  for (std::size_t n = 1 + rng.Below(4); n > 0; --n) {
    const double f = DrawFrequency(60, 7000, rng), gain = rng.Uniform(0.1, 1);
    const double rate = rng.Uniform() < 0.4 ? DrawFrequency(0.3, 15, rng) : 0;
    const bool gated = rng.Uniform() < 0.5;
    Oscillator tone(f, 0), slow(rate, 0);
    for (float& sample : samples) {
      double envelope = 1;
      if (rate > 0) {
        const double wave = slow.Next();
        envelope = gated ? (wave > 0 ? 1 : 0) : 0.5 + 0.5 * wave;
      }
      sample += static_cast<float>(gain * envelope * tone.Next());
    }
  }
}

void AddHum(Samples& samples, Rng& rng) {
  const double mains = rng.Uniform() < 0.5 ? 50 : 60;
  const bool buzz = rng.Uniform() < 0.5;
  for (int harmonic = 1; harmonic <= (buzz ? 40 : 6); ++harmonic) {
    const double gain = std::pow(harmonic, buzz ? -0.5 : -1.2) * rng.Uniform(),
                 phase = 2 * M_PI * rng.Uniform();
    Oscillator tone(mains * harmonic, phase);
    for (float& sample : samples) sample += static_cast<float>(gain * tone.Next());
  }
}

void AddDtmf(Samples& samples, Rng& rng) {
  constexpr double kLow[] = {697, 770, 852, 941}, kHigh[] = {1209, 1336, 1477, 1633};
  const std::size_t on = SamplesOf(rng.Uniform(0.05, 0.5)), off = SamplesOf(rng.Uniform(0.03, 0.4));
  for (std::size_t begin = 0; begin < samples.size(); begin += on + off) {
    const double low = kLow[rng.Below(4)], high = kHigh[rng.Below(4)];
    Oscillator first(low, 0), second(high, 0);
    for (std::size_t i = begin; i < std::min(begin + on, samples.size()); ++i)
      samples[i] += static_cast<float>(first.Next() + second.Next());
  }
}

// Chords or a melody.
void AddMusic(Samples& samples, Rng& rng) {
  const double beat = rng.Uniform(0.1, 1);
  const std::size_t voices = 1 + rng.Below(5);
  const double base = DrawFrequency(60, 800, rng);
  for (std::size_t begin = 0; begin < samples.size(); begin += SamplesOf(beat)) {
    if (rng.Uniform() < 0.2) continue;
    for (std::size_t voice = 0; voice < voices; ++voice)
      AddNote(samples, begin, SamplesOf(beat * rng.Uniform(0.5, 2)),
              base * std::pow(2.0, static_cast<double>(rng.Below(25)) / 12), rng);
  }
}

void AddSiren(Samples& samples, Rng& rng) {
  const double low = DrawFrequency(100, 2000, rng), high = low * rng.Uniform(1.2, 4),
               rate = DrawFrequency(0.2, 12, rng);
  const std::size_t partials = 1 + rng.Below(5);
  double phase = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    phase += 2 * M_PI * low *
             std::pow(high / low, 0.5 + 0.5 * std::sin(2 * M_PI * rate * Seconds(i))) / kSampleRate;
    for (std::size_t p = 1; p <= partials; ++p)
      samples[i] +=
          static_cast<float>(std::sin(static_cast<double>(p) * phase) / static_cast<double>(p));
  }
}

// From white to brown, in a band or not.
void AddNoiseOfColour(Samples& samples, Rng& rng) {
  const double keep = std::sqrt(rng.Uniform());
  const bool band = rng.Uniform() < 0.5;
  // A resonance: y = x + 2 r cos(w) y' - r^2 y''.
  const double r = rng.Uniform(0.8, 0.995),
               w = 2 * M_PI * DrawFrequency(150, 5000, rng) / kSampleRate;
  double state = 0, y1 = 0, y2 = 0;
  for (float& sample : samples) {
    state = keep * state + rng.Normal();
    double y = state;
    if (band) {
      y += 2 * r * std::cos(w) * y1 - r * r * y2;
      y2 = y1;
      y1 = y;
    }
    sample += static_cast<float>(y);
  }
}

// By a periodic or a random envelope, as fast as syllables or slower or faster.
void Modulate(Samples& samples, Rng& rng) {
  const double rate = DrawFrequency(0.5, 20, rng), depth = rng.Uniform(0.5, 1);
  const int kind = static_cast<int>(rng.Below(3));
  const double power = rng.Uniform(0.5, 4);
  double from = rng.Uniform(), to = rng.Uniform(), phase = 0;
  for (float& sample : samples) {
    phase += rate * (kind == 2 ? 2 : 1) / kSampleRate;
    if (phase >= 1) {
      phase -= 1;
      from = to;
      to = rng.Uniform();
    }
    const double wave = kind == 0   ? 0.5 - 0.5 * std::cos(2 * M_PI * phase)
                        : kind == 1 ? (phase < 0.5 ? 1.0 : 0.0)
                                    : from + (to - from) * phase;
    sample *= static_cast<float>(1 - depth + depth * std::pow(wave, power));
  }
}

void AddClicks(Samples& samples, Rng& rng) {
  const double every = DrawFrequency(0.02, 1.5, rng), jitter = rng.Uniform() < 0.5 ? 0 : 0.5;
  const double f = DrawFrequency(200, 6000, rng), decay = DrawFrequency(20, 1000, rng);
  double at = rng.Uniform(0, every);
  while (SamplesOf(at) < samples.size()) {
    const std::size_t begin = SamplesOf(at);
    for (std::size_t i = begin; i < std::min(begin + SamplesOf(6 / decay), samples.size()); ++i)
      samples[i] +=
          static_cast<float>(std::exp(-decay * Seconds(i - begin)) *
                             (std::sin(2 * M_PI * f * Seconds(i - begin)) + 0.5 * rng.Normal()));
    at += every * (1 + jitter * rng.Uniform(-1, 1));
  }
}

}  // namespace

std::vector<float> SynthesizeSound(std::size_t length, Rng& rng) {
  Samples samples(length);
  switch (rng.Below(10)) {
    case 0:
      AddTones(samples, rng);
      break;
    case 1:
      AddHum(samples, rng);
      break;
    case 2:
      AddDtmf(samples, rng);
      break;
    case 3:
    case 4:
      AddMusic(samples, rng);
      break;
    case 5:
      AddSiren(samples, rng);
      break;
    case 6:
      AddNoiseOfColour(samples, rng);
      break;
    case 7:
    case 8:
      AddNoiseOfColour(samples, rng);
      Modulate(samples, rng);
      break;
    default:
      AddClicks(samples, rng);
      break;
  }
  if (rng.Uniform() < 0.3) {
    Samples noise(length);
    AddNoiseOfColour(noise, rng);
    const double power = Power(samples);
    if (power > 0) AddNoise(samples, noise, rng.Uniform(0, 40));
  }
  return samples;
}

std::vector<int> LabelSpeech(std::span<const float> samples) {
  constexpr std::size_t kHop = kSpeechHop, kHalf = 5, kShortPause = 20, kUnclear = 8;
  const std::vector<float> filtered = WithoutHum(samples);
  const std::size_t frames = filtered.size() / kHop;
  std::vector<double> level(frames);
  for (std::size_t t = 0; t < frames; ++t) {
    const std::size_t begin = (t < kHalf ? 0 : t - kHalf) * kHop,
                      end = std::min((t + kHalf + 1) * kHop, filtered.size());
    level[t] = 10 * std::log10(Power(std::span(filtered).subspan(begin, end - begin)) + 1e-10);
  }
  std::vector<int> labels(frames);
  if (frames == 0) return labels;
  std::vector<double> sorted = level;
  std::sort(sorted.begin(), sorted.end());
  const double loudest = sorted.back(), quietest = sorted[frames / 20];
  const double limit = std::max(loudest - 30, quietest + std::min(loudest - quietest, 60.0) * 0.35);
  for (std::size_t t = 0; t < frames; ++t)
    labels[t] = level[t] >= limit ? 1 : level[t] >= limit - kUnclear ? -1 : 0;
  // Nothing is known of a recording that is equally loud throughout.
  if (loudest - quietest < 10) std::fill(labels.begin(), labels.end(), -1);
  for (std::size_t t = 0; t < frames;) {
    if (labels[t] == 1) {
      ++t;
      continue;
    }
    std::size_t end = t;
    while (end < frames && labels[end] != 1) ++end;
    if (t > 0 && end < frames && end - t < kShortPause)
      std::fill(labels.begin() + static_cast<std::ptrdiff_t>(t),
                labels.begin() + static_cast<std::ptrdiff_t>(end), 1);
    t = end;
  }
  return labels;
}

}  // namespace vpr
