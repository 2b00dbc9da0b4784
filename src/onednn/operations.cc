#include "onednn/operations.h"

namespace vpr {

const std::vector<const Operations*>& AllOperations() {
  static const std::vector<const Operations*> all = [] {
    std::vector<const Operations*> found;
#ifdef VPR_HAVE_AVX_OPERATIONS
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
      found.push_back(&kOperationsAvx512);
    if (avx2) found.push_back(&kOperationsAvx2);
#endif
    found.push_back(&kOperationsAny);
    return found;
  }();
  return all;
}

}  // namespace vpr
