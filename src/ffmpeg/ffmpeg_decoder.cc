#include "ffmpeg/ffmpeg_decoder.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/channel_layout.h>
#include <libavutil/dict.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
#include <libswresample/swresample.h>
}

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "ffmpeg/formats.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

// What a file may cost. Real ones stay far below; a hostile one ends here.
constexpr int kBuffer = 1 << 15;
constexpr unsigned kProbe = 1 << 20;  // bytes looked at for the format
constexpr int kLeastScore = AVPROBE_SCORE_EXTENSION / 2;
constexpr int kMostStreams = 64, kMostChannels = 64;
constexpr std::int64_t kMostSamples = 1 << 20;  // of one frame
constexpr std::size_t kMostMemory = 192 << 20;  // one piece: the index of 24 hours takes 100 MB
// An index may name the same bytes again and again: so often may all be read.
constexpr std::uint64_t kReadings = 16, kReadAnyway = 64 << 20;
constexpr int kMostFailures = 1000;  // of the decoder, without any new packet

void SetUpLibraries() {
  static const bool done = [] {
    av_log_set_level(AV_LOG_QUIET);  // a library prints nothing; what matters is in its results
    av_max_alloc(kMostMemory);
    return true;
  }();
  static_cast<void>(done);
}

struct FreeContext {
  void operator()(AVFormatContext* context) const { avformat_close_input(&context); }
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(SwrContext* context) const { swr_free(&context); }
  void operator()(AVIOContext* io) const {
    av_freep(&io->buffer);
    avio_context_free(&io);
  }
};
template <typename T>
using Owned = std::unique_ptr<T, FreeContext>;

// "AAC (Advanced Audio Coding)" as "AAC".
std::string ShortName(const char* name) {
  const std::string text = name == nullptr ? "unknown" : name;
  return text.substr(0, text.find(" ("));
}

std::string CodecName(AVCodecID id) {
  const AVCodecDescriptor* const found = avcodec_descriptor_get(id);
  if (found == nullptr) return "unknown";
  return ShortName(found->long_name != nullptr ? found->long_name : found->name);
}

std::string Tag(const AVStream& stream, const char* name) {
  const AVDictionaryEntry* const entry = av_dict_get(stream.metadata, name, nullptr, 0);
  // "und" is what a muxer writes that was not told.
  if (entry == nullptr || std::strcmp(entry->value, "und") == 0) return {};
  return Printable(entry->value);
}

// Other files that a file names are never opened.
int RefuseFile(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EPERM);
}

class FfmpegDecoder final : public Decoder {
 public:
  FfmpegDecoder(const ByteSource& bytes, int track, MediaRefusal& refusal)
      : bytes_(bytes), most_read_(kReadings * bytes.size() + kReadAnyway) {
    SetUpLibraries();
    opened_ = OpenContainer(refusal) && ChooseTrack(track, refusal) && OpenCodec(refusal);
  }

  bool opened() const { return opened_; }
  AudioInfo info() const override { return info_; }
  std::optional<std::uint64_t> announced() const override { return std::nullopt; }
  std::uint64_t position() const override { return furthest_; }
  std::string read_failure() const override { return failure_; }

  std::size_t Read(float* interleaved, std::size_t frames) override {
    const auto channels = static_cast<std::size_t>(info_.channels);
    std::size_t done = 0;
    while (done < frames) {
      if (taken_ == ready_.size()) {
        ready_.clear();
        taken_ = 0;
        if (ended_ || !Refill()) break;
        continue;
      }
      const std::size_t count = std::min((frames - done) * channels, ready_.size() - taken_);
      std::memcpy(interleaved + done * channels, ready_.data() + taken_, count * sizeof(float));
      taken_ += count;
      done += count / channels;
    }
    return done;
  }

  std::string error() const override {
    if (runaway_) return "its index has the same bytes read again and again";
    if (!error_.empty()) return error_;
    if (broken_ * 2 > packets_)
      return Format("%llu of its %llu packets cannot be decoded", Count(broken_), Count(packets_));
    return {};
  }

  std::vector<std::string> warnings() const override {
    std::vector<std::string> all;
    if (broken_ > 0)
      all.push_back(
          Format("%llu of its %llu packets are damaged, the first at about %.1f s: what could not "
                 "be decoded of them is left out",
                 Count(broken_), Count(packets_), first_broken_));
    if (cut_off_) all.push_back("it ends within a packet: what can be decoded before was read");
    return all;
  }

 private:
  static unsigned long long Count(std::uint64_t value) { return value; }

  static int ReadBytes(void* self, std::uint8_t* out, int size) {
    return static_cast<FfmpegDecoder*>(self)->ReadSome(out, size);
  }
  static std::int64_t SeekBytes(void* self, std::int64_t offset, int whence) {
    return static_cast<FfmpegDecoder*>(self)->Seek(offset, whence);
  }
  static int Interrupted(void* self) {
    const auto& decoder = *static_cast<const FfmpegDecoder*>(self);
    return decoder.runaway_ || !decoder.failure_.empty() ? 1 : 0;
  }

  int ReadSome(std::uint8_t* out, int size) noexcept {
    if (read_ > most_read_) {
      runaway_ = true;
      return AVERROR(EIO);
    }
    try {
      const std::size_t got = bytes_.ReadAt(at_, {out, static_cast<std::size_t>(size)});
      if (got == 0) return AVERROR_EOF;
      at_ += got;
      read_ += got;
      furthest_ = std::max(furthest_, at_);
      return static_cast<int>(got);
    } catch (const std::exception& error) {
      failure_ = error.what();
      return AVERROR(EIO);
    }
  }

  std::int64_t Seek(std::int64_t offset, int whence) noexcept {
    const auto size = static_cast<std::int64_t>(bytes_.size());
    whence &= ~AVSEEK_FORCE;
    if (whence == AVSEEK_SIZE) return size;
    const std::int64_t base = whence == SEEK_SET   ? 0
                              : whence == SEEK_CUR ? static_cast<std::int64_t>(at_)
                                                   : size;
    std::int64_t sum = 0;
    if (__builtin_add_overflow(base, offset, &sum) || sum < 0) return AVERROR(EINVAL);
    at_ = static_cast<std::uint64_t>(sum);
    return sum;
  }

  bool Refuse(MediaRefusal& refusal, const std::string& reason) const {
    refusal.reason = runaway_ ? "its index has the same bytes read again and again" : reason;
    return false;
  }

  bool OpenContainer(MediaRefusal& refusal) {
    auto* const buffer = static_cast<unsigned char*>(av_malloc(kBuffer));
    if (buffer == nullptr) throw std::bad_alloc();
    io_.reset(avio_alloc_context(buffer, kBuffer, 0, this, ReadBytes, nullptr, SeekBytes));
    AVFormatContext* context = avformat_alloc_context();
    if (io_ == nullptr || context == nullptr) throw std::bad_alloc();
    context_.reset(context);

    const AVInputFormat* format = nullptr;
    const int score = av_probe_input_buffer2(io_.get(), &format, "", nullptr, 0, kProbe);
    if (format == nullptr || score < kLeastScore ||
        av_match_list(format->name, AllowedFormats(), ',') == 0)
      return false;
    refusal.known = true;
    refusal.format = ShortName(format->long_name);

    context->pb = io_.get();
    context->flags |= AVFMT_FLAG_CUSTOM_IO;
    context->io_open = RefuseFile;
    context->interrupt_callback = {Interrupted, this};
    context->max_streams = kMostStreams;
    context->format_whitelist = av_strdup(AllowedFormats());
    context->codec_whitelist = av_strdup(AllowedCodecs().c_str());
    context->protocol_whitelist = av_strdup("none");
    context_.release();  // freed where it fails
    const int opened = avformat_open_input(&context, "", format, nullptr);
    context_.reset(context);
    if (opened < 0) return Refuse(refusal, "its header cannot be understood");
    IgnoreAllBut(-1);
    if (avformat_find_stream_info(context, nullptr) < 0)
      return Refuse(refusal, "its header cannot be understood");
    return true;
  }

  // What is not wanted is not read, as far as the container allows. Of -1: whatever is no sound.
  void IgnoreAllBut(int stream) {
    for (unsigned i = 0; i < context_->nb_streams; ++i) {
      AVStream& one = *context_->streams[i];
      const bool wanted =
          stream < 0 ? one.codecpar->codec_type == AVMEDIA_TYPE_AUDIO : one.index == stream;
      one.discard = wanted ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    }
  }

  bool ChooseTrack(int track, MediaRefusal& refusal) {
    std::vector<const AVStream*> audio;
    std::string others;
    for (unsigned i = 0; i < context_->nb_streams; ++i) {
      const AVStream& stream = *context_->streams[i];
      const AVCodecParameters& codec = *stream.codecpar;
      if (codec.codec_type != AVMEDIA_TYPE_AUDIO) {
        const char* const kind = av_get_media_type_string(codec.codec_type);
        others += (others.empty() ? "" : ", ") + std::string(kind == nullptr ? "unknown" : kind);
        continue;
      }
      audio.push_back(&stream);
      info_.tracks.push_back({CodecName(codec.codec_id), codec.sample_rate,
                              codec.ch_layout.nb_channels, Tag(stream, "language"),
                              Tag(stream, "title")});
    }
    if (audio.empty())
      return Refuse(refusal, "holds no sound (" +
                                 (others.empty() ? "no track at all" : "its tracks: " + others) +
                                 ")");
    if (track > static_cast<int>(audio.size())) {
      refusal.track_missing = true;
      return Refuse(refusal,
                    Format("it has %zu audio track%s", audio.size(), audio.size() == 1 ? "" : "s"));
    }
    std::size_t chosen = 0;
    if (track > 0) {
      chosen = static_cast<std::size_t>(track - 1);
    } else {
      const auto first = std::find_if(audio.begin(), audio.end(), [](const AVStream* stream) {
        return (stream->disposition & AV_DISPOSITION_DEFAULT) != 0;
      });
      if (first != audio.end()) chosen = static_cast<std::size_t>(first - audio.begin());
    }
    stream_ = audio[chosen];
    info_.track = static_cast<int>(chosen) + 1;
    info_.format = refusal.format + " (" + info_.tracks[chosen].codec + ")";
    IgnoreAllBut(stream_->index);
    return true;
  }

  bool OpenCodec(MediaRefusal& refusal) {
    const AVCodecParameters& parameters = *stream_->codecpar;
    const AVCodec* const codec = avcodec_find_decoder(parameters.codec_id);
    const std::string name = CodecName(parameters.codec_id);
    if (codec == nullptr || codec->type != AVMEDIA_TYPE_AUDIO)
      return Refuse(refusal, "no decoder is known for its codec (" + name + ")");
    codec_.reset(avcodec_alloc_context3(codec));
    packet_.reset(av_packet_alloc());
    frame_.reset(av_frame_alloc());
    if (codec_ == nullptr || packet_ == nullptr || frame_ == nullptr) throw std::bad_alloc();
    if (avcodec_parameters_to_context(codec_.get(), &parameters) < 0)
      return Refuse(refusal, "its header cannot be understood");
    // In this base the padding is told that encoders add at the beginning and the end.
    codec_->pkt_timebase = stream_->time_base;
    codec_->thread_count = 1;
    codec_->max_samples = kMostSamples;
    if (avcodec_open2(codec_.get(), codec, nullptr) < 0)
      return Refuse(refusal,
                    "its codec (" + name + ") cannot be decoded as its header describes it");
    // Rate and channels are those of the first frame: headers may give half of them, as with SBR.
    ended_ = !NextFrame();
    if (ended_) {
      if (broken_ > 0 || !failure_.empty() || runaway_)
        return Refuse(refusal, "nothing of its sound can be decoded (" + name + ")");
      info_.sample_rate = parameters.sample_rate;
      info_.channels = parameters.ch_layout.nb_channels;
      return true;
    }
    info_.sample_rate = frame_->sample_rate;
    info_.channels = frame_->ch_layout.nb_channels;
    if (info_.channels > kMostChannels)
      return Refuse(refusal,
                    Format("it has %d channels, more than %d", info_.channels, kMostChannels));
    av_channel_layout_copy(&layout_, &frame_->ch_layout);
    if (!Convert()) return Refuse(refusal, "nothing of its sound can be decoded (" + name + ")");
    return true;
  }

  // The next frame into frame_; false at the end.
  bool NextFrame() {
    for (int failures = 0; failures < kMostFailures;) {
      const int received = avcodec_receive_frame(codec_.get(), frame_.get());
      if (received == 0) {
        if (frame_->nb_samples > 0 && frame_->sample_rate > 0 && frame_->ch_layout.nb_channels > 0)
          return true;
        ++failures;
        continue;
      }
      if (received == AVERROR_EOF || (received == AVERROR(EAGAIN) && drained_)) return false;
      if (received != AVERROR(EAGAIN)) {
        Broken();
        ++failures;
        continue;
      }
      if (NextPacket()) failures = 0;
    }
    return false;
  }

  // Gives the decoder a packet, or tells it that there are no more; false if it did not want it.
  bool NextPacket() {
    for (;;) {
      const int got = av_read_frame(context_.get(), packet_.get());
      if (got < 0 || runaway_) {
        av_packet_unref(packet_.get());
        drained_ = true;
        if (got != AVERROR_EOF && avio_feof(io_.get()) == 0 && !runaway_ && failure_.empty())
          error_ = "what follows cannot be read";
        avcodec_send_packet(codec_.get(), nullptr);
        return false;
      }
      if (packet_->stream_index == stream_->index) break;
      av_packet_unref(packet_.get());
    }
    ++packets_;
    if (packet_->pts != AV_NOPTS_VALUE)
      at_seconds_ = static_cast<double>(packet_->pts) * av_q2d(stream_->time_base);
    cut_off_ = (packet_->flags & AV_PKT_FLAG_CORRUPT) != 0 && furthest_ >= bytes_.size();
    const int sent = avcodec_send_packet(codec_.get(), packet_.get());
    av_packet_unref(packet_.get());
    if (sent < 0) Broken();
    return sent >= 0;
  }

  void Broken() {
    if (broken_++ == 0) first_broken_ = std::max(at_seconds_, 0.0);
  }

  bool Refill() {
    if (!NextFrame()) {
      ended_ = true;
      return Flush();
    }
    return Convert();
  }

  // Of frame_ the samples as they are wanted, behind ready_; false if that is not possible.
  bool Convert() {
    const bool same = swr_ != nullptr && frame_->format == swr_format_ &&
                      frame_->sample_rate == swr_rate_ &&
                      av_channel_layout_compare(&frame_->ch_layout, &swr_layout_) == 0;
    if (!same && !SetUpConversion()) {
      error_ = "its rate or channels change";
      ended_ = true;
      return false;
    }
    return Take(const_cast<const std::uint8_t**>(frame_->extended_data), frame_->nb_samples);
  }

  bool SetUpConversion() {
    if (swr_ != nullptr) Flush();
    swr_.reset();
    SwrContext* made = nullptr;
    if (swr_alloc_set_opts2(&made, &layout_, AV_SAMPLE_FMT_FLT, info_.sample_rate,
                            &frame_->ch_layout, static_cast<AVSampleFormat>(frame_->format),
                            frame_->sample_rate, 0, nullptr) < 0)
      return false;
    swr_.reset(made);
    if (swr_init(swr_.get()) < 0) return false;
    swr_format_ = frame_->format;
    swr_rate_ = frame_->sample_rate;
    return av_channel_layout_copy(&swr_layout_, &frame_->ch_layout) >= 0;
  }

  // What the resampler still holds where the rate changed.
  bool Flush() { return swr_ != nullptr && Take(nullptr, 0); }

  bool Take(const std::uint8_t** samples, int count) {
    const int room = swr_get_out_samples(swr_.get(), count);
    if (room <= 0) return samples != nullptr;
    const auto channels = static_cast<std::size_t>(info_.channels);
    const std::size_t before = ready_.size();
    ready_.resize(before + static_cast<std::size_t>(room) * channels);
    auto* out = reinterpret_cast<std::uint8_t*>(ready_.data() + before);
    const int got = swr_convert(swr_.get(), &out, room, samples, count);
    ready_.resize(before + static_cast<std::size_t>(std::max(got, 0)) * channels);
    return samples != nullptr || got > 0;
  }

  struct Layout : AVChannelLayout {
    Layout() : AVChannelLayout{} {}
    ~Layout() { av_channel_layout_uninit(this); }
    Layout(const Layout&) = delete;
    Layout& operator=(const Layout&) = delete;
  };

  const ByteSource& bytes_;
  std::uint64_t at_ = 0, furthest_ = 0, read_ = 0, most_read_;
  std::string failure_;  // of bytes_
  bool runaway_ = false;
  Owned<AVIOContext> io_;  // outlives context_
  Owned<AVFormatContext> context_;
  Owned<AVCodecContext> codec_;
  Owned<AVPacket> packet_;
  Owned<AVFrame> frame_;
  Owned<SwrContext> swr_;
  const AVStream* stream_ = nullptr;
  AudioInfo info_;
  Layout layout_, swr_layout_;  // of what is given; of what swr_ takes
  int swr_format_ = -1, swr_rate_ = 0;
  std::vector<float> ready_;  // decoded, interleaved
  std::size_t taken_ = 0;     // of ready_
  std::uint64_t packets_ = 0, broken_ = 0;
  double at_seconds_ = 0, first_broken_ = 0;
  bool opened_ = false, ended_ = false, drained_ = false, cut_off_ = false;
  std::string error_;
};

}  // namespace

std::unique_ptr<Decoder> OpenFfmpeg(const ByteSource& bytes, int track, MediaRefusal& refusal) {
  auto decoder = std::make_unique<FfmpegDecoder>(bytes, track, refusal);
  return decoder->opened() ? std::move(decoder) : nullptr;
}

}  // namespace vpr
