// Whether a file holds the audio its header announces. libsndfile quietly takes what there is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace vpr {

struct ContainerReport {
  enum class State {
    kSound,       // as announced, or a container this check does not know
    kTruncated,   // less than announced; `detail` says what was announced and what was found
    kHeaderOnly,  // no audio found: cut off, or laid out in a way this check does not follow
    kEmpty        // sound, with no audio in it
  };
  State state = State::kSound;
  std::string detail;

  // libsndfile stumbles over a WAV whose length is unknown, and over some of what other chunks may
  // hold. Of a WAV it is to see `header`, made of the chunks it needs, and then `audio`; of all
  // else (empty header) the file itself.
  std::string header;
  std::span<const std::uint8_t> audio;
};

// Looks at WAV (RIFF, RIFX, RF64), W64, AIFF, SVX, CAF, AU, NIST SPHERE, Ogg and MP3. `streamed`:
// the bytes came through a pipe, so that a WAV, RF64 or AU length of "unknown" means "up to the
// end".
ContainerReport CheckContainer(std::span<const std::uint8_t> bytes, bool streamed);

// The length of the ID3v2 tags at the beginning, 0 for none; may exceed that of a truncated file.
std::size_t Id3Size(std::span<const std::uint8_t> bytes);

}  // namespace vpr
