// How a file is laid out: which of its bytes are audio, for which decoder, and whether all that its
// headers announce is there. The decoders themselves quietly take what there is, and stop where the
// first of several recordings in one file ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "audio/byte_source.h"

namespace vpr {

// One recording of the file; there is more than one where files were joined.
struct AudioPart {
  enum class State {
    kWhole,       // as announced, or a container this check does not know
    kTruncated,   // less than announced; `detail` says what was announced and what was found
    kHeaderOnly,  // no audio found: cut off, or laid out in a way this check does not follow
    kEmpty        // whole, with no audio in it
  };
  State state = State::kWhole;
  std::string detail;

  // What the decoder is to see: of WAV a header made of the chunks it needs and then the audio,
  // since libsndfile stumbles over lengths that are unknown or wrong, over a second data chunk and
  // over some of what other chunks may hold; of all else ranges of the file.
  bool mp3 = false;  // for libmpg123; else for libsndfile
  bool in_wav = false;
  std::string header;
  std::vector<ByteRange> ranges;
};

struct ContainerReport {
  std::vector<AudioPart> parts;  // at least one
  // What a user should know although the file is read: "its header leaves its length open: ..."
  std::vector<std::string> warnings;
};

// Looks at WAV (RIFF, RIFX, RF64), W64, AIFF, SVX, CAF, AU, NIST SPHERE, Ogg, FLAC and MP3.
// `streamed`: the bytes came through a pipe, where a WAV, RF64 or AU length of "unknown" is usual.
// Throws kIo; kCorrupt for a file of an absurd number of parts.
ContainerReport CheckContainer(const ByteSource& source, bool streamed);

struct KnownFormat {
  std::string name;       // "MPEG-4 (M4A, MP4)", "a web page"; empty for what is not recognised
  bool recording = true;  // false: whatever decodes it, there is no sound in it
  bool playlist = false;  // it names files of sound, which are not opened
};
// What libsndfile and libmpg123 do not decode.
KnownFormat RecogniseFormat(const ByteSource& source);

}  // namespace vpr
