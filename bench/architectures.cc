// What networks cost, on one thread:
//   architectures STEPS CONFIG...
// A CONFIG is the name of an architecture or a file of vpr train's settings. Of each: parameters,
// multiplications and additions for 2 s, the time of one embedding of 2 s and of 4 s (oneDNN, the
// best of 20, processor time), and crops a second of processor time in bare steps of training with
// crops of 2 s (the median of STEPS; 0: without).
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "bare_step.h"
#include "onednn/onednn_network.h"
#include "vpr/base/file_io.h"
#include "vpr/base/process.h"
#include "vpr/network/graph.h"

namespace vpr {
namespace {

double ProcessorSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double BestMilliseconds(Network& network, std::size_t bands, std::size_t frames) {
  const Matrix features(bands, frames);
  double best = INFINITY;
  for (int run = 0; run < 20; ++run) {
    const double begin = ProcessorSeconds();
    network.Forward(features);
    best = std::min(best, ProcessorSeconds() - begin);
  }
  return 1e3 * best;
}

void Run(const std::string& name, int steps) {
  TrainConfig config = DefaultTrainConfig(IsRegularFile(name) ? "resnet" : name);
  if (IsRegularFile(name)) ReadTrainConfig(name, config);
  const Architecture& architecture = FindArchitecture(config.arch);
  Model model;
  model.info.architecture = config.arch;
  model.info.architecture_options = CompleteOptions(architecture, config.arch_options);
  model.info.features = config.features;
  model.info.embedding_dim =
      config.embedding_dim > 0 ? config.embedding_dim : architecture.default_embedding_dim;
  const auto module = MakeModule(model.info);
  std::int64_t parameters = 0;
  for (const torch::Tensor& parameter : module->parameters()) parameters += parameter.numel();
  model.tensors = ExportTensors(*module);
  Graph graph = BuildGraph(model);
  auto frames = [&](double seconds) {
    return static_cast<std::size_t>(seconds * config.features.sample_rate /
                                    config.features.hop_length) +
           1;
  };
  const auto bands = static_cast<std::size_t>(config.features.n_mels);
  const double multiply_adds = static_cast<double>(MultiplyAdds(graph, frames(2)));
  const std::unique_ptr<Network> network = MakeOneDnnNetwork(std::move(graph));
  const double two = BestMilliseconds(*network, bands, frames(2)),
               four = BestMilliseconds(*network, bands, frames(4));
  std::printf("%-40s %5.2f M parameters, %5.3f G multiply-adds, 2 s: %5.1f ms, 4 s: %5.1f ms",
              name.c_str(), 1e-6 * static_cast<double>(parameters), 1e-9 * multiply_adds, two,
              four);
  if (steps > 0) {
    BareStep bare(config, /*num_classes=*/2000, frames(2));
    bare.Step();
    std::vector<double> seconds;
    for (int step = 0; step < steps; ++step) {
      const double begin = ProcessorSeconds();
      bare.Step();
      seconds.push_back(ProcessorSeconds() - begin);
    }
    std::nth_element(seconds.begin(), seconds.begin() + steps / 2, seconds.end());
    std::printf(", training: %5.1f crops/s in batches of %d",
                config.batch_size / seconds[static_cast<std::size_t>(steps / 2)],
                config.batch_size);
  }
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace
}  // namespace vpr

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::fprintf(stderr, "usage: architectures STEPS CONFIG...\n");
    return 2;
  }
  vpr::OwnProcess();  // as vpr does
  vpr::SetThreads(1);
  for (int i = 2; i < argc; ++i) vpr::Run(argv[i], std::atoi(argv[1]));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "architectures: %s\n", error.what());
  return 1;
}
