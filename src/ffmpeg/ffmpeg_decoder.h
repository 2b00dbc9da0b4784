// What FFmpeg's libraries decode, behind our interface: they see our bytes and nothing else, no
// file and no network.
#pragma once

#include <memory>

#include "vpr/audio/decoder.h"

namespace vpr {

// As MediaOpener (vpr/audio/decoder.h).
std::unique_ptr<Decoder> OpenFfmpeg(const ByteSource& bytes, int track, MediaRefusal& refusal);

}  // namespace vpr
