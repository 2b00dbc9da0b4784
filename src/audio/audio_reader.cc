#include "vpr/audio/audio_reader.h"

#include <sndfile.h>
#include <soxr.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "audio/container_check.h"
#include "audio/decoder.h"
#include "audio/resampler.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Bytes = std::span<const std::uint8_t>;

Bytes AsBytes(const std::string& bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

// Rates outside are damage, not audio; far below, the resampler's output would fill the memory.
constexpr int kMinRate = 1000, kMaxRate = 1000000;
constexpr std::size_t kBlockValues = 1 << 16;  // decoded at once, all channels together

std::string Failed(const std::string& name) {
  return "cannot read audio '" + Printable(name) + "': ";
}

Audio Decode(Bytes bytes, const std::string& name, bool streamed, int sample_rate) {
  if (bytes.empty()) throw Error(ErrorCode::kCorrupt, Failed(name) + "the file is empty (0 bytes)");
  ContainerReport report = CheckContainer(bytes, streamed);
  if (report.state == ContainerReport::State::kTruncated)
    throw Error(ErrorCode::kCorrupt, Failed(name) + "truncated: " + report.detail);
  std::string reason;
  std::unique_ptr<Decoder> decoder =
      IsMp3(bytes) ? OpenMp3(bytes, reason) : OpenSndfile(bytes, report, reason);
  if (decoder == nullptr && report.state == ContainerReport::State::kHeaderOnly)
    throw Error(ErrorCode::kCorrupt, Failed(name) + "truncated: " + report.detail);
  if (decoder == nullptr)
    throw Error(ErrorCode::kCorrupt, Failed(name) + "it is not audio that can be decoded (" +
                                         reason +
                                         "); expected WAV, FLAC, Ogg Vorbis, Opus, MP3 or AIFF");
  Audio audio;
  audio.info = decoder->info();
  const AudioInfo& info = audio.info;
  if (info.channels < 1 || info.sample_rate < kMinRate || info.sample_rate > kMaxRate)
    throw Error(ErrorCode::kCorrupt,
                Failed(name) + Format("its header says %d channels at %d Hz; expected at least one "
                                      "channel and %d to %d Hz",
                                      info.channels, info.sample_rate, kMinRate, kMaxRate));

  audio.sample_rate = sample_rate == 0 ? info.sample_rate : sample_rate;
  auto channels = static_cast<std::size_t>(info.channels);
  std::optional<std::uint64_t> announced = decoder->announced();
  if (announced) {
    // Only a hint, since the number comes from the file: not more than an hour on its word.
    double expected = static_cast<double>(*announced) * audio.sample_rate / info.sample_rate;
    audio.samples.reserve(
        static_cast<std::size_t>(std::min(expected + 1, 3600.0 * audio.sample_rate)));
  }

  std::size_t block = std::max<std::size_t>(kBlockValues / channels, 1);
  std::vector<float> values(block * channels), mono(block);
  Resampler resampler(info.sample_rate, audio.sample_rate);
  std::uint64_t frames = 0;
  bool empty = report.state == ContainerReport::State::kEmpty;
  while (!empty) {
    std::size_t count = decoder->Read(values.data(), block);
    if (count == 0) break;
    for (std::size_t i = 0; i < count; ++i) {
      float sum = 0;
      for (std::size_t c = 0; c < channels; ++c) sum += values[i * channels + c];
      mono[i] = sum / static_cast<float>(channels);
      if (!std::isfinite(mono[i]))
        throw Error(ErrorCode::kUnusable,
                    Failed(name) + Format("it holds %s at %.3f s; expected finite samples",
                                          std::isnan(mono[i]) ? "NaN (not a number)" : "infinity",
                                          static_cast<double>(frames + i) / info.sample_rate));
    }
    resampler.Accept({mono.data(), count}, audio.samples);
    frames += count;
  }
  double seconds = static_cast<double>(frames) / info.sample_rate;
  if (std::string error = decoder->error(); !error.empty())
    throw Error(ErrorCode::kCorrupt,
                Failed(name) + Format("damaged after %.3f s: ", seconds) + error);
  if (!empty && announced && frames < *announced)
    throw Error(
        ErrorCode::kCorrupt,
        Failed(name) + Format("truncated: its header announces %llu samples, the file holds %llu",
                              static_cast<unsigned long long>(*announced),
                              static_cast<unsigned long long>(frames)));
  if (frames == 0)
    throw Error(ErrorCode::kUnusable,
                Failed(name) + "it holds no samples (" + audio.info.format + ", only a header)");
  resampler.Finish(audio.samples);
  audio.info.seconds = seconds;
  return audio;
}

}  // namespace

Audio ReadAudio(const std::string& path, int sample_rate) {
  if (path != "-" && IsRegularFile(path)) {
    MappedFile file(path);
    return Decode(file.bytes(), path, false, sample_rate);
  }
  std::string bytes = ReadFile(path);  // a pipe; or throws for what is missing or a directory
  return Decode(AsBytes(bytes), path == "-" ? "standard input" : path, true, sample_rate);
}

Audio DecodeAudio(const std::string& bytes, const std::string& name) {
  return Decode(AsBytes(bytes), name, true, kSampleRate);
}

void WriteWav(const std::string& path, const std::vector<float>& samples, int sample_rate,
              unsigned mode) {
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

  AtomicFile file(path, mode);
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

std::vector<std::string> AudioLibraryVersions() {
  // libmpg123 cannot be asked before its version 1.32.
  return {sf_version_string(), "libmpg123-" VPR_MPG123_VERSION, soxr_version()};
}

}  // namespace vpr
