// What a network of a model file costs on one thread:
//   network_time MODEL RUNS FRAMES|SECONDSs...
// For each number of frames a line "FRAMES MILLISECONDS": the least processor time of so many
// embeddings of features that are ready; of "4s" those of 4 seconds of samples, features and all,
// which fusions of networks with features of their own can be measured by, too. bench/onnx_time.py
// is the same as the former for onnxruntime; run both by turns.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "vpr/base/rng.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/model/model_file.h"
#include "vpr/model/network_engine.h"

namespace vpr {
namespace {

void PrintTime(const char* what, int runs, const std::function<void()>& embed) {
  double best = INFINITY;
  for (int run = 0; run <= runs; ++run) {
    const std::clock_t begin = std::clock();
    embed();
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    if (run > 0) best = std::min(best, seconds);  // the first compiles kernels
  }
  std::printf("%s %.2f\n", what, 1e3 * best);
}

int Run(int argc, char** argv) {
  const int runs = std::atoi(argv[2]);
  std::unique_ptr<Network> network;
  std::size_t bands = 0;
  for (int i = 3; i < argc; ++i) {
    Rng rng(1, 1);
    if (std::strchr(argv[i], 's') != nullptr) {
      const EmbeddingExtractor extractor = EmbeddingExtractor::Open(argv[1], {});
      std::vector<float> samples(static_cast<std::size_t>(std::atof(argv[i]) * 16000));
      for (float& sample : samples) sample = static_cast<float>(0.05 * rng.Normal());
      PrintTime(argv[i], runs, [&] { extractor.Extract(samples); });
      continue;
    }
    if (network == nullptr) {
      Model model = LoadModel(argv[1]);
      bands = static_cast<std::size_t>(model.info.features.n_mels);
      network = MakeNetwork(std::move(model), {});
    }
    Matrix features(bands, static_cast<std::size_t>(std::atoi(argv[i])));
    for (float& value : features.data) value = static_cast<float>(rng.Normal());
    PrintTime(argv[i], runs, [&] { network->Forward(features); });
  }
  return 0;
}

}  // namespace
}  // namespace vpr

int main(int argc, char** argv) try {
  if (argc < 4) {
    std::fprintf(stderr, "usage: network_time MODEL RUNS FRAMES|SECONDSs...\n");
    return 2;
  }
  return vpr::Run(argc, argv);
} catch (const std::exception& error) {
  std::fprintf(stderr, "network_time: %s\n", error.what());
  return 1;
}
