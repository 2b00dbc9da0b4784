#include <soxr.h>

#include <algorithm>
#include <string>

#include "audio/resampler.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr std::size_t kBlock = 1 << 14;

[[noreturn]] void Fail(int from, int to, const char* reason) {
  throw Error(ErrorCode::kInternal,
              Format("cannot resample from %d Hz to %d Hz: libsoxr: %s", from, to, reason));
}

}  // namespace

Resampler::Resampler(int from_rate, int to_rate) : from_rate_(from_rate), to_rate_(to_rate) {
  if (from_rate <= 0 || to_rate <= 0)
    throw Error(
        ErrorCode::kInvalidArgument,
        Format("cannot resample from %d Hz to %d Hz: rates must be positive", from_rate, to_rate));
  if (from_rate == to_rate) return;
  soxr_error_t error = nullptr;
  soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
  soxr_quality_spec_t quality = soxr_quality_spec(SOXR_VHQ, 0);
  soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
  handle_ = soxr_create(from_rate, to_rate, 1, &error, &io, &quality, &runtime);
  if (handle_ == nullptr) Fail(from_rate, to_rate, error != nullptr ? error : "no memory");
}

Resampler::~Resampler() { soxr_delete(handle_); }

void Resampler::Pull(std::span<const float> samples, bool last, std::vector<float>& out) {
  for (;;) {
    std::size_t used = 0, got = 0, size = out.size();
    out.resize(size + kBlock);
    // A null input tells libsoxr that no more will come.
    soxr_error_t error = soxr_process(handle_, last ? nullptr : samples.data(), samples.size(),
                                      &used, out.data() + size, kBlock, &got);
    out.resize(size + got);
    if (error != nullptr) Fail(from_rate_, to_rate_, error);
    produced_ += got;
    samples = samples.subspan(last ? 0 : used);
    if (got < kBlock && samples.empty()) return;
  }
}

void Resampler::Accept(std::span<const float> samples, std::vector<float>& out) {
  if (samples.empty()) return;
  accepted_ += samples.size();
  if (handle_ == nullptr) {
    out.insert(out.end(), samples.begin(), samples.end());
  } else {
    Pull(samples, false, out);
  }
}

void Resampler::Finish(std::vector<float>& out) {
  if (handle_ == nullptr || accepted_ == 0) return;
  Pull({}, true, out);
  auto from = static_cast<std::uint64_t>(from_rate_), to = static_cast<std::uint64_t>(to_rate_);
  std::uint64_t wanted = (accepted_ * to + from / 2) / from;
  // libsoxr rounds the length its own way, by at most one sample.
  out.resize(static_cast<std::size_t>(out.size() + wanted - produced_), 0.0f);
  produced_ = wanted;
}

std::vector<float> Resample(const std::vector<float>& samples, int from_rate, int to_rate) {
  Resampler resampler(from_rate, to_rate);
  std::vector<float> out;
  resampler.Accept(samples, out);
  resampler.Finish(out);
  return out;
}

}  // namespace vpr
