// How long-running library calls report and how they are asked to stop. The library never prints.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace vpr {

struct Progress {
  virtual ~Progress() = default;
  // Work that is to come, in units of the caller's choice ("file", "step"), of which `already` were
  // done before. total 0: unknown.
  virtual void Start(const std::string& /*what*/, const std::string& /*unit*/,
                     std::uint64_t /*total*/, std::uint64_t /*already*/ = 0) {}
  // `detail` is a short text shown after the rate, such as the current loss.
  virtual void Update(std::uint64_t /*done*/, const std::string& /*detail*/ = {}) {}
  virtual void Finish() {}
  // One line of news or a warning.
  virtual void Info(const std::string& /*line*/) {}
  virtual void Warn(const std::string& /*line*/) {}
};

// Asked between items or steps; true means: finish what is under way, make it safe, stop.
using StopRequested = std::function<bool()>;

}  // namespace vpr
