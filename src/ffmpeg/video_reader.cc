#include "ffmpeg/video_reader.h"

extern "C" {
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <tuple>
#include <utility>

#include "ffmpeg/formats.h"
#include "ffmpeg/media_input.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr int kMostSide = 1 << 15;
constexpr double kUsualRate = 25;  // frames a second, of what has no time stamps
constexpr double kLeastRate = 1e-3, kMostRate = 1000;
constexpr double kMostTime = 1e9;  // seconds; later than that a frame cannot be told from the next
constexpr std::size_t kAlignment = 64;  // of the lines that swscale writes

// Some decoders hand on the stream's own number, of a colour space for example, which an
// enumeration may not hold. swscale takes its default for one that it does not know.
template <typename Enumeration>
int NumberOf(const Enumeration& value) {
  int number = 0;
  static_assert(sizeof(number) == sizeof(value));
  std::memcpy(&number, &value, sizeof(number));
  return number;
}

struct FreeScaling {
  void operator()(SwsContext* context) const { sws_freeContext(context); }
};

// How a coded picture becomes upright: its x and y go to right * (a x + c y), down * (b x + d y).
// Each is -1, 0 or 1.
struct Orientation {
  int a = 1, b = 0, c = 0, d = 1;
  bool operator==(const Orientation&) const = default;
};

// Of a display matrix the nearest quarter of a turn; whether left and right change is kept.
Orientation FromMatrix(const std::int32_t* matrix) {
  const auto value = [&](int i) { return static_cast<double>(matrix[i]); };
  const auto sign = [](double number) { return number < 0 ? -1 : 1; };
  const double a = value(0), b = value(1), c = value(3), d = value(4);
  if (a == 0 && b == 0 && c == 0 && d == 0) return {};
  const bool straight = std::abs(a) + std::abs(d) >= std::abs(b) + std::abs(c);
  if (straight) return {sign(a), 0, 0, sign(d)};
  return {0, sign(b), sign(c), 0};
}

Orientation OrientationOf(const AVStream& stream, const AVFrame& frame) {
  // What a picture says of itself (Exif) goes before what its container says.
  const AVFrameSideData* const of_frame =
      av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX);
  constexpr std::size_t kSize = 9 * sizeof(std::int32_t);
  if (of_frame != nullptr && of_frame->size >= kSize)
    return FromMatrix(reinterpret_cast<const std::int32_t*>(of_frame->data));
  std::size_t size = 0;
  const std::uint8_t* const of_stream =
      av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (of_stream != nullptr && size >= kSize)
    return FromMatrix(reinterpret_cast<const std::int32_t*>(of_stream));
  return {};
}

// Degrees clockwise, after left and right were exchanged if `mirrored`.
int Turned(Orientation turn, bool mirrored) {
  if (mirrored) turn.a = -turn.a, turn.b = -turn.b;
  return turn.a == 1 ? 0 : turn.b == 1 ? 90 : turn.a == -1 ? 180 : 270;
}

// The audio track that is read where none is asked for; null: there is none.
const AVStream* DefaultSound(const AVFormatContext& context) {
  const AVStream* first = nullptr;
  for (unsigned i = 0; i < context.nb_streams; ++i) {
    const AVStream& stream = *context.streams[i];
    if (stream.codecpar->codec_type != AVMEDIA_TYPE_AUDIO) continue;
    if ((stream.disposition & AV_DISPOSITION_DEFAULT) != 0) return &stream;
    if (first == nullptr) first = &stream;
  }
  return first;
}

class VideoReader final : public FrameReader {
 public:
  VideoReader(const ByteSource* bytes, const VideoOptions& options)
      : options_(options), input_(bytes), decoder_(input_) {}

  bool Open(MediaRefusal& refusal) {
    return input_.Open(AVMEDIA_TYPE_VIDEO, AllowedVideoFormats(), AllowedVideoCodecs(), refusal) &&
           OpenTrack(refusal);
  }
  bool OpenDevice(const AVInputFormat* kind, const std::string& device, AVDictionary** settings,
                  std::function<bool()> stop, MediaRefusal& refusal) {
    input_.StopIf(std::move(stop));
    return input_.OpenDevice(kind, device, settings, refusal) && OpenTrack(refusal);
  }

  const VideoInfo& info() const override { return info_; }
  std::uint64_t position() const override { return input_.position(); }
  std::string read_failure() const override { return input_.failure(); }
  std::string error() const override {
    return error_.empty() || input_.runaway() ? decoder_.error() : error_;
  }

  bool Next(VideoFrame& frame) override {
    if (!error_.empty() || (!first_ && !decoder_.Next())) return false;
    first_ = false;
    frame.seconds = Time();
    return Convert(frame.picture);
  }

  std::vector<std::string> warnings() const override {
    std::vector<std::string> all = decoder_.warnings();
    if (without_time_ > 0)
      all.push_back(
          Format("%llu of its frames have no time of their own, or one that is not after "
                 "that of the frame before: they are counted on from there",
                 static_cast<unsigned long long>(without_time_)));
    return all;
  }

 private:
  bool OpenTrack(MediaRefusal& refusal) {
    const std::vector<const AVStream*> tracks = input_.Tracks();
    for (const AVStream* const stream : tracks) {
      const AVCodecParameters& codec = *stream->codecpar;
      info_.tracks.push_back({CodecName(codec.codec_id), codec.width, codec.height,
                              StreamTag(*stream, "language"), StreamTag(*stream, "title")});
    }
    if (tracks.empty()) {
      const std::string others = input_.OtherTracks();
      return input_.Refuse(
          refusal, "holds no video (" +
                       (others.empty() ? "no track at all" : "its tracks: " + others) + ")");
    }
    stream_ = input_.Choose(tracks, options_.track, "video", refusal);
    if (stream_ == nullptr) return false;
    const AVCodecParameters& coded = *stream_->codecpar;
    const std::string name = CodecName(coded.codec_id);
    if (!Fits(coded.width, coded.height)) return input_.Refuse(refusal, error_);
    const auto limit = [this](AVCodecContext& codec) { codec.max_pixels = options_.max_pixels; };
    if (!decoder_.Open(*stream_, limit, refusal)) return false;
    if (!decoder_.Next())
      return input_.Refuse(refusal, (decoder_.broken() > 0 || input_.damaged()
                                         ? "no frame of its video can be decoded ("
                                         : "its video holds no frame (") +
                                        name + ")");
    first_ = true;
    const auto chosen = std::find(tracks.begin(), tracks.end(), stream_) - tracks.begin();
    info_.track = static_cast<int>(chosen) + 1;
    info_.format = refusal.format + " (" + name + ")";
    if (const double rate = av_q2d(stream_->avg_frame_rate);
        rate >= kLeastRate && rate <= kMostRate)
      info_.frames_per_second = rate;
    const AVFormatContext& context = input_.context();
    if (context.duration > 0) info_.seconds = static_cast<double>(context.duration) / AV_TIME_BASE;
    // Sound and pictures of a file have one clock, which begins with whichever comes first.
    if (context.pb != nullptr && context.start_time != AV_NOPTS_VALUE)
      begin_ = static_cast<double>(context.start_time) / AV_TIME_BASE;
    if (const AVStream* const sound = DefaultSound(context);
        sound != nullptr && !std::isnan(begin_))
      if (const double at = static_cast<double>(sound->start_time) * av_q2d(sound->time_base);
          sound->start_time != AV_NOPTS_VALUE && std::abs(at - begin_) < kMostTime)
        info_.sound_begins = at - begin_;
    const AVFrame& frame = decoder_.frame();
    if (!Fits(frame.width, frame.height)) return input_.Refuse(refusal, error_);
    const Orientation turn = OrientationOf(*stream_, frame);
    info_.mirrored = turn.a * turn.d - turn.b * turn.c < 0;
    info_.turned = Turned(turn, info_.mirrored);
    std::tie(info_.width, info_.height) = SizeOf(frame);
    if (turn.a == 0) std::swap(info_.width, info_.height);
    return true;
  }

  bool Fits(int width, int height) {
    if (width <= kMostSide && height <= kMostSide &&
        static_cast<std::int64_t>(width) * height <= options_.max_pixels)
      return true;
    error_ = Format("its frames of %d x %d are larger than allowed (%lld pixels, %d on a side)",
                    width, height, static_cast<long long>(options_.max_pixels), kMostSide);
    return false;
  }

  // Width and height of the picture made of a frame before it is turned: its pixels square, reduced
  // to the longest side allowed.
  std::pair<int, int> SizeOf(const AVFrame& frame) const {
    AVRational shape = frame.sample_aspect_ratio;
    if (shape.num <= 0 || shape.den <= 0) shape = stream_->sample_aspect_ratio;
    double width = frame.width, height = frame.height;
    if (shape.num > 0 && shape.den > 0 && shape.num <= 4 * shape.den && shape.den <= 4 * shape.num)
      width *= av_q2d(shape);
    const double longest = std::max(width, height);
    const double scale = options_.longest_side > 0 && longest > options_.longest_side
                             ? options_.longest_side / longest
                             : std::min(1.0, kMostSide / longest);
    return {std::max(1, static_cast<int>(std::lround(width * scale))),
            std::max(1, static_cast<int>(std::lround(height * scale)))};
  }

  // When the frame is shown; always after the one before.
  double Time() {
    const std::int64_t stamp = decoder_.frame().best_effort_timestamp;
    double at = last_ + 1 / (info_.frames_per_second > 0 ? info_.frames_per_second : kUsualRate);
    const double told = static_cast<double>(stamp) * av_q2d(stream_->time_base);
    if (stamp != AV_NOPTS_VALUE && std::abs(told) < kMostTime) {
      if (std::isnan(begin_)) begin_ = told;
      if (!begun_ || told - begin_ > last_)
        at = told - begin_;
      else
        ++without_time_;
    } else {
      if (!begun_) at = 0;
      ++without_time_;
    }
    begun_ = true;
    return last_ = at;
  }

  bool SetUpScaling(const AVFrame& frame, int width, int height) {
    const bool smaller = width < frame.width || height < frame.height;
    const int flags = (smaller ? SWS_AREA : SWS_BILINEAR) | SWS_ACCURATE_RND | SWS_BITEXACT |
                      SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP;
    scaling_.reset(sws_getCachedContext(scaling_.release(), frame.width, frame.height,
                                        static_cast<AVPixelFormat>(frame.format), width, height,
                                        AV_PIX_FMT_RGB24, flags, nullptr, nullptr, nullptr));
    if (scaling_ == nullptr) return false;
    const bool full = NumberOf(frame.color_range) == AVCOL_RANGE_JPEG;
    // Fails for what is not coded as brightness and colour, which needs no matrix.
    sws_setColorspaceDetails(scaling_.get(), sws_getCoefficients(NumberOf(frame.colorspace)),
                             full ? 1 : 0, sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16,
                             1 << 16);
    return true;
  }

  bool Convert(Image& picture) {
    const AVFrame& frame = decoder_.frame();
    if (!Fits(frame.width, frame.height)) return false;  // of what changes its size
    const auto [width, height] = SizeOf(frame);
    const std::size_t line =
        (3 * static_cast<std::size_t>(width) + kAlignment - 1) / kAlignment * kAlignment;
    lines_.resize(line * static_cast<std::size_t>(height) + kAlignment);
    std::uint8_t* const planes[4] = {lines_.data(), nullptr, nullptr, nullptr};
    const int strides[4] = {static_cast<int>(line), 0, 0, 0};
    if (!SetUpScaling(frame, width, height) ||
        sws_scale(scaling_.get(), frame.data, frame.linesize, 0, frame.height, planes, strides) !=
            height) {
      const char* const name = av_get_pix_fmt_name(static_cast<AVPixelFormat>(frame.format));
      error_ = Format("its pixels (%s) cannot be converted", name == nullptr ? "unknown" : name);
      return false;
    }
    const Orientation turn = OrientationOf(*stream_, frame);
    const bool across = turn.a == 0;
    picture = Image(across ? height : width, across ? width : height, 3);
    const int right = turn.a < 0 || turn.c < 0 ? picture.width - 1 : 0;
    const int down = turn.b < 0 || turn.d < 0 ? picture.height - 1 : 0;
    for (int y = 0; y < height; ++y) {
      const std::uint8_t* in = lines_.data() + static_cast<std::size_t>(y) * line;
      for (int x = 0; x < width; ++x, in += 3)
        std::copy_n(in, 3,
                    picture.at(right + turn.a * x + turn.c * y, down + turn.b * x + turn.d * y));
    }
    return true;
  }

  const VideoOptions options_;
  MediaInput input_;
  StreamDecoder decoder_;
  const AVStream* stream_ = nullptr;
  std::unique_ptr<SwsContext, FreeScaling> scaling_;
  std::vector<std::uint8_t> lines_;  // RGB as swscale writes it
  VideoInfo info_;
  double begin_ = std::numeric_limits<double>::quiet_NaN();  // of the file's time
  double last_ = 0;
  bool begun_ = false, first_ = false;  // first_: the first frame is decoded, and not yet given
  std::uint64_t without_time_ = 0;
  std::string error_;
};

}  // namespace

std::unique_ptr<FrameReader> OpenVideo(const ByteSource& bytes, const VideoOptions& options,
                                       MediaRefusal& refusal) {
  auto reader = std::make_unique<VideoReader>(&bytes, options);
  if (!reader->Open(refusal)) return nullptr;
  return reader;
}

std::unique_ptr<FrameReader> OpenVideoDevice(const AVInputFormat* kind, const std::string& device,
                                             AVDictionary** settings, const VideoOptions& options,
                                             std::function<bool()> stop, MediaRefusal& refusal) {
  auto reader = std::make_unique<VideoReader>(nullptr, options);
  if (!reader->OpenDevice(kind, device, settings, std::move(stop), refusal)) return nullptr;
  return reader;
}

}  // namespace vpr
