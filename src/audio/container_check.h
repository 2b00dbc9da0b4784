// Whether a file holds the audio its header announces. libsndfile quietly takes what there is.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace vpr {

struct ContainerReport {
  enum class State {
    kSound,      // as announced, or a container this check does not know
    kTruncated,  // less than announced; `detail` says what was announced and what was found
    kEmpty       // sound, with no audio in it
  };
  State state = State::kSound;
  std::string detail;
};

// Looks at WAV (RIFF, RIFX, RF64), W64, AIFF, AU, NIST SPHERE and Ogg. `streamed`: the bytes came
// through a pipe, so that a WAV, RF64 or AU length of "unknown" means "up to the end".
ContainerReport CheckContainer(std::span<const std::uint8_t> bytes, bool streamed);

}  // namespace vpr
