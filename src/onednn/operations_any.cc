// For every processor.
#include <cstddef>

namespace vpr {
namespace {
constexpr std::size_t kLanes = 4, kRows = 6;
}  // namespace
}  // namespace vpr

#include "onednn/operations.inc"

namespace vpr {

extern const Operations kOperationsAny = kOperations;

}  // namespace vpr
