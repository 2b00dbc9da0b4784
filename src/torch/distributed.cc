#include "torch/distributed.h"

#ifdef VPR_HAVE_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#endif
#ifdef VPR_HAVE_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#endif
#include <torch/version.h>

#include <chrono>
#include <cstdlib>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>

#include "torch/device.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int Number(const char* name, int low, int high) {
  const std::string text = Variable(name);
  const bool digits =
      !text.empty() && text.size() < 7 && text.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || std::stoi(text) < low || std::stoi(text) > high)
    throw Error(ErrorCode::kInvalidArgument,
                Format("training with several processes needs $%s to be %d to %d, found '%s'; "
                       "$RANK, $WORLD_SIZE, $MASTER_ADDR and $MASTER_PORT belong together",
                       name, low, high, Printable(text).c_str()));
  return std::stoi(text);
}

// One line, without what LibTorch and Gloo say about their own source.
std::string Reason(const std::exception& error) {
  const auto* own = dynamic_cast<const c10::Error*>(&error);
  std::string reason = own != nullptr ? OneLine(*own) : std::string(Lines(error.what()).front());
  if (const std::size_t end = reason.find("] "); reason.starts_with('[') && end < 200)
    reason.erase(0, end + 2);
  return reason;
}

}  // namespace

#if defined(VPR_HAVE_GLOO) || defined(VPR_HAVE_NCCL)

struct World::Group {
  c10::intrusive_ptr<c10d::TCPStore> store;
#ifdef VPR_HAVE_GLOO
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
#endif
#ifdef VPR_HAVE_NCCL
  c10::intrusive_ptr<c10d::ProcessGroupNCCL> nccl;
#endif

#ifdef VPR_HAVE_GLOO
  // All have reached the store by now, so they meet at once, or one of them has died since. Gloo
  // would wait for it as long as for a sum (its one timeout); it is left waiting, on a thread that
  // ends with this process.
  static c10::intrusive_ptr<c10d::ProcessGroupGloo> Meet(
      const c10::intrusive_ptr<c10d::TCPStore>& store, int rank, int size,
      const c10::intrusive_ptr<c10d::ProcessGroupGloo::Options>& settings) {
    std::packaged_task<c10::intrusive_ptr<c10d::ProcessGroupGloo>()> meet(
        [=] { return c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, size, settings); });
    auto met = meet.get_future();
    std::thread(std::move(meet)).detach();
    constexpr auto kPatience = std::chrono::seconds(20);
    if (met.wait_for(kPatience) == std::future_status::timeout)
      throw std::runtime_error("another one is gone again");
    return met.get();
  }
#endif

  template <typename Use>
  void Run(const Use& use) const {
#ifdef VPR_HAVE_NCCL
    if (nccl) {
      use(*nccl)->wait();
      return;
    }
#endif
#ifdef VPR_HAVE_GLOO
    use(*gloo)->wait();
#endif
  }
};

std::unique_ptr<World> World::Join(const torch::Device& device) {
  if (Variable("WORLD_SIZE").empty() || Variable("WORLD_SIZE") == "1")
    return std::unique_ptr<World>(new World(0, 1, nullptr));
  const int size = Number("WORLD_SIZE", 1, 100000), rank = Number("RANK", 0, size - 1);
  const int port = Number("MASTER_PORT", 1, 65535);
  const std::string address = Variable("MASTER_ADDR");
  if (address.empty())
    throw Error(ErrorCode::kInvalidArgument,
                "training with several processes needs $MASTER_ADDR, where process 0 runs");
  auto group = std::make_unique<Group>();
  try {
    c10d::TCPStoreOptions options;
    options.port = static_cast<std::uint16_t>(port);
    options.isServer = rank == 0;
    options.numWorkers = static_cast<std::size_t>(size);
    options.timeout = std::chrono::minutes(1);
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
    options.useLibUV = false;  // the default of newer ones, which some are built without
#endif
    group->store = c10::make_intrusive<c10d::TCPStore>(address, options);
    // A machine that vanishes without a word; a process that dies is noticed at once.
    constexpr auto kSilence = std::chrono::minutes(10);
    if (device.is_cuda()) {
#ifdef VPR_HAVE_NCCL
      auto settings = c10d::ProcessGroupNCCL::Options::create();
      settings->timeout = kSilence;
      group->nccl = c10::make_intrusive<c10d::ProcessGroupNCCL>(group->store, rank, size, settings);
#else
      throw Error(ErrorCode::kDevice,
                  "this build of vpr cannot train on GPUs with several processes (no NCCL); use "
                  "--device cpu");
#endif
    } else {
#ifdef VPR_HAVE_GLOO
      auto settings = c10d::ProcessGroupGloo::Options::create(kSilence);
      settings->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
      group->gloo = Group::Meet(group->store, rank, size, settings);
#else
      throw Error(ErrorCode::kDevice,
                  "this build of vpr cannot train on CPUs with several processes (no Gloo)");
#endif
    }
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(
        ErrorCode::kIo,
        Format("process %d of %d cannot join the training at %s:%d: %s; are all processes "
               "started, and is the port free?",
               rank, size, Printable(address).c_str(), port, Printable(Reason(error)).c_str()));
  }
  return std::unique_ptr<World>(new World(rank, size, std::move(group)));
}

#else

struct World::Group {
  template <typename Use>
  void Run(const Use&) const {}
};

std::unique_ptr<World> World::Join(const torch::Device&) {
  if (Variable("WORLD_SIZE").empty() || Variable("WORLD_SIZE") == "1")
    return std::unique_ptr<World>(new World(0, 1, nullptr));
  throw Error(ErrorCode::kDevice,
              "this build of vpr cannot train with several processes (neither Gloo nor NCCL); "
              "unset $WORLD_SIZE");
}

#endif

World::World(int rank, int size, std::unique_ptr<Group> group)
    : rank_(rank), size_(size), group_(std::move(group)) {}

World::~World() = default;

namespace {

template <typename Work>
void OrSayWhoIsGone(int rank, int size, const Work& work) {
  try {
    work();
  } catch (const std::exception& error) {
    throw Error(ErrorCode::kIo,
                Format("another process of this training is gone (seen by process %d of %d: %s); "
                       "start them all again with --resume",
                       rank, size, Printable(Reason(error)).c_str()));
  }
}

}  // namespace

void World::Sum(torch::Tensor tensor) const {
  if (alone()) return;
  OrSayWhoIsGone(rank_, size_, [&] {
    std::vector<torch::Tensor> tensors = {tensor};
    group_->Run([&](auto& group) { return group.allreduce(tensors); });
  });
}

void World::CopyFromFirst(const std::vector<torch::Tensor>& tensors) const {
  if (alone()) return;
  OrSayWhoIsGone(rank_, size_, [&] {
    for (const torch::Tensor& tensor : tensors) {
      // Gloo wants memory without gaps, in its own order.
      std::vector<torch::Tensor> plain = {tensor.detach().contiguous().clone()};
      group_->Run([&](auto& group) { return group.broadcast(plain); });
      torch::NoGradGuard no_grad;
      torch::Tensor(tensor).copy_(plain[0]);
    }
  });
}

}  // namespace vpr
