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

// True for "bfloat16", and for "auto" where the device computes it fast: CUDA from compute
// capability 8 on, x86 processors with AVX512-BF16.
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
