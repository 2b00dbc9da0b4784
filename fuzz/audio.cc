// Recordings: WAV, AIFF, CAF, W64, NIST, FLAC, Ogg, MP3, from files and pipes.
#include "fuzz.h"
#include "vpr/audio/audio_reader.h"

FUZZ(bytes) {
  const vpr::fuzz::InputFile file(bytes);
  try {
    vpr::ReadAudio(file.path(), 0);
  } catch (const vpr::Error&) {
  }
  vpr::DecodeAudio(std::string(bytes), "input");
}
