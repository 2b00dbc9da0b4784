#include "vpr/base/progress.h"

#include <numeric>

#include "vpr/base/error.h"

namespace vpr {

void PartialProgress::Update(std::size_t slot, double share) {
  if (stop_ && stop_()) throw Error(ErrorCode::kInterrupted, "stopped");
  std::lock_guard lock(mutex_);
  shares_[slot] = share;
  progress_.UpdatePart(std::accumulate(shares_.begin(), shares_.end(), 0.0));
}

void PartialProgress::Done(std::size_t slot) {
  std::lock_guard lock(mutex_);
  shares_[slot] = 0;
}

}  // namespace vpr
