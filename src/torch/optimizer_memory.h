// What optimizers remember of the parameters between steps, for checkpoints.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "vpr/base/error.h"

namespace vpr {

// What an optimizer remembers of one parameter; `step` is null if it counts none.
struct Memory {
  std::vector<std::pair<const char*, torch::Tensor*>> tensors;
  std::int64_t* step = nullptr;
};

inline Memory MemoryIn(torch::optim::SGDParamState& state) {
  return {{{"momentum_buffer", &state.momentum_buffer()}}, nullptr};
}

template <typename AdamState>  // Adam's or AdamW's
Memory MemoryIn(AdamState& state) {
  return {{{"exp_avg", &state.exp_avg()}, {"exp_avg_sq", &state.exp_avg_sq()}}, &state.step()};
}

// LibTorch 1 files what it remembers under the parameter's address as text, LibTorch 2 under the
// address.
template <typename States>
typename States::key_type KeyOf(const States&, const torch::Tensor& parameter) {
  if constexpr (std::is_same_v<typename States::key_type, std::string>) {
    return c10::str(parameter.unsafeGetTensorImpl());
  } else {
    return parameter.unsafeGetTensorImpl();
  }
}

// Calls visit(number, parameter, memory) for each parameter that has a memory, or is given an empty
// one since make(number).
template <typename State, typename Make, typename Visit>
void VisitMemoryOf(torch::optim::Optimizer& optimizer, Make&& make, Visit&& visit) {
  auto& states = optimizer.state();
  std::size_t number = 0;
  for (const auto& group : optimizer.param_groups()) {
    for (const torch::Tensor& parameter : group.params()) {
      const auto key = KeyOf(states, parameter);
      if (make(number)) states[key] = std::make_unique<State>();
      if (const auto found = states.find(key); found != states.end())
        visit(number, parameter, MemoryIn(static_cast<State&>(*found->second)));
      ++number;
    }
  }
}

template <typename Make, typename Visit>
void VisitMemory(torch::optim::Optimizer& optimizer, Make&& make, Visit&& visit) {
  namespace optim = torch::optim;
  if (dynamic_cast<optim::SGD*>(&optimizer) != nullptr) {
    VisitMemoryOf<optim::SGDParamState>(optimizer, make, visit);
  } else if (dynamic_cast<optim::Adam*>(&optimizer) != nullptr) {
    VisitMemoryOf<optim::AdamParamState>(optimizer, make, visit);
  } else {
    VPR_CHECK(dynamic_cast<optim::AdamW*>(&optimizer) != nullptr);
    VisitMemoryOf<optim::AdamWParamState>(optimizer, make, visit);
  }
}

}  // namespace vpr
