#include "torch/device.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <malloc.h>
#include <torch/version.h>

#include <algorithm>
#include <cstdlib>

#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/process.h"

namespace vpr {
namespace {

// The interface of autocast was generalised over devices in LibTorch 2.4.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
bool IsEnabled(torch::DeviceType type) { return at::autocast::is_autocast_enabled(type); }
void Enable(torch::DeviceType type, bool enabled) {
  at::autocast::set_autocast_dtype(type, torch::kBFloat16);
  at::autocast::set_autocast_enabled(type, enabled);
}
#else
bool IsEnabled(torch::DeviceType type) {
  return type == torch::kCPU ? at::autocast::is_cpu_enabled() : at::autocast::is_enabled();
}
void Enable(torch::DeviceType type, bool enabled) {
  if (type == torch::kCPU) {
    at::autocast::set_autocast_cpu_dtype(torch::kBFloat16);
    at::autocast::set_cpu_enabled(enabled);
  } else {
    at::autocast::set_autocast_gpu_dtype(torch::kBFloat16);
    at::autocast::set_enabled(enabled);
  }
}
#endif

bool CpuHasBfloat16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

}  // namespace

torch::Device ParseDevice(const std::string& name) {
  if (name == "cpu") return torch::kCPU;
  const bool cuda = torch::cuda::is_available();
  // torchrun numbers the processes of a machine.
  const char* local_rank = std::getenv("LOCAL_RANK");
  if (cuda && local_rank != nullptr && (name == "auto" || name == "cuda"))
    return torch::Device(
        torch::kCUDA, static_cast<torch::DeviceIndex>(
                          std::atoi(local_rank) % static_cast<int>(torch::cuda::device_count())));
  if (name == "auto") return cuda ? torch::Device(torch::kCUDA, 0) : torch::Device(torch::kCPU);
  if (name != "cuda" && !name.starts_with("cuda:"))
    throw Error(ErrorCode::kInvalidArgument,
                "device '" + name + "' is unknown; there are auto, cpu and cuda:N");
  std::string number = name == "cuda" ? "0" : name.substr(5);
  if (number.empty() || number.size() > 3 ||
      !std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; }))
    throw Error(ErrorCode::kInvalidArgument, "device '" + name + "' is not of the form cuda:N");
  if (!cuda)
    throw Error(
        ErrorCode::kDevice,
        "device " + name + " is not there: this LibTorch finds no CUDA GPU; use --device cpu");
  int index = std::stoi(number);
  if (index >= static_cast<int>(torch::cuda::device_count()))
    throw Error(ErrorCode::kDevice, "device " + name + " is not there: found " +
                                        std::to_string(torch::cuda::device_count()) + " GPU(s)");
  return torch::Device(torch::kCUDA, static_cast<torch::DeviceIndex>(index));
}

void SetThreads(int threads) { torch::set_num_threads(threads > 0 ? threads : HardwareThreads()); }

void KeepFreedMemory() {
#ifdef __GLIBC__
  if (!ProcessIsOwned()) return;
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most that it takes: larger blocks come and go
  mallopt(M_TRIM_THRESHOLD, -1);        // never
#endif
}

void SetUpMath(const torch::Device& device, const std::string& precision, bool one_shape) {
  if (!device.is_cuda()) return;
  at::Context& context = at::globalContext();
  context.setAllowTF32CuBLAS(precision != "float32");
  context.setAllowTF32CuDNN(precision != "float32");
  context.setBenchmarkCuDNN(one_shape);
}

// Through LibTorch's interface for all devices, so that one source serves builds with and without
// CUDA.
Transfers::Transfers(const torch::Device& device) : device_(device) {
  if (!device.is_cuda()) return;
  const c10::impl::VirtualGuardImpl gpu(device.type());
  up_ = gpu.getStreamFromGlobalPool(device);
  down_ = gpu.getStreamFromGlobalPool(device);
}

torch::Tensor Transfers::Upload(const torch::Tensor& tensor) const {
  if (!up_) return tensor;
  c10::StreamGuard guard(*up_);
  torch::Tensor there = tensor.pin_memory().to(device_, /*non_blocking=*/true);
  up_->synchronize();
  return there;
}

void Transfers::Use(const torch::Tensor& uploaded) const {
  // Its memory must not be used again by the stream that copies while the other still computes.
  if (up_) uploaded.record_stream(c10::impl::VirtualGuardImpl(device_.type()).getStream(device_));
}

torch::Tensor Transfers::StartReading(const torch::Tensor& result) const {
  if (!down_) return result;
  c10::Event computed(device_.type());
  computed.record(c10::impl::VirtualGuardImpl(device_.type()).getStream(device_));
  down_->wait(computed);
  result.record_stream(*down_);
  c10::StreamGuard guard(*down_);
  return result.to(torch::kCPU, /*non_blocking=*/true);
}

void Transfers::FinishReading() const {
  if (down_) down_->synchronize();
}

bool UseBfloat16(const std::string& precision, const torch::Device& device) {
  if (precision != "auto") return precision == "bfloat16";
  return device.is_cpu() ? CpuHasBfloat16() : true;
}

Autocast::Autocast(const torch::Device& device, bool enabled)
    : type_(device.type()), enabled_(enabled) {
  if (!enabled_) return;
  before_ = IsEnabled(type_);
  Enable(type_, true);
}

Autocast::~Autocast() {
  if (!enabled_) return;
  Enable(type_, before_);
  at::autocast::clear_cache();  // copies of weights, stale after the next step
}

std::string OneLine(const c10::Error& error) {
  std::string text = error.what_without_backtrace();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace vpr
