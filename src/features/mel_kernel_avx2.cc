// Four lanes: one AVX register. Compiled with -mavx2 -mfma; called only where the processor has
// both.
#include <cstddef>

namespace vpr {
namespace {
constexpr std::size_t kLanes = 4;
}  // namespace
}  // namespace vpr

#include "features/mel_kernel_lanes.inc"

namespace vpr {

MelKernel* NewAvx2MelKernel(const MelTables& tables) { return new LanesMelKernel(tables); }

}  // namespace vpr
