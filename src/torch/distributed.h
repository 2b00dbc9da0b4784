// Several processes, on one machine or many, that train one network.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <vector>

namespace vpr {

// This process among them. LibTorch's own engine (c10d) does the communication: Gloo between CPUs,
// NCCL between GPUs where LibTorch has it. If another process dies or cannot be reached any more,
// the next call throws kIo.
class World {
 public:
  // As the environment says, the way torchrun sets it: RANK (0 .. WORLD_SIZE-1), WORLD_SIZE,
  // MASTER_ADDR, MASTER_PORT (where process 0 listens). Without WORLD_SIZE this process is alone.
  // Waits for the others up to a minute. Throws kInvalidArgument, kIo.
  static std::unique_ptr<World> Join(const torch::Device& device);

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool alone() const { return size_ == 1; }
  bool first() const { return rank_ == 0; }

  // Adds up, in place, what all processes hold; all must call it, with tensors of one shape, in the
  // same order.
  void Sum(torch::Tensor tensor) const;
  // Overwrites, in place, with what the first process holds.
  void CopyFromFirst(const std::vector<torch::Tensor>& tensors) const;

  // Leaves LibTorch's engine without waiting for the others.
  ~World();

 private:
  struct Group;
  World(int rank, int size, std::unique_ptr<Group> group);

  int rank_, size_;
  std::unique_ptr<Group> group_;  // null if alone
};

}  // namespace vpr
