// Pictures of videos: frames with their times, from files, pipes and cameras.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "vpr/video/image.h"

namespace vpr {

// One of the video tracks of a file.
struct VideoTrack {
  std::string codec;            // "H.264 / AVC / MPEG-4 AVC / MPEG-4 part 10", FFmpeg's names
  int width = 0, height = 0;    // as coded; 0: not told
  std::string language, title;  // empty: not told
};

struct VideoInfo {
  std::string format;         // "QuickTime / MOV (H.264 / ...)"
  int width = 0, height = 0;  // of the frames given: upright, of square pixels, after any reduction
  int turned = 0;             // degrees clockwise, 0 90 180 270, that made them upright
  bool mirrored = false;      // left and right were exchanged before
  double frames_per_second = 0;  // in the mean, by its header; 0: not told
  double seconds = 0;            // by its header; 0: not told
  // When the file's sound (its default track) begins, on the clock of the frames; 0: with them, not
  // told, or there is none. What reads the sound gives its samples from there on.
  double sound_begins = 0;
  std::vector<VideoTrack> tracks;
  int track = 0;  // the one that is read: 1, 2, ...
};

struct VideoFrame {
  // Of the file's time, as its time stamps have it: frames need not be evenly spread. Always later
  // than the frame before. Of a camera: since its first frame.
  double seconds = 0;
  Image picture;
};

struct VideoOptions {
  int track = 0;                         // 1, 2, ... of the video tracks; 0: the file's default
  int longest_side = 0;                  // larger pictures are reduced to that; 0: as they are
  double max_seconds = 2 * 3600;         // a longer video is refused
  std::int64_t max_pixels = 40'000'000;  // so are larger frames: 8K has 33 million
  std::uint64_t max_bytes = std::uint64_t{16} << 30;  // and larger files
};

// A video that is read frame by frame, once. One picture (JPEG, PNG, WebP, BMP) is a video of one
// frame.
class VideoSource {
 public:
  // `path`: "-" is standard input; a pipe is kept in memory or a temporary file. Throws
  //   kNotFound         no such file
  //   kIo               it cannot be read
  //   kInvalidArgument  a directory; a track that it does not have
  //   kCorrupt          no video format we know, truncated, no video track, no frame in it
  //   kUnusable         larger than allowed
  // Where FFmpeg's libraries are missing, the message says what to install.
  explicit VideoSource(const std::string& path, const VideoOptions& options = {});
  // A camera, "KIND:DEVICE": "v4l2:/dev/video0", "x11grab::0" (a screen) or, for tests,
  // "lavfi:GRAPH" (pictures that FFmpeg's filters make, which may read files). `stop` is asked
  // while a frame is waited for. Throws kInvalidArgument for another kind, kDevice.
  static VideoSource FromCamera(const std::string& camera, const VideoOptions& options = {},
                                std::function<bool()> stop = {});
  ~VideoSource();
  VideoSource(VideoSource&&) noexcept;
  VideoSource& operator=(VideoSource&&) noexcept;

  const std::string& name() const;  // for messages
  const VideoInfo& info() const;
  // The next frame; false at the end. Throws
  //   kCorrupt   damaged: more than half of it cannot be decoded, or nothing of what follows
  //   kUnusable  longer than max_seconds
  //   kIo        it cannot be read
  bool Next(VideoFrame& frame);
  // Between 0 and 1, by the bytes read so far; 0 for a camera.
  double share() const;
  // What a user should know although it was read; complete at the end.
  std::vector<std::string> warnings() const;

 private:
  struct Impl;
  explicit VideoSource(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vpr
