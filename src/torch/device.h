// Devices, threads and precision.
#pragma once

#include <torch/torch.h>

#include <string>

namespace vpr {

// "auto" (a GPU if there is one, else the CPU), "cpu", "cuda", "cuda:N". Without a number: the
// first GPU, or that of torchrun's $LOCAL_RANK. Throws kDevice, kInvalidArgument.
torch::Device ParseDevice(const std::string& name);

// Sets the number of LibTorch's threads; 0: as many as this process may use.
void SetThreads(int threads);

// For trainings in a process that is ours: memory that is freed is kept, since the next step asks
// for as much again, and every page that the system gives anew has to be cleared.
void KeepFreedMemory();

// On a GPU: TF32 in products and convolutions unless `precision` is "float32", and cuDNN may try
// out which of its algorithms is fastest if all steps have one shape.
void SetUpMath(const torch::Device& device, const std::string& precision, bool one_shape);

// Copies between the CPU's memory and a GPU's, through pinned memory and on streams of their own,
// so that they run beside the computation. On a CPU nothing is copied.
class Transfers {
 public:
  explicit Transfers(const torch::Device& device);

  // `tensor`, in the CPU's memory, on the device. For a loader's thread: returns when it is there.
  torch::Tensor Upload(const torch::Tensor& tensor) const;

  // To be called by the thread that computes with what Upload gave, before it does.
  void Use(const torch::Tensor& uploaded) const;

  // Begins to copy a result to the CPU's memory, as soon as it is computed; FinishReading waits for
  // it, but not for what this thread has set going since.
  torch::Tensor StartReading(const torch::Tensor& result) const;
  void FinishReading() const;

 private:
  torch::Device device_;
  c10::optional<c10::Stream> up_, down_;  // nothing: no copying
};

// True for "bfloat16", and for "auto" where the device computes it fast: taken for granted on a GPU
// (compute capability 8 on), and x86 processors with AVX512-BF16.
bool UseBfloat16(const std::string& precision, const torch::Device& device);

// While it lives, operations that profit compute in bfloat16 (LibTorch's autocast), the others in
// float32. Does nothing if not enabled.
class Autocast {
 public:
  Autocast(const torch::Device& device, bool enabled);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  torch::DeviceType type_;
  bool enabled_, before_ = false;
};

// The message of a LibTorch exception without its stack trace, on one line.
std::string OneLine(const c10::Error& error);

}  // namespace vpr
