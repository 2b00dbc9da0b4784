// NumPy's arrays.
#include "vpr/base/npy.h"

#include "fuzz.h"

FUZZ(bytes) {
  const vpr::fuzz::InputFile file(bytes);
  vpr::ReadNpy(file.path());
}
