#include "vpr/base/process.h"

#include <atomic>

namespace vpr {
namespace {

std::atomic<bool> owned{false};

}  // namespace

void OwnProcess() { owned = true; }
bool ProcessIsOwned() { return owned; }

}  // namespace vpr
