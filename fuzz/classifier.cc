// Classifier files, those of support vector machines (networks need LibTorch).
#include "vpr/classify/classifier.h"

#include "fuzz.h"
#include "vpr/base/file_io.h"

FUZZ(bytes) {
  std::string content(bytes.substr(0, bytes.size() - (bytes.size() < 32 ? 0 : 32)));
  const vpr::fuzz::InputFile file(content + vpr::Fingerprint(content));
  try {
    vpr::Classifier::Load(file.path(), "", {});
  } catch (const vpr::Error& error) {
    if (error.code() != vpr::ErrorCode::kNotFound) throw;  // the engine
  }
}
