// The same as container.h asks, of the containers that FFmpeg's libraries read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "audio/container.h"

namespace vpr {

// Looks at MPEG-4 (also 3GP, QuickTime), Matroska (also WebM), Windows Media and AVI: whether all
// that they announce is there. Nothing for what is none of them.
std::optional<AudioPart> CheckMediaContainer(ByteView& bytes, std::vector<std::string>& warnings);

}  // namespace vpr
