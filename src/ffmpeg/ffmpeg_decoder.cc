#include "ffmpeg/ffmpeg_decoder.h"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libswresample/swresample.h>
}

#include <algorithm>
#include <cstring>
#include <utility>

#include "ffmpeg/formats.h"
#include "ffmpeg/media_input.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr int kMostChannels = 64;
constexpr std::int64_t kMostSamples = 1 << 20;  // of one frame

struct FreeConversion {
  void operator()(SwrContext* context) const { swr_free(&context); }
};

class FfmpegDecoder final : public Decoder {
 public:
  FfmpegDecoder(const ByteSource& bytes, int track, MediaRefusal& refusal)
      : input_(&bytes), decoder_(input_) {
    opened_ = input_.Open(AVMEDIA_TYPE_AUDIO, AllowedFormats(), AllowedCodecs(), refusal) &&
              ChooseTrack(track, refusal) && OpenCodec(refusal);
  }

  bool opened() const { return opened_; }
  AudioInfo info() const override { return info_; }
  std::optional<std::uint64_t> announced() const override { return std::nullopt; }
  std::uint64_t position() const override { return input_.position(); }
  std::string read_failure() const override { return input_.failure(); }

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
    return error_.empty() || input_.runaway() ? decoder_.error() : error_;
  }
  std::vector<std::string> warnings() const override { return decoder_.warnings(); }

 private:
  bool ChooseTrack(int track, MediaRefusal& refusal) {
    const std::vector<const AVStream*> audio = input_.Tracks();
    for (const AVStream* const stream : audio) {
      const AVCodecParameters& codec = *stream->codecpar;
      info_.tracks.push_back({CodecName(codec.codec_id), codec.sample_rate,
                              codec.ch_layout.nb_channels, StreamTag(*stream, "language"),
                              StreamTag(*stream, "title")});
    }
    if (audio.empty()) {
      const std::string others = input_.OtherTracks();
      return input_.Refuse(
          refusal, "holds no sound (" +
                       (others.empty() ? "no track at all" : "its tracks: " + others) + ")");
    }
    stream_ = input_.Choose(audio, track, "audio", refusal);
    if (stream_ == nullptr) return false;
    const auto chosen = std::find(audio.begin(), audio.end(), stream_) - audio.begin();
    info_.track = static_cast<int>(chosen) + 1;
    info_.format =
        refusal.format + " (" + info_.tracks[static_cast<std::size_t>(chosen)].codec + ")";
    return true;
  }

  bool OpenCodec(MediaRefusal& refusal) {
    const auto limit = [](AVCodecContext& codec) { codec.max_samples = kMostSamples; };
    if (!decoder_.Open(*stream_, limit, refusal)) return false;
    const AVCodecParameters& parameters = *stream_->codecpar;
    const std::string nothing =
        "nothing of its sound can be decoded (" + CodecName(parameters.codec_id) + ")";
    // Rate and channels are those of the first frame: headers may give half of them, as with SBR.
    ended_ = !decoder_.Next();
    if (ended_) {
      if (decoder_.broken() > 0 || input_.damaged()) return input_.Refuse(refusal, nothing);
      info_.sample_rate = parameters.sample_rate;
      info_.channels = parameters.ch_layout.nb_channels;
      return true;
    }
    const AVFrame& frame = decoder_.frame();
    info_.sample_rate = frame.sample_rate;
    info_.channels = frame.ch_layout.nb_channels;
    if (info_.channels > kMostChannels)
      return input_.Refuse(
          refusal, Format("it has %d channels, more than %d", info_.channels, kMostChannels));
    av_channel_layout_copy(&layout_, &frame.ch_layout);
    return Convert() || input_.Refuse(refusal, nothing);
  }

  bool Refill() {
    if (!decoder_.Next()) {
      ended_ = true;
      return Flush();
    }
    return Convert();
  }

  // Of the frame the samples as they are wanted, behind ready_; false if that is not possible.
  bool Convert() {
    const AVFrame& frame = decoder_.frame();
    const bool same = swr_ != nullptr && frame.format == swr_format_ &&
                      frame.sample_rate == swr_rate_ &&
                      av_channel_layout_compare(&frame.ch_layout, &swr_layout_) == 0;
    if (!same && !SetUpConversion()) {
      error_ = "its rate or channels change";
      ended_ = true;
      return false;
    }
    return Take(const_cast<const std::uint8_t**>(frame.extended_data), frame.nb_samples);
  }

  bool SetUpConversion() {
    AVFrame& frame = decoder_.frame();
    if (swr_ != nullptr) Flush();
    swr_.reset();
    SwrContext* made = nullptr;
    if (swr_alloc_set_opts2(&made, &layout_, AV_SAMPLE_FMT_FLT, info_.sample_rate, &frame.ch_layout,
                            static_cast<AVSampleFormat>(frame.format), frame.sample_rate, 0,
                            nullptr) < 0)
      return false;
    swr_.reset(made);
    if (swr_init(swr_.get()) < 0) return false;
    swr_format_ = frame.format;
    swr_rate_ = frame.sample_rate;
    return av_channel_layout_copy(&swr_layout_, &frame.ch_layout) >= 0;
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

  MediaInput input_;
  StreamDecoder decoder_;
  std::unique_ptr<SwrContext, FreeConversion> swr_;
  const AVStream* stream_ = nullptr;
  AudioInfo info_;
  Layout layout_, swr_layout_;  // of what is given; of what swr_ takes
  int swr_format_ = -1, swr_rate_ = 0;
  std::vector<float> ready_;  // decoded, interleaved
  std::size_t taken_ = 0;     // of ready_
  bool opened_ = false, ended_ = false;
  std::string error_;
};

}  // namespace

std::unique_ptr<Decoder> OpenFfmpeg(const ByteSource& bytes, int track, MediaRefusal& refusal) {
  auto decoder = std::make_unique<FfmpegDecoder>(bytes, track, refusal);
  return decoder->opened() ? std::move(decoder) : nullptr;
}

}  // namespace vpr
