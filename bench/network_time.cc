// What a network of a model file costs on one thread:
//   network_time MODEL RUNS FRAMES...
// For each number of frames a line "FRAMES MILLISECONDS": the least processor time of so many
// embeddings of features that are ready. bench/onnx_time.py is the same for onnxruntime; run both
// by turns.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "vpr/base/rng.h"
#include "vpr/model/model_file.h"
#include "vpr/model/network_engine.h"

int main(int argc, char** argv) try {
  if (argc < 4) {
    std::fprintf(stderr, "usage: network_time MODEL RUNS FRAMES...\n");
    return 2;
  }
  vpr::Model model = vpr::LoadModel(argv[1]);
  const auto bands = static_cast<std::size_t>(model.info.features.n_mels);
  const auto network = vpr::MakeNetwork(std::move(model), {});
  for (int i = 3; i < argc; ++i) {
    vpr::Matrix features(bands, static_cast<std::size_t>(std::atoi(argv[i])));
    vpr::Rng rng(1, 1);
    for (float& value : features.data) value = static_cast<float>(rng.Normal());
    double best = INFINITY;
    for (int run = 0; run <= std::atoi(argv[2]); ++run) {
      const std::clock_t begin = std::clock();
      network->Forward(features);
      const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
      if (run > 0) best = std::min(best, seconds);  // the first compiles kernels
    }
    std::printf("%s %.2f\n", argv[i], 1e3 * best);
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "network_time: %s\n", error.what());
  return 1;
}
