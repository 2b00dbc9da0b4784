// From bytes or a camera to frames: the interface of what FFmpeg's libraries decode, in modules
// that are opened at run time (lib/vpr/vpr_ffmpeg.so, vpr_camera.so).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "vpr/audio/decoder.h"
#include "vpr/video/video_source.h"

namespace vpr {

class FrameReader {
 public:
  virtual ~FrameReader() = default;
  virtual const VideoInfo& info() const = 0;
  virtual bool Next(VideoFrame& frame) = 0;    // false at the end and after an error
  virtual std::uint64_t position() const = 0;  // bytes of the source that were read so far
  // As of Decoder (vpr/audio/decoder.h).
  virtual std::string error() const = 0;
  virtual std::string read_failure() const = 0;
  virtual std::vector<std::string> warnings() const = 0;
};

// What the modules export: frames of `bytes`, which must outlive the reader, or of a camera
// ("v4l2:/dev/video0"); null and `refusal` for what they do not read.
using VideoOpener = FrameReader*(const ByteSource& bytes, const VideoOptions& options,
                                 MediaRefusal& refusal);
inline constexpr const char* kVideoEntry = "vpr_ffmpeg_open_video";  // of kMediaModule
using CameraOpener = FrameReader*(const std::string& camera, const VideoOptions& options,
                                  std::function<bool()> stop, MediaRefusal& refusal);
inline constexpr const char* kCameraModule = "vpr_camera";
inline constexpr const char* kCameraEntry = "vpr_camera_open";

}  // namespace vpr
