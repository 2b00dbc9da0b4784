// The engines for networks, one against the other:
//   engines MODEL TRIALS AUDIO_ROOT
// What one embedding of 2.04 s and of 4 s costs on one thread. Then, for the recordings of a list
// of trials (their first 10 s): how many embeddings a second each engine makes of features that are
// ready, on all cores, a file a thread and a core; how far the embeddings are from LibTorch's; the
// equal error rate of the list's trials. LibTorch is also measured with all cores on one file. Last
// the whole path of "vpr embed": decoding, speech, features, network.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include "torch/device.h"
#include "torch/torch_network.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/eval/metrics.h"
#include "vpr/eval/trials.h"
#include "vpr/features/mel.h"
#include "vpr/model/network_engine.h"
#include "vpr/network/export.h"
#ifdef VPR_BENCH_OPENCV
#include "support/opencv_network.h"
#endif

namespace vpr {
namespace {

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Of this process, in all its threads.
double ProcessorSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

struct Work {
  Model model;
  std::vector<Trial> trials;
  std::map<std::string, std::size_t> files;
  std::vector<Matrix> features;
  std::vector<double> seconds;
};

using Embeddings = std::vector<std::vector<float>>;

double EqualErrorRate(const Work& work, const Embeddings& embeddings) {
  const Scorer scorer(work.model.scoring);
  std::vector<Voiceprint> voiceprints;
  for (std::size_t i = 0; i < embeddings.size(); ++i) {
    std::vector<float> embedding = embeddings[i];
    Normalize(embedding);
    voiceprints.push_back(scorer.MakeVoiceprint(embedding, work.seconds[i]));
  }
  std::vector<ScoredTrial> scored;
  for (const Trial& trial : work.trials)
    scored.push_back({scorer
                          .Compare(voiceprints[work.files.at(trial.enroll)],
                                   voiceprints[work.files.at(trial.test)])
                          .value,
                      trial.target});
  return ComputeEer(ComputeDet(scored)).eer;
}

double Worst(const Embeddings& a, const Embeddings& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::vector<float> x = a[i], y = b[i];
    Normalize(x);
    Normalize(y);
    for (std::size_t d = 0; d < x.size(); ++d)
      worst = std::max(worst, static_cast<double>(std::abs(x[d] - y[d])));
  }
  return worst;
}

// Embeddings a second, and a second of processor time, which other work on the machine does not
// change.
struct Rate {
  double wall = 0, processor = 0;
};

// The best of some runs; the first, which compiles kernels, is left out.
template <typename Function>
Rate Best(std::size_t count, Function run) {
  Rate best;
  for (int i = 0; i < 4; ++i) {
    const double begin = Now(), processor = ProcessorSeconds();
    run();
    if (i == 0) continue;
    best.wall = std::max(best.wall, static_cast<double>(count) / (Now() - begin));
    best.processor =
        std::max(best.processor, static_cast<double>(count) / (ProcessorSeconds() - processor));
  }
  return best;
}

Rate Measure(const Work& work, Network& network, int threads, Embeddings& embeddings) {
  embeddings.resize(work.features.size());
  return Best(work.features.size(), [&] {
    ParallelFor(work.features.size(), threads,
                [&](std::size_t i) { embeddings[i] = network.Forward(work.features[i]); });
  });
}

void PrintLatency(const char* name, const Model& model, const ExtractorOptions& options) {
  double begin = ProcessorSeconds();
  const std::unique_ptr<Network> network = MakeNetwork(model, options);
  std::printf("%-28s processor ms: %.1f to make it", name, 1e3 * (ProcessorSeconds() - begin));
  for (std::size_t frames : {128, 251}) {
    const Matrix features(static_cast<std::size_t>(model.info.features.n_mels), frames);
    double first = 0, best = INFINITY;
    for (int run = 0; run < 20; ++run) {
      begin = ProcessorSeconds();
      network->Forward(features);
      const double seconds = ProcessorSeconds() - begin;
      if (run == 0) first = seconds;
      best = std::min(best, seconds);
    }
    std::printf(", %.2f s: first %.1f, best %.1f", static_cast<double>(frames) * 0.016, 1e3 * first,
                1e3 * best);
  }
  std::printf("\n");
}

void Run(const std::string& model_path, const std::string& list, const std::string& root) {
  Work work;
  work.model = LoadModel(model_path);
  work.trials = ReadTrials(list);
  ExtractorOptions torch_options, onednn_options;
  torch_options.backend = "libtorch";
  onednn_options.backend = "onednn";
  PrintLatency("oneDNN", work.model, onednn_options);
  PrintLatency("LibTorch", work.model, torch_options);
  const EmbeddingExtractor extractor = EmbeddingExtractor::Open(model_path, onednn_options);
  const MelComputer mel(work.model.info.features);
  std::vector<std::string> paths;
  for (const Trial& trial : work.trials)
    for (const std::string& name : {trial.enroll, trial.test})
      if (work.files.try_emplace(name, paths.size()).second) paths.push_back(root + "/" + name);
  const auto crop = static_cast<std::size_t>(std::lround(16000 * work.model.info.crop_seconds));
  double frames = 0;
  for (const std::string& path : paths) {
    std::vector<float> speech = extractor.ReadSpeechFor(path);
    work.seconds.push_back(static_cast<double>(speech.size()) / 16000);
    speech.resize(std::min<std::size_t>(speech.size(), 160000));
    work.features.push_back(mel.Compute(RepeatTo(speech, crop)));
    frames += static_cast<double>(work.features.back().cols);
  }
  const int cores = HardwareThreads();
  std::printf("%zu recordings, %.2f s on average, %d cores\n", paths.size(),
              frames * 0.016 / static_cast<double>(paths.size()), cores);

  Embeddings reference, embeddings;
  auto print = [&](const char* name, const Rate& rate) {
    std::printf("%-28s %7.1f embeddings/s, %7.1f /s of processor", name, rate.wall, rate.processor);
    if (!embeddings.empty())
      std::printf(", EER %.3f %%, difference %.1e", 100 * EqualErrorRate(work, embeddings),
                  Worst(embeddings, reference));
    std::printf("\n");
    std::fflush(stdout);
  };
  const Rate each = Measure(work, *MakeNetwork(work.model, torch_options), cores, reference);
  embeddings = reference;
  print("LibTorch, a file a core", each);
  SetThreads(cores);
  const auto module = MakeModule(work.model.info);
  ImportTensors(work.model.tensors, *module);
  const Rate together = Measure(work, *WrapModule(module, torch::kCPU, cores), 1, embeddings);
  print("LibTorch, a file on all", together);
  const Rate onednn = Measure(work, *MakeNetwork(work.model, onednn_options), cores, embeddings);
  print("oneDNN, a file a core", onednn);
  Model int8 = work.model;
  QuantizeWeights(int8, WeightType::kInt8);
  print("oneDNN in int8", Measure(work, *MakeNetwork(int8, onednn_options), cores, embeddings));
#ifdef VPR_BENCH_OPENCV
  cv::setNumThreads(1);
  test::OpenCvNetwork opencv(OnnxFile(work.model));  // reads the file anew for every embedding
  print("ONNX in OpenCV, with reading", Measure(work, opencv, cores, embeddings));
#endif
  Progress silent;
  embeddings.clear();
  const Rate whole = Best(
      paths.size(), [&] { EmbedFiles(paths, extractor, silent, {}, [](const FailedFile&) {}); });
  print("vpr embed, from the files", whole);
  std::printf(
      "over LibTorch, a file a core: oneDNN %.2f, vpr embed %.2f (of processor: %.2f, %.2f)\n",
      onednn.wall / each.wall, whole.wall / each.wall, onednn.processor / each.processor,
      whole.processor / each.processor);
}

}  // namespace
}  // namespace vpr

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::fprintf(stderr, "usage: engines MODEL TRIALS AUDIO_ROOT\n");
    return 2;
  }
  vpr::Run(argv[1], argv[2], argv[3]);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "engines: %s\n", error.what());
  return 1;
}
