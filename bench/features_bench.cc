// What 2.04 s of speech (128 frames) cost: the mel spectrogram, and the bare transforms of 2048
// samples that could be under it.
#include <benchmark/benchmark.h>

#include <cmath>
#include <complex>
#include <cstddef>
#include <kissfft/kissfft.hh>
#include <memory>
#include <vector>
#ifdef VPR_BENCH_FFTW
#include <fftw3.h>
#endif

#include "features/mel_kernel.h"
#include "vpr/features/mel.h"

namespace vpr {
namespace {

constexpr std::size_t kFft = 2048, kFrames = 128, kSamples = 32640;

template <typename Real>
std::vector<Real> Signal(std::size_t size) {
  std::vector<Real> samples(size);
  for (std::size_t i = 0; i < size; ++i) {
    double t = static_cast<double>(i);
    samples[i] = static_cast<Real>(0.5 * std::sin(0.1 * t) + 0.1 * std::sin(1e-4 * t * t));
  }
  return samples;
}

void MelSpectrogram(benchmark::State& state) {
  MelComputer computer(FeatureOptions{});
  std::vector<float> samples = Signal<float>(kSamples), out(kFrames * 128);
  for (auto _ : state) {
    computer.ComputeMel(samples, out.data(), kFrames);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(MelSpectrogram)->Unit(benchmark::kMicrosecond);

// The settings of our own model: 25 ms window, logarithm, mean removal.
void LogMelOfTheModel(benchmark::State& state) {
  FeatureOptions options;
  options.n_fft = 1024;
  options.win_length = 400;
  options.kind = FeatureKind::kLogMel;
  options.mean_norm = true;
  MelComputer computer(options);
  std::vector<float> samples = Signal<float>(kSamples);
  for (auto _ : state) benchmark::DoNotOptimize(computer.Compute(samples));
}
BENCHMARK(LogMelOfTheModel)->Unit(benchmark::kMicrosecond);

// In pieces of 0.1 s, with the making of the computer.
void MelStreaming(benchmark::State& state) {
  std::vector<float> samples = Signal<float>(kSamples);
  for (auto _ : state) {
    OnlineMel online(FeatureOptions{});
    for (std::size_t i = 0; i < kSamples; i += 1600)
      online.AcceptWaveform(
          std::span(samples).subspan(i, std::min<std::size_t>(1600, kSamples - i)));
    online.InputFinished();
    benchmark::DoNotOptimize(online.NumFramesReady());
  }
}
BENCHMARK(MelStreaming)->Unit(benchmark::kMicrosecond);

// Window, transform and power of the mel kernels, without the filters.
void KernelWithoutFilters(benchmark::State& state, MelKernel* (*make)(const MelTables&)) {
  std::vector<double> window(kFft, 1.0);
  MelTables tables;
  tables.n_fft = kFft;
  tables.window_end = kFft;
  tables.window = window.data();
  std::unique_ptr<MelKernel> kernel(make(tables));
  struct alignas(MelKernel::kScratchAlignment) Line {
    char bytes[MelKernel::kScratchAlignment];
  };
  std::vector<Line> scratch(kernel->scratch_bytes() / sizeof(Line) + 1);
  std::vector<float> samples = Signal<float>(kSamples + kFft);
  std::vector<const float*> frames(kernel->lanes());
  for (auto _ : state) {
    for (std::size_t t = 0; t < kFrames; t += frames.size()) {
      for (std::size_t l = 0; l < frames.size(); ++l) frames[l] = samples.data() + 256 * (t + l);
      kernel->Run(frames.data(), frames.size(), scratch.data(), nullptr, 0);
    }
    benchmark::DoNotOptimize(scratch.data());
  }
}
BENCHMARK_CAPTURE(KernelWithoutFilters, baseline, NewBaselineMelKernel)
    ->Unit(benchmark::kMicrosecond);
#ifdef VPR_HAVE_AVX_KERNELS
BENCHMARK_CAPTURE(KernelWithoutFilters, avx2, NewAvx2MelKernel)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(KernelWithoutFilters, avx512, NewAvx512MelKernel)->Unit(benchmark::kMicrosecond);
#endif

template <typename Real>
void Kissfft(benchmark::State& state) {
  kissfft<Real> transform(kFft / 2, false);
  std::vector<Real> samples = Signal<Real>(kFft);
  std::vector<std::complex<Real>> out(kFft / 2 + 1);
  for (auto _ : state) {
    for (std::size_t t = 0; t < kFrames; ++t) transform.transform_real(samples.data(), out.data());
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(Kissfft<float>)->Unit(benchmark::kMicrosecond);
BENCHMARK(Kissfft<double>)->Unit(benchmark::kMicrosecond);

#ifdef VPR_BENCH_FFTW
void FftwFloat(benchmark::State& state) {
  std::vector<float> samples(kFft), signal = Signal<float>(kFft);
  std::vector<std::complex<float>> out(kFft / 2 + 1);
  fftwf_plan plan =
      fftwf_plan_dft_r2c_1d(static_cast<int>(kFft), samples.data(),
                            reinterpret_cast<fftwf_complex*>(out.data()), FFTW_MEASURE);
  samples = signal;
  for (auto _ : state) {
    for (std::size_t t = 0; t < kFrames; ++t) fftwf_execute(plan);
    benchmark::DoNotOptimize(out.data());
  }
  fftwf_destroy_plan(plan);
}
BENCHMARK(FftwFloat)->Unit(benchmark::kMicrosecond);
#endif

}  // namespace
}  // namespace vpr
