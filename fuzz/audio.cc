// Recordings: WAV, AIFF, CAF, W64, NIST, FLAC, Ogg, MP3, from files and pipes.
#include "fuzz.h"
#include "vpr/audio/audio_reader.h"

FUZZ(bytes) {
  // Kilobytes may hold hours of silence, and hours under sanitizers take seconds.
  constexpr vpr::ReadOptions kShort{.sample_rate = 0, .max_seconds = 20};
  const vpr::fuzz::InputFile file(bytes);
  try {
    vpr::ReadAudio(file.path(), kShort);
  } catch (const vpr::Error&) {
  }
  vpr::AudioSource source = vpr::AudioSource::FromBytes(std::string(bytes), "input", kShort);
  source.ForEachBlock([](std::span<const float>) {});
}
