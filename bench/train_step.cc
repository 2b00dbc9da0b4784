// How much of a bare training step's rate vpr train reaches, on this machine's CPUs.
//   train_step PREFIX SCRATCH CONFIG THREADS ROUNDS STEPS
// Bare: network, loss, backward and optimizer of the same configuration on random tensors that are
// in memory. Trained: STEPS steps of vpr train on the packed set PREFIX, after as many that do not
// count. Both in turn, ROUNDS times, with THREADS threads of the network and one of the loader. And
// what the loader's thread takes for a batch, measured alone.
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <numeric>

#include "bare_step.h"
#include "train/crop_sampler.h"
#include "vpr/base/process.h"
#include "vpr/train/trainer.h"

namespace {

struct Time {
  double wall = 0, processor = 0;
};

Time Now() {
  rusage usage;
  ::getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& value) {
    return static_cast<double>(value.tv_sec) + 1e-6 * static_cast<double>(value.tv_usec);
  };
  return {
      std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(),
      seconds(usage.ru_utime) + seconds(usage.ru_stime)};
}

Time operator-(const Time& a, const Time& b) {
  return {a.wall - b.wall, a.processor - b.processor};
}

double ThreadSeconds() {
  timespec now;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// The time of the second epoch's steps.
struct SecondEpoch : vpr::Progress {
  void Start(const std::string& what, const std::string&, std::uint64_t, std::uint64_t) override {
    running = what == "epoch 2/2";
    if (running) begin = Now();
  }
  void Finish() override {
    if (running) taken = Now() - begin;
    running = false;
  }
  bool running = false;
  Time begin, taken;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7 || std::atoi(argv[5]) < 1 || std::atoi(argv[6]) < 1) {
    std::fprintf(stderr, "usage: train_step PREFIX SCRATCH CONFIG THREADS ROUNDS STEPS\n");
    return 2;
  }
  vpr::OwnProcess();  // as vpr does
  const std::string scratch = argv[2];
  const int threads = std::atoi(argv[4]), rounds = std::atoi(argv[5]), steps = std::atoi(argv[6]);
  vpr::TrainConfig config = vpr::DefaultTrainConfig("resnet");
  vpr::ReadTrainConfig(argv[3], config);
  config.train = argv[1];
  config.output = scratch + "/bench.vpr";
  config.run_dir = scratch + "/bench.run";
  config.epochs = 2;
  config.threads = threads;
  config.loader_threads = 1;
  config.hold_out_speakers = 0;
  config.cohort_speakers = 0;
  config.crops_per_epoch = static_cast<std::uint64_t>(steps * config.batch_size);

  const vpr::PackedDataset dataset(config.train);
  std::vector<std::uint32_t> records(dataset.size());
  std::iota(records.begin(), records.end(), 0u);
  config.features.trim_top_db = dataset.info().trim_top_db;
  const vpr::CropSampler sampler(dataset, records, config);
  const std::vector<vpr::CropChoice> crops = sampler.DrawEpoch(1);
  std::vector<double> loader;
  std::size_t frames = 0;
  for (int step = 0; step < steps; ++step) {
    const double begin = ThreadSeconds();
    frames =
        sampler
            .MakeBatch(crops, 1,
                       static_cast<std::size_t>(step) * static_cast<std::size_t>(config.batch_size))
            .frames;
    loader.push_back(ThreadSeconds() - begin);
  }

  vpr::SetThreads(threads);
  vpr::BareStep bare(config, sampler.num_classes(), frames);
  for (int step = 0; step < steps; ++step) bare.Step();
  std::vector<double> wall, processor, bare_step, bare_processor, wait;
  for (int round = 0; round < rounds; ++round) {
    const Time begin = Now();
    for (int step = 0; step < steps; ++step) bare.Step();
    const Time one = Now() - begin;
    std::filesystem::remove_all(config.run_dir);
    SecondEpoch progress;
    const vpr::TrainResult result = vpr::Train(config, progress, {});
    wall.push_back(one.wall / progress.taken.wall);
    processor.push_back(one.processor / progress.taken.processor);
    bare_step.push_back(1e3 * one.wall / steps);
    bare_processor.push_back(1e3 * one.processor / steps);
    wait.push_back(100 * result.last.wait_share);
    vpr::SetThreads(threads);
  }
  std::printf(
      "threads %d, batch %d: bare step %.0f ms, %.0f ms of processor; trained / bare steps a "
      "second %.3f, for the same processor time %.3f; waiting %.1f %%; loader %.0f ms a batch\n",
      threads, config.batch_size, Median(bare_step), Median(bare_processor), Median(wall),
      Median(processor), Median(wait), 1e3 * Median(loader));
}
