// Which parts of FFmpeg may see bytes of strangers.
#pragma once

#include <string>

namespace vpr {

// Demuxers of containers and streams that hold sound in a single file, in FFmpeg's names, joined by
// commas. Not among them: playlists and descriptions that name other files (HLS, DASH, concat, SDP,
// sequences of pictures), devices, subtitles, games' and trackers' music, samples without a header.
const char* AllowedFormats();

// All decoders of sound, joined by commas: pictures and subtitles are never decoded.
const std::string& AllowedCodecs();

}  // namespace vpr
