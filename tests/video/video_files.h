// Videos made by the program ffmpeg, and what it decodes of them.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "ffmpeg/media_files.h"
#include "vpr/base/text.h"
#include "vpr/video/video_source.h"

namespace vpr::testing {

// A pattern that moves, every frame another: 64 x 48, so many frames a second.
inline std::string Pattern(double seconds, int rate = 25, const std::string& size = "64x48") {
  return "-f lavfi -i testsrc=size=" + size + Format(":rate=%d:duration=%g ", rate, seconds);
}

// The file, or an empty path if this ffmpeg cannot make it.
inline std::string MakeVideo(const std::string& name, const std::string& arguments) {
  const std::string path = TempPath(name);
  return Ffmpeg(arguments + " " + path) ? path : std::string();
}

inline std::vector<VideoFrame> AllFrames(VideoSource& source) {
  std::vector<VideoFrame> frames;
  VideoFrame frame;
  while (source.Next(frame)) frames.push_back(frame);
  return frames;
}
inline std::vector<VideoFrame> AllFrames(const std::string& path,
                                         const VideoOptions& options = {}) {
  VideoSource source(path, options);
  return AllFrames(source);
}

// RGB of all frames as the program ffmpeg gives them, turned upright.
inline std::string RgbByFfmpeg(const std::string& path, const std::string& filter = "null") {
  const std::string raw = TempPath("reference.rgb");
  EXPECT_TRUE(Ffmpeg("-i " + path + " -vsync passthrough -vf " + filter +
                     " -sws_flags bilinear+accurate_rnd+bitexact+full_chroma_int+full_chroma_inp "
                     "-pix_fmt rgb24 -f rawvideo " +
                     raw));
  return ReadFile(raw);
}

// Times of all frames, by the program ffprobe.
inline std::vector<double> TimesByFfprobe(const std::string& path) {
  const std::string list = TempPath("times.csv");
  const std::string command =
      "ffprobe -v quiet -select_streams v:0 -show_entries frame=best_effort_timestamp_time -of "
      "csv=p=0 " +
      path + " > " + list;
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::vector<double> times;
  const std::string text = ReadFile(list);
  for (const std::string_view line : Lines(text)) times.push_back(std::stod(std::string(line)));
  return times;
}

}  // namespace vpr::testing
