// Two lanes: one SSE register on x86-64, one NEON register on 64-bit ARM.
#include <cstddef>

namespace vpr {
namespace {
constexpr std::size_t kLanes = 2;
}  // namespace
}  // namespace vpr

#include "features/mel_kernel_lanes.inc"

namespace vpr {

MelKernel* NewBaselineMelKernel(const MelTables& tables) { return new LanesMelKernel(tables); }

}  // namespace vpr
