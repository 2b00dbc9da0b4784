// What FFmpeg's libraries see of a file or a camera, and what they decode of one of its tracks.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/mem.h>
}

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "vpr/audio/decoder.h"

namespace vpr {

struct FreeMedia {
  void operator()(AVFormatContext* context) const { avformat_close_input(&context); }
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVIOContext* io) const {
    av_freep(&io->buffer);
    avio_context_free(&io);
  }
};
template <typename T>
using MediaOwned = std::unique_ptr<T, FreeMedia>;

// "AAC (Advanced Audio Coding)" as "AAC".
std::string CodecName(AVCodecID id);
// Of a stream, a language or title; empty if it is not told.
std::string StreamTag(const AVStream& stream, const char* name);

// A container: its bytes, which the libraries read through functions of ours alone, within limits.
class MediaInput {
 public:
  // With `bytes`, which must outlive it; null for a camera.
  explicit MediaInput(const ByteSource* bytes);
  MediaInput(const MediaInput&) = delete;
  MediaInput& operator=(const MediaInput&) = delete;

  // Opens it for tracks of a kind. False, and `refusal`, for what is not among the formats.
  bool Open(AVMediaType kind, const char* formats, const std::string& codecs,
            MediaRefusal& refusal);
  // The same of a device, of which only these are opened, by its name and that of its kind.
  bool OpenDevice(const AVInputFormat* format, const std::string& device, AVDictionary** options,
                  MediaRefusal& refusal);

  // The tracks of the kind opened for; covers of albums are none.
  std::vector<const AVStream*> Tracks() const;
  // "audio, subtitle": those that are not of that kind.
  std::string OtherTracks() const;
  // Of `tracks` the one wanted: 1, 2, ...; 0: the one that the file calls its default. Others are
  // not read from now on. Null, and `refusal`, where there is none; `what` names the kind.
  const AVStream* Choose(const std::vector<const AVStream*>& tracks, int track, const char* what,
                         MediaRefusal& refusal);

  // The next packet of a stream; false at the end. `cut_off`: the file ends within it.
  bool Read(int stream, AVPacket& packet, bool& cut_off);

  // Sets the reason, and returns false; what is wrong with the bytes goes first.
  bool Refuse(MediaRefusal& refusal, const std::string& reason) const;

  AVFormatContext& context() const { return *context_; }
  std::uint64_t position() const { return furthest_; }  // bytes read so far
  bool damaged() const { return runaway_ || !failure_.empty(); }
  bool runaway() const { return runaway_; }                // the same bytes again and again
  const std::string& failure() const { return failure_; }  // of the source, in the system's words
  const std::string& error() const { return error_; }      // of what was read
  // Whether a reading that takes long is to be ended.
  void StopIf(std::function<bool()> stop) { stop_ = std::move(stop); }

 private:
  static int ReadBytes(void* self, std::uint8_t* out, int size);
  static std::int64_t SeekBytes(void* self, std::int64_t offset, int whence);
  static int Interrupted(void* self);
  int ReadSome(std::uint8_t* out, int size) noexcept;
  std::int64_t Seek(std::int64_t offset, int whence) noexcept;
  void IgnoreAllBut(int stream);
  bool FindTracks(MediaRefusal& refusal);

  const ByteSource* const bytes_;
  const std::uint64_t most_read_;
  std::uint64_t at_ = 0, furthest_ = 0, read_ = 0;
  std::string failure_, error_;
  bool runaway_ = false;
  std::function<bool()> stop_;
  AVMediaType kind_ = AVMEDIA_TYPE_UNKNOWN;
  MediaOwned<AVIOContext> io_;  // outlives context_
  MediaOwned<AVFormatContext> context_;
};

// Decodes one track of a container.
class StreamDecoder {
 public:
  explicit StreamDecoder(MediaInput& input) : input_(input) {}

  // `configure` may set limits of the decoder before it is opened.
  bool Open(const AVStream& stream, const std::function<void(AVCodecContext&)>& configure,
            MediaRefusal& refusal);
  bool Next();  // the next frame, into frame(); false at the end
  AVFrame& frame() const { return *frame_; }

  std::uint64_t broken() const { return broken_; }  // packets that could not be decoded
  std::string error() const;                        // as Decoder::error()
  std::vector<std::string> warnings() const;

 private:
  bool NextPacket();
  void Broken();
  bool HoldsSomething() const;

  MediaInput& input_;
  const AVStream* stream_ = nullptr;
  MediaOwned<AVCodecContext> codec_;
  MediaOwned<AVPacket> packet_;
  MediaOwned<AVFrame> frame_;
  std::uint64_t packets_ = 0, broken_ = 0;
  double at_seconds_ = 0, first_broken_ = 0;
  bool drained_ = false, cut_off_ = false;
};

}  // namespace vpr
