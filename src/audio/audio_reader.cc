#include "vpr/audio/audio_reader.h"

#include <sndfile.h>
#include <soxr.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string_view>

#include "audio/container_check.h"
#include "audio/resampler.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Bytes = std::span<const std::uint8_t>;

// Rates outside are damage, not audio; far below, the resampler's output would fill the memory.
constexpr int kMinRate = 1000, kMaxRate = 1000000;
constexpr std::size_t kBlockValues = 1 << 16;  // decoded at once, all channels together

std::string Failed(const std::string& name) {
  return "cannot read audio '" + Printable(name) + "': ";
}

// What libsndfile reads: a header of ours, if there is one, and then bytes of the file.
struct Source {
  std::string_view header;
  Bytes bytes;
  sf_count_t position = 0;
  sf_count_t size() const { return static_cast<sf_count_t>(header.size() + bytes.size()); }
};

SF_VIRTUAL_IO ReadOnlyMemory() {
  SF_VIRTUAL_IO io;
  io.get_filelen = [](void* user) { return static_cast<Source*>(user)->size(); };
  io.seek = [](sf_count_t offset, int whence, void* user) {
    auto* source = static_cast<Source*>(user);
    sf_count_t base = whence == SEEK_SET   ? 0
                      : whence == SEEK_CUR ? source->position
                                           : source->size();
    source->position = std::clamp<sf_count_t>(base + offset, 0, source->size());
    return source->position;
  };
  io.read = [](void* buffer, sf_count_t count, void* user) {
    auto* source = static_cast<Source*>(user);
    count = std::clamp<sf_count_t>(count, 0, source->size() - source->position);
    auto at = static_cast<std::size_t>(source->position), wanted = static_cast<std::size_t>(count);
    auto* out = static_cast<char*>(buffer);
    std::size_t head = source->header.copy(out, wanted, std::min(at, source->header.size()));
    if (head < wanted)
      std::memcpy(out + head, source->bytes.data() + (at + head - source->header.size()),
                  wanted - head);
    source->position += count;
    return count;
  };
  io.write = [](const void*, sf_count_t, void*) { return sf_count_t{0}; };
  io.tell = [](void* user) { return static_cast<Source*>(user)->position; };
  return io;
}

struct CloseSound {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using Sound = std::unique_ptr<SNDFILE, CloseSound>;

std::string Reason(SNDFILE* file) {
  std::string reason = Printable(sf_strerror(file));
  while (reason.ends_with('.') || reason.ends_with(' ')) reason.pop_back();
  return reason;
}

// Null, and `reason`, if it cannot.
Sound OpenSound(Source& source, SF_INFO& info, std::string& reason) {
  // libsndfile keeps the reason of a failed open in one global variable, so a failure is repeated
  // while nobody else opens.
  static std::shared_mutex mutex;
  SF_VIRTUAL_IO io = ReadOnlyMemory();
  auto open = [&] {
    source.position = 0;
    info = SF_INFO{};
    return Sound(sf_open_virtual(&io, SFM_READ, &info, &source));
  };
  {
    std::shared_lock lock(mutex);
    if (Sound sound = open()) return sound;
  }
  std::unique_lock lock(mutex);
  Sound sound = open();
  if (sound == nullptr) reason = Reason(nullptr);
  return sound;
}

std::string FormatName(int format) {
  auto name = [](int command, int code) -> std::string {
    SF_FORMAT_INFO info{};
    info.format = code;
    sf_command(nullptr, command, &info, sizeof(info));
    return info.name != nullptr ? info.name : "unknown";
  };
  std::string major = name(SFC_GET_FORMAT_INFO, format & SF_FORMAT_TYPEMASK);
  return major.substr(0, major.find(" (")) + " (" +
         name(SFC_GET_FORMAT_INFO, format & SF_FORMAT_SUBMASK) + ")";
}

Audio Decode(Bytes bytes, const std::string& name, bool streamed) {
  if (bytes.empty()) throw Error(ErrorCode::kCorrupt, Failed(name) + "the file is empty (0 bytes)");
  ContainerReport report = CheckContainer(bytes, streamed);
  if (report.state == ContainerReport::State::kTruncated)
    throw Error(ErrorCode::kCorrupt, Failed(name) + "truncated: " + report.detail);
  Source source;
  source.header = report.header;
  source.bytes = report.header.empty() ? bytes : report.audio;
  SF_INFO info{};
  std::string reason;
  Sound sound = OpenSound(source, info, reason);
  if (sound == nullptr && report.state == ContainerReport::State::kHeaderOnly)
    throw Error(ErrorCode::kCorrupt, Failed(name) + "truncated: " + report.detail);
  if (sound == nullptr)
    throw Error(ErrorCode::kCorrupt, Failed(name) + "it is not audio libsndfile can decode (" +
                                         reason +
                                         "); expected WAV, FLAC, Ogg Vorbis, Opus, MP3 or AIFF");
  if (info.channels < 1 || info.samplerate < kMinRate || info.samplerate > kMaxRate)
    throw Error(ErrorCode::kCorrupt,
                Failed(name) + Format("its header says %d channels at %d Hz; expected at least one "
                                      "channel and %d to %d Hz",
                                      info.channels, info.samplerate, kMinRate, kMaxRate));

  Audio audio;
  audio.info.format = FormatName(info.format);
  audio.info.sample_rate = info.samplerate;
  audio.info.channels = info.channels;
  auto channels = static_cast<std::size_t>(info.channels);
  // Some FLAC files do not say how long they are, which libsndfile shows as the largest number; of
  // an MP3 it is an estimate.
  bool length_known = info.frames > 0 && info.frames < SF_COUNT_MAX &&
                      (info.format & SF_FORMAT_TYPEMASK) != SF_FORMAT_MPEG;
  if (length_known) {
    // Only a hint, since the number comes from the file: not more than an hour on its word.
    double expected = static_cast<double>(info.frames) * kSampleRate / info.samplerate;
    audio.samples.reserve(static_cast<std::size_t>(std::min(expected + 1, 3600.0 * kSampleRate)));
  }

  std::size_t block = std::max<std::size_t>(kBlockValues / channels, 1);
  std::vector<float> values(block * channels), mono(block);
  Resampler resampler(info.samplerate, kSampleRate);
  std::uint64_t frames = 0;
  bool empty = report.state == ContainerReport::State::kEmpty;
  for (sf_count_t got = 0; !empty; frames += static_cast<std::uint64_t>(got)) {
    got = sf_readf_float(sound.get(), values.data(), static_cast<sf_count_t>(block));
    if (got <= 0) break;
    auto count = static_cast<std::size_t>(got);
    for (std::size_t i = 0; i < count; ++i) {
      float sum = 0;
      for (std::size_t c = 0; c < channels; ++c) sum += values[i * channels + c];
      mono[i] = sum / static_cast<float>(channels);
      if (!std::isfinite(mono[i]))
        throw Error(ErrorCode::kUnusable,
                    Failed(name) + Format("it holds %s at %.3f s; expected finite samples",
                                          std::isnan(mono[i]) ? "NaN (not a number)" : "infinity",
                                          static_cast<double>(frames + i) / info.samplerate));
    }
    resampler.Accept({mono.data(), count}, audio.samples);
  }
  if (int error = sf_error(sound.get()); error != SF_ERR_NO_ERROR)
    throw Error(ErrorCode::kCorrupt, Failed(name) +
                                         Format("damaged after %.3f s: ",
                                                static_cast<double>(frames) / info.samplerate) +
                                         Reason(sound.get()));
  if (!empty && length_known && frames < static_cast<std::uint64_t>(info.frames))
    throw Error(
        ErrorCode::kCorrupt,
        Failed(name) + Format("truncated: its header announces %lld samples, the file holds "
                              "%llu",
                              static_cast<long long>(info.frames),
                              static_cast<unsigned long long>(frames)));
  if (frames == 0)
    throw Error(ErrorCode::kUnusable,
                Failed(name) + "it holds no samples (" + audio.info.format + ", only a header)");
  resampler.Finish(audio.samples);
  audio.info.seconds = static_cast<double>(frames) / info.samplerate;
  return audio;
}

}  // namespace

Audio ReadAudio(const std::string& path) {
  if (path != "-" && IsRegularFile(path)) {
    MappedFile file(path);
    return Decode(file.bytes(), path, false);
  }
  std::string bytes = ReadFile(path);  // a pipe; or throws for what is missing or a directory
  return DecodeAudio(bytes, path == "-" ? "standard input" : path);
}

Audio DecodeAudio(const std::string& bytes, const std::string& name) {
  return Decode({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, name, true);
}

void WriteWav(const std::string& path, const std::vector<float>& samples, int sample_rate) {
  constexpr std::size_t kHeader = 44;
  if (samples.size() > (0xFFFFFFFFu - kHeader) / 2)
    throw Error(ErrorCode::kInvalidArgument,
                Format("cannot write '%s': %zu samples are more than a WAV file can hold",
                       Printable(path).c_str(), samples.size()));
  auto put = [](std::string& out, std::uint32_t value, int width) {
    for (int i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
  };
  auto rate = static_cast<std::uint32_t>(sample_rate);
  auto size = static_cast<std::uint32_t>(samples.size() * 2);
  std::string header = "RIFF";
  put(header, size + kHeader - 8, 4);
  header += "WAVEfmt ";
  put(header, 16, 4);
  put(header, 1, 2);  // PCM
  put(header, 1, 2);  // one channel
  put(header, rate, 4);
  put(header, rate * 2, 4);
  put(header, 2, 2);
  put(header, 16, 2);
  header += "data";
  put(header, size, 4);

  AtomicFile file(path);
  file.Write(header);
  std::string block;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    // The scale libsndfile reads 16-bit PCM with, so that what was read is written back unchanged.
    float scaled = std::clamp(samples[i] * 32768.0f, -32768.0f, 32767.0f);
    put(block, static_cast<std::uint16_t>(static_cast<std::int16_t>(std::lrint(scaled))), 2);
    if (block.size() == kBlockValues || i + 1 == samples.size()) {
      file.Write(block);
      block.clear();
    }
  }
  file.Commit();
}

bool HasAudioExtension(const std::string& path) {
  static constexpr std::array<std::string_view, 16> kExtensions = {
      "wav",  "wave", "flac", "ogg", "oga", "opus", "mp3", "aif",
      "aiff", "aifc", "au",   "snd", "w64", "rf64", "caf", "sph"};
  std::size_t dot = path.rfind('.');
  if (dot == std::string::npos || path.find('/', dot) != std::string::npos) return false;
  std::string extension = path.substr(dot + 1);
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

std::vector<std::string> AudioLibraryVersions() { return {sf_version_string(), soxr_version()}; }

}  // namespace vpr
