// The decoders there are.
#pragma once

#include <memory>
#include <string>

#include "audio/byte_source.h"
#include "vpr/audio/decoder.h"

namespace vpr {

// Both return null and set `reason` for what they cannot decode; the reason is empty where nothing
// more is known than that. `bytes` must outlive them.

// libsndfile.
std::unique_ptr<Decoder> OpenSndfile(const ByteSource& bytes, std::string& reason);

// libmpg123. libsndfile decodes MP3 with it too, but estimates the length of a file without a Xing
// tag and reads no further, and lets it print to stderr.
std::unique_ptr<Decoder> OpenMp3(const ByteSource& bytes, std::string& reason);

// FFmpeg's libraries, in a module that is opened for the first file that needs it. Null and
// `refusal` for what they do not decode; where the module cannot be opened `missing` says why and
// what to do about it.
std::unique_ptr<Decoder> OpenMedia(const ByteSource& bytes, int track, MediaRefusal& refusal,
                                   std::string& missing);

}  // namespace vpr
