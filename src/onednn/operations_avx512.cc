// For processors with AVX-512.
#include <cstddef>

namespace vpr {
namespace {
constexpr std::size_t kLanes = 16, kRows = 8;
}  // namespace
}  // namespace vpr

#include "onednn/operations.inc"

namespace vpr {

extern const Operations kOperationsAvx512 = kOperations;

}  // namespace vpr
