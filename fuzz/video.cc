// Videos and pictures as FFmpeg's libraries read them, behind the module's limits.
#include "audio/byte_source.h"
#include "ffmpeg/video_reader.h"
#include "fuzz.h"

FUZZ(bytes) {
  constexpr int kMostFrames = 50;
  const auto source = vpr::BytesInMemory(std::string(bytes));
  const vpr::VideoOptions options{.longest_side = 64, .max_pixels = 1 << 18};
  vpr::MediaRefusal refusal;
  const auto reader = vpr::OpenVideo(*source, options, refusal);
  if (reader == nullptr) return;
  vpr::VideoFrame frame;
  double last = -1e300;
  for (int i = 0; i < kMostFrames && reader->Next(frame); ++i) {
    if (!(frame.seconds > last) || frame.picture.width < 1 || frame.picture.height < 1)
      std::abort();
    last = frame.seconds;
  }
  reader->error();
  reader->warnings();
}
