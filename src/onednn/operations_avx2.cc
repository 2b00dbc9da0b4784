// For processors with AVX2.
#include <cstddef>

namespace vpr {
namespace {
constexpr std::size_t kLanes = 8, kRows = 6;
}  // namespace
}  // namespace vpr

#include "onednn/operations.inc"

namespace vpr {

extern const Operations kOperationsAvx2 = kOperations;

}  // namespace vpr
