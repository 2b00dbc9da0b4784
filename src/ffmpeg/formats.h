// Which parts of FFmpeg may see bytes of strangers.
#pragma once

#include <string>

namespace vpr {

// Demuxers of containers and streams that hold sound in a single file, in FFmpeg's names, joined by
// commas. Not among them: playlists and descriptions that name other files (HLS, DASH, concat, SDP,
// sequences of pictures), devices, subtitles, games' and trackers' music, samples without a header.
const char* AllowedFormats();

// The same and what holds pictures alone: streams of them, and single ones.
const char* AllowedVideoFormats();

// All decoders of sound, joined by commas: where sound is read no picture is decoded.
const std::string& AllowedCodecs();

// Decoders of pictures that are in use, of FFmpeg's own and of AV1's libraries; subtitles are never
// decoded.
const std::string& AllowedVideoCodecs();

}  // namespace vpr
