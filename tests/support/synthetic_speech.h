// Speech-like sounds for tests: a "speaker" is a pitch and three resonances, an "utterance" a
// melody of that voice with a little noise.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "vpr/audio/pcm16.h"
#include "vpr/base/rng.h"
#include "vpr/dataset/packed_dataset.h"

namespace vpr::test {

inline std::vector<float> SyntheticUtterance(int speaker, int utterance, double seconds) {
  Rng voice(7, 1, static_cast<std::uint64_t>(speaker));
  const double pitch = voice.Uniform(90, 260);
  double resonance[3];
  for (int f = 0; f < 3; ++f) resonance[f] = voice.Uniform(400 + 900 * f, 1200 + 900 * f);
  Rng rng(7, 2, static_cast<std::uint64_t>(speaker), static_cast<std::uint64_t>(utterance));
  std::vector<float> samples(static_cast<std::size_t>(seconds * 16000));
  double phase = 0, bend = rng.Uniform(0, 6.28);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    double t = static_cast<double>(i) / 16000;
    phase += 2 * M_PI * pitch * (1 + 0.06 * std::sin(3 * t + bend)) / 16000;
    double value = 0.002 * rng.Normal();
    for (int h = 1; h <= 30; ++h) {
      double gain = 0;
      for (double center : resonance) {
        double distance = (pitch * h - center) / 150;
        gain += 1 / (1 + distance * distance);
      }
      value += 0.05 * gain * std::sin(h * phase);
    }
    samples[i] = static_cast<float>(value * (0.7 + 0.3 * std::sin(9 * t + bend)));
  }
  return samples;
}

// Packs speakers [first, first + speakers) with so many utterances each.
inline DatasetInfo PackSynthetic(const std::string& prefix, int first, int speakers, int utterances,
                                 double seconds) {
  DatasetInfo info;
  info.source = "synthetic";
  info.trim_top_db = 20;
  PackedWriter writer(prefix, info);
  for (int s = first; s < first + speakers; ++s) {
    for (int u = 0; u < utterances; ++u) {
      std::string name = "speaker" + std::to_string(100 + s);
      writer.Add(name + "/" + std::to_string(u), name,
                 EncodePcm16(SyntheticUtterance(s, u, seconds)), seconds);
    }
  }
  return writer.Commit();
}

}  // namespace vpr::test
