#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "audio/channel_mix.h"
#include "audio/container.h"
#include "audio/decoder.h"
#include "audio/resampler.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

// Rates outside are damage, not audio; far below, the resampler's output would fill the memory.
constexpr int kMinRate = 1000, kMaxRate = 1000000;
// Floats are from -1 to 1, or as whole numbers of up to 32 bits where a program did not scale them.
constexpr float kMostSample = 4294967296;
constexpr std::size_t kBlockValues = 1 << 16;  // decoded at once, all channels together
constexpr double kKeptSeconds = 300;
// Bytes that a second of the largest usual audio takes: two channels, 48 kHz, 32 bits.
constexpr double kMostBytesPerSecond = 384000;
constexpr const char* kExpected =
    "WAV, FLAC, Ogg Vorbis, Opus, MP3, AIFF or another recording that FFmpeg decodes";

std::string Failed(const std::string& name) {
  return "cannot read audio '" + Printable(name) + "': ";
}

// As a shell takes it.
std::string Quoted(const std::string& text) {
  static constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// What to do about a format that is not decoded.
std::string HowToConvert(const std::string& path) {
  if (path == "-") return "convert it, for instance: ffmpeg -i INPUT -f wav - | vpr ...";
  const std::size_t slash = path.rfind('/'), dot = path.rfind('.');
  const bool ending =
      dot != std::string::npos && dot > 0 && (slash == std::string::npos || dot > slash + 1);
  const std::string stem = ending ? path.substr(0, dot) : path;
  // A name that begins with a dash would be an option.
  const auto word = [](const std::string& text) {
    return Printable(Quoted(text.starts_with('-') ? "./" + text : text));
  };
  return "convert it, for instance: ffmpeg -i " + word(path) + " " +
         word(stem + (path.ends_with(".wav") ? "-pcm.wav" : ".wav"));
}

// The file of "FILE#2", whose channel is then set; `name` itself where it is a file or ends in no
// number.
std::string TakeChannel(const std::string& name, int& channel) {
  const std::size_t mark = name.rfind('#');
  if (mark == std::string::npos || mark == 0 || ::access(name.c_str(), F_OK) == 0) return name;
  int number = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + mark + 1, end, number);
  if (error != std::errc() || rest != end || number < 1) return name;
  channel = number;
  return name.substr(0, mark);
}

}  // namespace

std::vector<std::string> SplitChannels(const std::vector<std::string>& paths,
                                       const ReadOptions& options) {
  std::vector<std::string> all;
  for (const std::string& path : paths) {
    if (path == "-")
      throw Error(ErrorCode::kInvalidArgument,
                  "cannot take the channels of standard input separately, which can only be read "
                  "once; give a file, or one channel (--channels N)");
    int channels = 1, named = 0;
    if (TakeChannel(path, named) != path) {
      all.push_back(path);
      continue;
    }
    try {
      channels = AudioSource(path, options).info().channels;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kInternal) throw;  // said when it is to be read
    }
    if (channels == 1) {
      all.push_back(path);
      continue;
    }
    for (int channel = 1; channel <= channels; ++channel)
      all.push_back(Format("%s#%d", path.c_str(), channel));
  }
  return all;
}

struct AudioSource::Impl {
  std::string path, name;
  ReadOptions options;
  std::unique_ptr<ByteSource> bytes;
  ContainerReport container;
  AudioInfo info;
  int rate = 0;  // of the samples given
  std::vector<std::string> warnings;
  std::unique_ptr<JoinedSource> first_bytes;  // of the first part, opened for `info`
  std::unique_ptr<Decoder> first;
  std::vector<std::vector<float>> signs;  // of the channels, by part; empty: none is inverted
  bool analysed = false;                  // the channels were compared
  std::vector<float> kept;                // samples of all parts, if `kept_whole`
  bool kept_whole = false;
  double keep_seconds = kKeptSeconds;
  std::optional<std::uint64_t> samples;  // given each time, once that is known

  void Open(bool streamed);
  std::string WhyNot(const ByteSource& source, const std::string& reason,
                     const MediaRefusal& refusal, const std::string& missing) const;
  std::unique_ptr<Decoder> OpenPart(std::size_t index, std::unique_ptr<JoinedSource>& source) const;
  // Decodes everything once, keeps it if it is short. `compare`: compares the channels, instead of
  // using the samples.
  void Pass(bool compare, const std::function<void(std::span<const float>)>& use,
            const OnRead& on_read);
};

void AudioSource::Impl::Open(bool streamed) {
  if (bytes->size() == 0)
    throw Error(ErrorCode::kCorrupt, Failed(name) + "the file is empty (0 bytes)");
  try {
    container = CheckContainer(*bytes, streamed);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorrupt) throw;
    throw Error(ErrorCode::kCorrupt, Failed(name) + error.what());
  }
  for (std::size_t i = 0; i < container.parts.size(); ++i) {
    const AudioPart& part = container.parts[i];
    if (part.state != AudioPart::State::kTruncated) continue;
    throw Error(ErrorCode::kCorrupt,
                Failed(name) + "truncated: " +
                    (container.parts.size() == 1
                         ? std::string()
                         : Format("of the %zu recordings joined in it the %zu. is cut off: ",
                                  container.parts.size(), i + 1)) +
                    part.detail);
  }
  warnings = container.warnings;
  signs.resize(container.parts.size());
  first = OpenPart(0, first_bytes);
  info = first->info();
  if (container.parts[0].in_wav && container.parts[0].mp3)
    info.format = "WAV" + info.format.substr(info.format.find(" ("));
  rate = options.sample_rate == 0 ? info.sample_rate : options.sample_rate;
}

// Why `source` cannot be read, and what to do.
std::string AudioSource::Impl::WhyNot(const ByteSource& source, const std::string& reason,
                                      const MediaRefusal& refusal,
                                      const std::string& missing) const {
  const KnownFormat format = RecogniseFormat(source);
  if (format.playlist)
    return "it is " + format.name +
           ", which holds no sound itself, and what it names is not opened; give the recordings";
  if (!format.recording)
    return "it is " + format.name + ", and no recording; expected " + kExpected;
  const std::string convert = HowToConvert(path);
  if (!missing.empty() && !format.name.empty())
    return "it is " + format.name + ", for which FFmpeg's libraries are missing: " + missing +
           ", or " + convert;
  if (refusal.known)
    return "it is " + (format.name.empty() ? refusal.format : format.name) + ", but " +
           refusal.reason;
  return (format.name.empty() ? "it is not audio that can be decoded (" +
                                    (reason.empty() ? "no known format" : reason) + ")"
                              : "it is " + format.name + ", which cannot be decoded") +
         "; expected " + kExpected + (missing.empty() ? "" : "; if it is audio, " + convert);
}

std::unique_ptr<Decoder> AudioSource::Impl::OpenPart(std::size_t index,
                                                     std::unique_ptr<JoinedSource>& source) const {
  const AudioPart& part = container.parts[index];
  source = std::make_unique<JoinedSource>(part.header, part.ranges, *bytes);
  std::string reason;
  std::unique_ptr<Decoder> decoder =
      part.mp3 ? OpenMp3(*source, reason) : OpenSndfile(*source, reason);
  if (decoder != nullptr && options.track > 1)
    throw Error(ErrorCode::kInvalidArgument,
                Format("cannot take track %d of '%s': it has 1 audio track", options.track,
                       Printable(name).c_str()));
  if (decoder == nullptr && part.state == AudioPart::State::kHeaderOnly)
    throw Error(ErrorCode::kCorrupt, Failed(name) + "truncated: " + part.detail);
  if (decoder == nullptr) {
    MediaRefusal refusal;
    std::string missing;
    if (!part.mp3 && RecogniseFormat(*source).recording)
      decoder = OpenMedia(*source, options.track, refusal, missing);
    if (refusal.track_missing)
      throw Error(ErrorCode::kInvalidArgument,
                  Format("cannot take track %d of '%s': ", options.track, Printable(name).c_str()) +
                      refusal.reason);
    if (decoder == nullptr)
      throw Error(ErrorCode::kCorrupt, Failed(name) + WhyNot(*source, reason, refusal, missing));
  }
  const AudioInfo of_part = decoder->info();
  if (of_part.channels < 1 || of_part.sample_rate < kMinRate || of_part.sample_rate > kMaxRate)
    throw Error(ErrorCode::kCorrupt,
                Failed(name) + Format("its header says %d channels at %d Hz; expected at least one "
                                      "channel and %d to %d Hz",
                                      of_part.channels, of_part.sample_rate, kMinRate, kMaxRate));
  if (options.channel > of_part.channels)
    throw Error(ErrorCode::kInvalidArgument,
                Format("cannot take channel %d of '%s': it has %d", options.channel,
                       Printable(name).c_str(), of_part.channels));
  return decoder;
}

void AudioSource::Impl::Pass(bool compare, const std::function<void(std::span<const float>)>& use,
                             const OnRead& on_read) {
  const auto most = static_cast<std::uint64_t>(options.max_seconds * rate);
  const auto most_kept = static_cast<std::size_t>(keep_seconds * rate);
  bool keep = true;
  kept.clear();
  std::uint64_t given = 0;
  std::vector<float> values, mono, block;
  auto give = [&] {
    if (block.empty()) return;
    given += block.size();
    if (given > most)
      throw Error(ErrorCode::kUnusable,
                  "cannot use '" + Printable(name) +
                      Format("': it is longer than %.4g hours; raise the limit with --max-hours, "
                             "or cut it into shorter recordings",
                             options.max_seconds / 3600));
    if (keep && given > most_kept) {
      keep = false;
      kept = {};
    }
    if (keep) kept.insert(kept.end(), block.begin(), block.end());
    if (!compare) use(block);
    block.clear();
  };
  double seconds = 0;
  std::uint64_t bytes_before = 0;  // in the parts that are done
  bool any = false, different_sounds = false;
  for (std::size_t p = 0; p < container.parts.size(); ++p) {
    const AudioPart& part = container.parts[p];
    std::unique_ptr<JoinedSource> source = p == 0 ? std::move(first_bytes) : nullptr;
    std::unique_ptr<Decoder> decoder = p == 0 ? std::move(first) : nullptr;
    if (decoder == nullptr) decoder = OpenPart(p, source);
    const AudioInfo of_part = decoder->info();
    const auto channels = static_cast<std::size_t>(of_part.channels);
    const std::optional<std::uint64_t> announced = decoder->announced();
    if (announced && p == 0) {
      // Only a hint, since the number comes from the file.
      const double expected = static_cast<double>(*announced) * rate / of_part.sample_rate;
      if (expected < static_cast<double>(most_kept))
        kept.reserve(static_cast<std::size_t>(expected) + 1);
    }
    std::optional<ChannelMeter> meter;
    if (compare && channels > 1) meter.emplace(channels, of_part.sample_rate);
    const std::size_t frames_at_once = std::max<std::size_t>(kBlockValues / channels, 1);
    values.resize(frames_at_once * channels);
    mono.resize(frames_at_once);
    Resampler resampler(of_part.sample_rate, rate);
    std::uint64_t frames = 0;
    const bool empty = part.state == AudioPart::State::kEmpty;
    while (!empty) {
      const std::size_t count = decoder->Read(values.data(), frames_at_once);
      if (count == 0) break;
      for (std::size_t i = 0; i < count; ++i) {
        const float* const of_frame = values.data() + i * channels;
        if (options.channel > 0) {
          mono[i] = of_frame[options.channel - 1];
        } else {
          float sum = 0;
          if (signs[p].empty()) {
            for (std::size_t c = 0; c < channels; ++c) sum += of_frame[c];
          } else {
            for (std::size_t c = 0; c < channels; ++c) sum += signs[p][c] * of_frame[c];
          }
          mono[i] = sum / static_cast<float>(channels);
        }
        if (!(std::abs(mono[i]) <= kMostSample)) {
          const std::string found = std::isnan(mono[i])   ? "NaN (not a number)"
                                    : std::isinf(mono[i]) ? "infinity"
                                                          : Format("%.3g", double{mono[i]});
          throw Error(
              ErrorCode::kUnusable,
              Failed(name) +
                  Format("it holds %s at %.3f s; expected samples from -1 to 1", found.c_str(),
                         seconds + static_cast<double>(frames + i) / of_part.sample_rate));
        }
      }
      if (meter) meter->Accept(values.data(), count);
      resampler.Accept({mono.data(), count}, block);
      give();
      frames += count;
      if (on_read)
        on_read(std::min(1.0, static_cast<double>(bytes_before + decoder->position()) /
                                  static_cast<double>(bytes->size())));
    }
    if (!decoder->read_failure().empty()) throw Error(ErrorCode::kIo, decoder->read_failure());
    const double of_this = static_cast<double>(frames) / of_part.sample_rate;
    if (std::string error = decoder->error(); !error.empty())
      throw Error(ErrorCode::kCorrupt,
                  Failed(name) + Format("damaged after %.3f s: ", seconds + of_this) + error +
                      "; if a player can play it, " + HowToConvert(path));
    if (!empty && announced && frames < *announced)
      throw Error(
          ErrorCode::kCorrupt,
          Failed(name) + Format("truncated: its header announces %llu samples, the file holds %llu",
                                static_cast<unsigned long long>(*announced),
                                static_cast<unsigned long long>(frames)));
    for (std::string& warning : decoder->warnings())
      if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end())
        warnings.push_back(std::move(warning));
    resampler.Finish(block);
    give();
    any = any || frames > 0;
    seconds += of_this;
    bytes_before += source->size();
    if (meter) {
      signs[p] = meter->Signs();
      if (const auto inverted = std::count(signs[p].begin(), signs[p].end(), -1.0f); inverted > 0)
        warnings.push_back(
            Format("%td of its %zu channels have the opposite polarity of the others and would "
                   "cancel them: they were inverted",
                   inverted, channels));
      if (const auto text = meter->DifferentSounds(); text && !different_sounds) {
        warnings.push_back(*text);
        different_sounds = true;
      }
    }
  }
  if (!any)
    throw Error(ErrorCode::kUnusable,
                Failed(name) + "it holds no samples (" + info.format + ", only a header)");
  info.seconds = seconds;
  kept_whole = keep;
  if (samples.value_or(given) != given)
    throw Error(ErrorCode::kIo, Failed(name) + "it changed while it was read");
  samples = given;
}

AudioSource::AudioSource(const std::string& name, const ReadOptions& options)
    : impl_(std::make_unique<Impl>()) {
  impl_->options = options;
  const std::string path =
      options.separate ? TakeChannel(name, impl_->options.channel) : std::string(name);
  impl_->path = path;
  impl_->name = path == "-" ? "standard input" : name;
  bool streamed = false;
  impl_->bytes = OpenBytes(
      path, static_cast<std::uint64_t>(options.max_seconds * kMostBytesPerSecond), &streamed);
  impl_->Open(streamed);
}

AudioSource AudioSource::FromBytes(std::string bytes, const std::string& name,
                                   const ReadOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->path = impl->name = name;
  impl->options = options;
  impl->bytes = BytesInMemory(std::move(bytes));
  impl->Open(true);
  return AudioSource(std::move(impl));
}

AudioSource::AudioSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AudioSource::~AudioSource() = default;
AudioSource::AudioSource(AudioSource&&) noexcept = default;
AudioSource& AudioSource::operator=(AudioSource&&) noexcept = default;

const std::string& AudioSource::name() const { return impl_->name; }
int AudioSource::sample_rate() const { return impl_->rate; }
const AudioInfo& AudioSource::info() const { return impl_->info; }
const std::vector<std::string>& AudioSource::warnings() const { return impl_->warnings; }

void AudioSource::ForEachBlock(const std::function<void(std::span<const float>)>& use,
                               const OnRead& on_read) {
  Impl& impl = *impl_;
  // How channels are mixed must be known before the first sample is given.
  const bool compare = !impl.analysed && impl.options.channel == 0 &&
                       (impl.info.channels > 1 || impl.container.parts.size() > 1);
  if (compare) {
    impl.Pass(true, {}, on_read ? [&](double share) { on_read(share / 2); } : OnRead());
    const bool inverted = std::any_of(impl.signs.begin(), impl.signs.end(),
                                      [](const auto& signs) { return !signs.empty(); });
    if (inverted) impl.kept_whole = false;
  }
  impl.analysed = true;
  if (!impl.kept_whole) {
    impl.Pass(false, use,
              on_read && compare ? [&](double share) { on_read((1 + share) / 2); } : on_read);
    return;
  }
  const std::span<const float> kept(impl.kept);
  for (std::size_t at = 0; at < kept.size(); at += kBlockValues)
    use(kept.subspan(at, std::min(kBlockValues, kept.size() - at)));
  if (on_read) on_read(1);
}

std::vector<float> AudioSource::TakeAll(const OnRead& on_read) {
  impl_->keep_seconds = impl_->options.max_seconds + 1;
  if (!impl_->kept_whole) ForEachBlock([](std::span<const float>) {}, on_read);
  VPR_CHECK(impl_->kept_whole);
  impl_->kept_whole = false;
  return std::move(impl_->kept);
}

}  // namespace vpr
