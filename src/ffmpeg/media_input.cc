#include "ffmpeg/media_input.h"

extern "C" {
#include <libavutil/avstring.h>
#include <libavutil/dict.h>
#include <libavutil/log.h>
}

#include <algorithm>
#include <cstring>
#include <new>

#include "vpr/base/text.h"

namespace vpr {
namespace {

// What a file may cost. Real ones stay far below; a hostile one ends here.
constexpr int kBuffer = 1 << 15;
constexpr unsigned kProbe = 1 << 20;  // bytes looked at for the format
constexpr int kLeastScore = AVPROBE_SCORE_EXTENSION / 2;
constexpr int kMostStreams = 64;
constexpr std::size_t kMostMemory = 192 << 20;  // one piece: the index of 24 hours takes 100 MB
// An index may name the same bytes again and again: so often may all be read.
constexpr std::uint64_t kReadings = 16, kReadAnyway = 64 << 20;
constexpr int kMostFailures = 1000;  // of the decoder, without any new packet

constexpr const char* kNotUnderstood = "its header cannot be understood";
constexpr const char* kRunaway = "its index has the same bytes read again and again";

void SetUpLibraries() {
  static const bool done = [] {
    av_log_set_level(AV_LOG_QUIET);  // a library prints nothing; what matters is in its results
    av_max_alloc(kMostMemory);
    return true;
  }();
  static_cast<void>(done);
}

std::string ShortName(const char* name) {
  const std::string text = name == nullptr ? "unknown" : name;
  return text.substr(0, text.find(" ("));
}

unsigned long long Count(std::uint64_t value) { return value; }

// Other files that a file names are never opened.
int RefuseFile(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EPERM);
}

bool IsCover(const AVStream& stream) {
  return (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
}

}  // namespace

std::string CodecName(AVCodecID id) {
  const AVCodecDescriptor* const found = avcodec_descriptor_get(id);
  if (found == nullptr) return "unknown";
  return ShortName(found->long_name != nullptr ? found->long_name : found->name);
}

std::string StreamTag(const AVStream& stream, const char* name) {
  const AVDictionaryEntry* const entry = av_dict_get(stream.metadata, name, nullptr, 0);
  // "und" is what a muxer writes that was not told.
  if (entry == nullptr || std::strcmp(entry->value, "und") == 0) return {};
  return Printable(entry->value);
}

MediaInput::MediaInput(const ByteSource* bytes)
    : bytes_(bytes), most_read_(bytes == nullptr ? 0 : kReadings * bytes->size() + kReadAnyway) {
  SetUpLibraries();
}

int MediaInput::ReadBytes(void* self, std::uint8_t* out, int size) {
  return static_cast<MediaInput*>(self)->ReadSome(out, size);
}

std::int64_t MediaInput::SeekBytes(void* self, std::int64_t offset, int whence) {
  return static_cast<MediaInput*>(self)->Seek(offset, whence);
}

int MediaInput::Interrupted(void* self) {
  const auto& input = *static_cast<const MediaInput*>(self);
  return input.damaged() || (input.stop_ && input.stop_()) ? 1 : 0;
}

int MediaInput::ReadSome(std::uint8_t* out, int size) noexcept {
  if (read_ > most_read_) {
    runaway_ = true;
    return AVERROR(EIO);
  }
  try {
    const std::size_t got = bytes_->ReadAt(at_, {out, static_cast<std::size_t>(size)});
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

std::int64_t MediaInput::Seek(std::int64_t offset, int whence) noexcept {
  const auto size = static_cast<std::int64_t>(bytes_->size());
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

bool MediaInput::Refuse(MediaRefusal& refusal, const std::string& reason) const {
  refusal.reason = runaway_ ? kRunaway : reason;
  return false;
}

bool MediaInput::Open(AVMediaType kind, const char* formats, const std::string& codecs,
                      MediaRefusal& refusal) {
  kind_ = kind;
  auto* const buffer = static_cast<unsigned char*>(av_malloc(kBuffer));
  if (buffer == nullptr) throw std::bad_alloc();
  io_.reset(avio_alloc_context(buffer, kBuffer, 0, this, ReadBytes, nullptr, SeekBytes));
  AVFormatContext* context = avformat_alloc_context();
  if (io_ == nullptr || context == nullptr) throw std::bad_alloc();
  context_.reset(context);

  const AVInputFormat* format = nullptr;
  const int score = av_probe_input_buffer2(io_.get(), &format, "", nullptr, 0, kProbe);
  if (format == nullptr || score < kLeastScore || av_match_list(format->name, formats, ',') == 0)
    return false;
  refusal.known = true;
  refusal.format = ShortName(format->long_name);

  context->pb = io_.get();
  context->flags |= AVFMT_FLAG_CUSTOM_IO;
  context->io_open = RefuseFile;
  context->interrupt_callback = {Interrupted, this};
  context->max_streams = kMostStreams;
  context->format_whitelist = av_strdup(formats);
  context->codec_whitelist = av_strdup(codecs.c_str());
  context->protocol_whitelist = av_strdup("none");
  context_.release();  // freed where it fails
  const int opened = avformat_open_input(&context, "", format, nullptr);
  context_.reset(context);
  if (opened < 0) return Refuse(refusal, kNotUnderstood);
  return FindTracks(refusal);
}

bool MediaInput::OpenDevice(const AVInputFormat* format, const std::string& device,
                            AVDictionary** options, MediaRefusal& refusal) {
  kind_ = AVMEDIA_TYPE_VIDEO;
  refusal.known = true;
  refusal.format = ShortName(format->long_name);
  AVFormatContext* context = avformat_alloc_context();
  if (context == nullptr) throw std::bad_alloc();
  context->interrupt_callback = {Interrupted, this};
  context->max_streams = kMostStreams;
  const int opened = avformat_open_input(&context, device.c_str(), format, options);
  context_.reset(context);
  if (opened < 0) {
    char words[AV_ERROR_MAX_STRING_SIZE] = {};
    return Refuse(refusal, av_strerror(opened, words, sizeof words) == 0 ? words : "unknown error");
  }
  return FindTracks(refusal);
}

bool MediaInput::FindTracks(MediaRefusal& refusal) {
  IgnoreAllBut(-1);
  return avformat_find_stream_info(context_.get(), nullptr) >= 0 || Refuse(refusal, kNotUnderstood);
}

// What is not wanted is not read, as far as the container allows. Of -1: whatever is of no use;
// where the sound begins says when pictures are shown.
void MediaInput::IgnoreAllBut(int stream) {
  for (unsigned i = 0; i < context_->nb_streams; ++i) {
    AVStream& one = *context_->streams[i];
    const AVMediaType kind = one.codecpar->codec_type;
    const bool wanted =
        stream < 0 ? kind == kind_ || kind == AVMEDIA_TYPE_AUDIO : one.index == stream;
    one.discard = wanted ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
  }
}

std::vector<const AVStream*> MediaInput::Tracks() const {
  std::vector<const AVStream*> tracks;
  for (unsigned i = 0; i < context_->nb_streams; ++i) {
    const AVStream& stream = *context_->streams[i];
    if (stream.codecpar->codec_type == kind_ && !IsCover(stream)) tracks.push_back(&stream);
  }
  return tracks;
}

std::string MediaInput::OtherTracks() const {
  std::string others;
  for (unsigned i = 0; i < context_->nb_streams; ++i) {
    const AVStream& stream = *context_->streams[i];
    const AVMediaType kind = stream.codecpar->codec_type;
    if (kind == kind_ && !IsCover(stream)) continue;
    const char* const name = av_get_media_type_string(kind);
    others += (others.empty() ? "" : ", ") + std::string(kind == kind_     ? "a cover"
                                                         : name == nullptr ? "unknown"
                                                                           : name);
  }
  return others;
}

const AVStream* MediaInput::Choose(const std::vector<const AVStream*>& tracks, int track,
                                   const char* what, MediaRefusal& refusal) {
  if (track > static_cast<int>(tracks.size())) {
    refusal.track_missing = true;
    Refuse(refusal,
           Format("it has %zu %s track%s", tracks.size(), what, tracks.size() == 1 ? "" : "s"));
    return nullptr;
  }
  const AVStream* chosen = tracks[0];
  if (track > 0) {
    chosen = tracks[static_cast<std::size_t>(track - 1)];
  } else {
    const auto first = std::find_if(tracks.begin(), tracks.end(), [](const AVStream* stream) {
      return (stream->disposition & AV_DISPOSITION_DEFAULT) != 0;
    });
    if (first != tracks.end()) chosen = *first;
  }
  IgnoreAllBut(chosen->index);
  return chosen;
}

bool MediaInput::Read(int stream, AVPacket& packet, bool& cut_off) {
  for (;;) {
    const int got = av_read_frame(context_.get(), &packet);
    if (got < 0 || runaway_) {
      av_packet_unref(&packet);
      const bool ended = context_->pb != nullptr && avio_feof(context_->pb) != 0;
      if (got != AVERROR_EOF && !ended && !damaged()) error_ = "what follows cannot be read";
      return false;
    }
    if (packet.stream_index == stream) break;
    av_packet_unref(&packet);
  }
  cut_off =
      bytes_ != nullptr && (packet.flags & AV_PKT_FLAG_CORRUPT) != 0 && furthest_ >= bytes_->size();
  return true;
}

bool StreamDecoder::Open(const AVStream& stream,
                         const std::function<void(AVCodecContext&)>& configure,
                         MediaRefusal& refusal) {
  stream_ = &stream;
  const AVCodecParameters& parameters = *stream.codecpar;
  const AVCodec* const codec = avcodec_find_decoder(parameters.codec_id);
  const std::string name = CodecName(parameters.codec_id);
  if (codec == nullptr || codec->type != parameters.codec_type)
    return input_.Refuse(refusal, "no decoder is known for its codec (" + name + ")");
  const char* const allowed = input_.context().codec_whitelist;
  if (allowed != nullptr && av_match_list(codec->name, allowed, ',') == 0)
    return input_.Refuse(refusal, "its codec (" + name + ") is none that is decoded here");
  codec_.reset(avcodec_alloc_context3(codec));
  packet_.reset(av_packet_alloc());
  frame_.reset(av_frame_alloc());
  if (codec_ == nullptr || packet_ == nullptr || frame_ == nullptr) throw std::bad_alloc();
  if (avcodec_parameters_to_context(codec_.get(), &parameters) < 0)
    return input_.Refuse(refusal, kNotUnderstood);
  // In this base the padding is told that encoders add at the beginning and the end.
  codec_->pkt_timebase = stream.time_base;
  codec_->thread_count = 1;
  configure(*codec_);
  if (avcodec_open2(codec_.get(), codec, nullptr) < 0)
    return input_.Refuse(refusal,
                         "its codec (" + name + ") cannot be decoded as its header describes it");
  return true;
}

bool StreamDecoder::HoldsSomething() const {
  if (codec_->codec_type == AVMEDIA_TYPE_VIDEO) return frame_->width > 0 && frame_->height > 0;
  return frame_->nb_samples > 0 && frame_->sample_rate > 0 && frame_->ch_layout.nb_channels > 0;
}

bool StreamDecoder::Next() {
  for (int failures = 0; failures < kMostFailures;) {
    const int received = avcodec_receive_frame(codec_.get(), frame_.get());
    if (received == 0) {
      if (HoldsSomething()) return true;
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
bool StreamDecoder::NextPacket() {
  if (!input_.Read(stream_->index, *packet_, cut_off_)) {
    drained_ = true;
    avcodec_send_packet(codec_.get(), nullptr);
    return false;
  }
  ++packets_;
  if (packet_->pts != AV_NOPTS_VALUE)
    at_seconds_ = static_cast<double>(packet_->pts) * av_q2d(stream_->time_base);
  const int sent = avcodec_send_packet(codec_.get(), packet_.get());
  av_packet_unref(packet_.get());
  if (sent < 0) Broken();
  return sent >= 0;
}

void StreamDecoder::Broken() {
  if (broken_++ == 0) first_broken_ = std::max(at_seconds_, 0.0);
}

std::string StreamDecoder::error() const {
  if (input_.runaway()) return kRunaway;
  if (!input_.error().empty()) return input_.error();
  if (broken_ * 2 > packets_)
    return Format("%llu of its %llu packets cannot be decoded", Count(broken_), Count(packets_));
  return {};
}

std::vector<std::string> StreamDecoder::warnings() const {
  std::vector<std::string> all;
  if (broken_ > 0)
    all.push_back(
        Format("%llu of its %llu packets are damaged, the first at about %.1f s: what could not "
               "be decoded of them is left out",
               Count(broken_), Count(packets_), first_broken_));
  if (cut_off_) all.push_back("it ends within a packet: what can be decoded before was read");
  return all;
}

}  // namespace vpr
