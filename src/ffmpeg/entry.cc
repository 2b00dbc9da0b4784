#include "ffmpeg/ffmpeg_decoder.h"
#include "vpr/base/api.h"

extern "C" VPR_API vpr::Decoder* vpr_ffmpeg_open(const vpr::ByteSource& bytes, int track,
                                                 vpr::MediaRefusal& refusal) {
  return vpr::OpenFfmpeg(bytes, track, refusal).release();
}
