// The module that opens cameras and screens: libavdevice brings half a desktop's libraries, which
// files do without.
extern "C" {
#include <libavdevice/avdevice.h>
#include <libavformat/avformat.h>
}

#include "ffmpeg/video_reader.h"
#include "vpr/base/api.h"

extern "C" VPR_API vpr::FrameReader* vpr_camera_open(const std::string& camera,
                                                     const vpr::VideoOptions& options,
                                                     std::function<bool()> stop,
                                                     vpr::MediaRefusal& refusal) {
  avdevice_register_all();
  const std::size_t colon = camera.find(':');
  const AVInputFormat* const kind = av_find_input_format(camera.substr(0, colon).c_str());
  if (kind == nullptr) {
    refusal.reason = "FFmpeg's libavdevice was built without this kind";
    return nullptr;
  }
  return vpr::OpenVideoDevice(kind, camera.substr(colon + 1), nullptr, options, std::move(stop),
                              refusal)
      .release();
}
