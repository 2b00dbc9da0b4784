// Frames of videos and cameras by FFmpeg's libraries, upright, as pictures of ours.
#pragma once

#include <memory>

#include "video/frame_reader.h"

struct AVInputFormat;
struct AVDictionary;

namespace vpr {

// As VideoOpener (video/frame_reader.h).
std::unique_ptr<FrameReader> OpenVideo(const ByteSource& bytes, const VideoOptions& options,
                                       MediaRefusal& refusal);

// The same of a device of that kind, `settings` those of the kind.
std::unique_ptr<FrameReader> OpenVideoDevice(const AVInputFormat* kind, const std::string& device,
                                             AVDictionary** settings, const VideoOptions& options,
                                             std::function<bool()> stop, MediaRefusal& refusal);

}  // namespace vpr
