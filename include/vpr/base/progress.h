// How long-running library calls report and how they are asked to stop. The library never prints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace vpr {

struct Progress {
  virtual ~Progress() = default;
  // Work that is to come, in units of the caller's choice ("file", "step"), of which `already` were
  // done before. total 0: unknown.
  virtual void Start(const std::string& /*what*/, const std::string& /*unit*/,
                     std::uint64_t /*total*/, std::uint64_t /*already*/ = 0) {}
  // `detail` is a short text shown after the rate, such as the current loss.
  virtual void Update(std::uint64_t /*done*/, const std::string& /*detail*/ = {}) {}
  // How much is done of the items under way, all together: 0.5 for half of one. May be called from
  // any thread.
  virtual void UpdatePart(double /*items*/) {}
  virtual void Finish() {}
  // One line of news or a warning.
  virtual void Info(const std::string& /*line*/) {}
  virtual void Warn(const std::string& /*line*/) {}
};

// Asked between items or steps; true means: finish what is under way, make it safe, stop.
using StopRequested = std::function<bool()>;

// For items that take long and of which several are under way at once, each in a slot of its own:
// shows how far they are, and stops in their midst.
class PartialProgress {
 public:
  PartialProgress(Progress& progress, StopRequested stop, std::size_t slots)
      : progress_(progress), stop_(std::move(stop)), shares_(slots) {}

  // The item in `slot` is done to `share`, 0 to 1. Throws kInterrupted if stopped. Thread-safe.
  void Update(std::size_t slot, double share);
  // The item in `slot` is counted among those done from now on.
  void Done(std::size_t slot);

 private:
  Progress& progress_;
  StopRequested stop_;
  std::mutex mutex_;
  std::vector<double> shares_;
};

}  // namespace vpr
