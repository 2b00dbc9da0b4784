// Transcriber files.
#include "vpr/transcribe/transcriber.h"

#include "fuzz.h"

FUZZ(bytes) {
  const vpr::fuzz::InputFile file(vpr::fuzz::Sealed(bytes));
  try {
    vpr::Transcriber::Load(file.path());
  } catch (const vpr::Error& error) {
    if (error.code() != vpr::ErrorCode::kNotFound) throw;  // the engine
  }
}
