#include "ffmpeg/formats.h"

extern "C" {
#include <libavcodec/avcodec.h>
}

namespace vpr {

const char* AllowedFormats() {
  return
      // Phones, browsers, meetings, cameras, television.
      "mov,matroska,webm,asf,asf_o,avi,flv,live_flv,kux,mpegts,mpeg,mxf,gxf,dv,lxf,wtv,nut,nsv,nuv,"
      "ogg,rm,swf,ty,pva,smjpeg,lmlm4,"
      // Speech: telephones, dictation.
      "amr,act,dss,qcp,codec2,wve,sln,sbc,"
      // Music and film sound.
      "aac,loas,ac3,eac3,dts,dtshd,mlp,truehd,spdif,mp3,ape,mpc,mpc8,oma,shn,tak,tta,vqf,wv,xwma,"
      "dsf,iff,mmf,"
      // What libsndfile reads too, with codecs that it does not know.
      "aiff,au,caf,flac,ircam,nistsphere,sds,sox,voc,w64,wav";
}

const char* AllowedVideoFormats() {
  static const std::string list =
      std::string(AllowedFormats()) +
      ",h264,hevc,m4v,mpegvideo,h263,ivf,obu,av1,yuv4mpegpipe,gif,apng,mjpeg,"
      "jpeg_pipe,png_pipe,webp_pipe,bmp_pipe";
  return list.c_str();
}

const std::string& AllowedCodecs() {
  static const std::string list = [] {
    std::string names;
    void* at = nullptr;
    while (const AVCodec* codec = av_codec_iterate(&at)) {
      if (codec->type != AVMEDIA_TYPE_AUDIO || av_codec_is_decoder(codec) == 0) continue;
      names += (names.empty() ? "" : ",") + std::string(codec->name);
    }
    return names;
  }();
  return list;
}

const std::string& AllowedVideoCodecs() {
  static const std::string list =
      "h264,hevc,vp8,vp9,libdav1d,libaom-av1,av1,mpeg4,mpeg1video,mpeg2video,h261,h263,flv,wmv1,"
      "wmv2,"
      "wmv3,vc1,msmpeg4v1,msmpeg4v2,msmpeg4,theora,mjpeg,dvvideo,prores,dnxhd,ffv1,huffyuv,ffvhuff,"
      "utvideo,qtrle,svq1,svq3,rv30,rv40,rawvideo,png,apng,webp,bmp,gif";
  return list;
}

}  // namespace vpr
