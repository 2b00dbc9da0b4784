// Classifier files, those of support vector machines (networks need LibTorch).
#include "vpr/classify/classifier.h"

#include "fuzz.h"

FUZZ(bytes) {
  const vpr::fuzz::InputFile file(vpr::fuzz::Sealed(bytes));
  try {
    vpr::Classifier::Load(file.path(), "", {});
  } catch (const vpr::Error& error) {
    if (error.code() != vpr::ErrorCode::kNotFound) throw;  // the engine
  }
}
