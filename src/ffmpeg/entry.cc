#include "ffmpeg/ffmpeg_decoder.h"
#include "ffmpeg/video_reader.h"
#include "vpr/base/api.h"

extern "C" VPR_API vpr::Decoder* vpr_ffmpeg_open(const vpr::ByteSource& bytes, int track,
                                                 vpr::MediaRefusal& refusal) {
  return vpr::OpenFfmpeg(bytes, track, refusal).release();
}

extern "C" VPR_API vpr::FrameReader* vpr_ffmpeg_open_video(const vpr::ByteSource& bytes,
                                                           const vpr::VideoOptions& options,
                                                           vpr::MediaRefusal& refusal) {
  return vpr::OpenVideo(bytes, options, refusal).release();
}
