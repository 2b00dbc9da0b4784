// Eight lanes: one AVX-512 register. Compiled with -mavx512f -mavx512dq -mfma; called
// only where the processor has these.
#include <cstddef>

namespace vpr {
namespace {
constexpr std::size_t kLanes = 8;
}  // namespace
}  // namespace vpr

#include "features/mel_kernel_lanes.inc"

namespace vpr {

MelKernel* NewAvx512MelKernel(const MelTables& tables) { return new LanesMelKernel(tables); }

}  // namespace vpr
