// A packed data set of any number of utterances, for bench/scale.sh.
//   synthetic_set PREFIX UTTERANCES SPEAKERS SAMPLES
// Payloads are SAMPLES samples of noise, 16 kHz.
#include <cstdio>
#include <cstdlib>

#include "vpr/base/rng.h"
#include "vpr/base/text.h"
#include "vpr/dataset/packed_dataset.h"

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: synthetic_set PREFIX UTTERANCES SPEAKERS SAMPLES\n");
    return 2;
  }
  const long utterances = std::atol(argv[2]), speakers = std::atol(argv[3]);
  const auto size = 2 * static_cast<std::size_t>(std::atol(argv[4]));
  std::vector<std::uint8_t> noise(size + (1 << 20));
  vpr::Rng rng(1);
  for (std::uint8_t& byte : noise) byte = static_cast<std::uint8_t>(rng.Below(256));
  vpr::DatasetInfo info;
  info.source = "synthetic";
  info.trim_top_db = 40;
  vpr::PackedWriter writer(argv[1], info);
  for (long i = 0; i < utterances; ++i) {
    const long speaker = i / ((utterances + speakers - 1) / speakers);
    const std::string name = vpr::Format("id%06ld", speaker);
    writer.Add(name + vpr::Format("/%08ld.wav", i), name,
               std::span(noise).subspan(2 * rng.Below(1 << 19), size),
               static_cast<double>(size) / 2 / 16000);
  }
  writer.Commit();
}
