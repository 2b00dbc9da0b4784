#include "vpr/audio/audio_reader.h"

#include <sndfile.h>
#include <soxr.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

Audio TakeWhole(AudioSource source) {
  Audio audio;
  audio.samples = source.TakeAll();
  audio.sample_rate = source.sample_rate();
  audio.info = source.info();
  audio.warnings = source.warnings();
  return audio;
}

constexpr std::size_t kWavHeader = 44;

void Put(std::string& out, std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

}  // namespace

Audio ReadAudio(const std::string& path, int sample_rate) {
  return ReadAudio(path, {.sample_rate = sample_rate, .max_seconds = kMaxWholeSeconds});
}

Audio ReadAudio(const std::string& path, const ReadOptions& options) {
  return TakeWhole(AudioSource(path, options));
}

Audio DecodeAudio(const std::string& bytes, const std::string& name) {
  return TakeWhole(AudioSource::FromBytes(bytes, name, {.max_seconds = kMaxWholeSeconds}));
}

WavWriter::WavWriter(const std::string& path, std::uint64_t samples, int sample_rate, unsigned mode)
    : file_((samples > (0xFFFFFFFFu - kWavHeader) / 2
                 ? throw Error(
                       ErrorCode::kInvalidArgument,
                       Format("cannot write '%s': %llu samples are more than a WAV file "
                              "can hold",
                              Printable(path).c_str(), static_cast<unsigned long long>(samples)))
                 : path),
            mode),
      missing_(samples) {
  const auto rate = static_cast<std::uint64_t>(sample_rate);
  const std::uint64_t size = samples * 2;
  std::string header = "RIFF";
  Put(header, size + kWavHeader - 8, 4);
  header += "WAVEfmt ";
  Put(header, 16, 4);
  Put(header, 1, 2);  // PCM
  Put(header, 1, 2);  // one channel
  Put(header, rate, 4);
  Put(header, rate * 2, 4);
  Put(header, 2, 2);
  Put(header, 16, 2);
  header += "data";
  Put(header, size, 4);
  file_.Write(header);
}

void WavWriter::Add(std::span<const float> samples) {
  VPR_CHECK(samples.size() <= missing_);
  missing_ -= samples.size();
  std::string block;
  block.reserve(2 * samples.size());
  for (float sample : samples) {
    // The scale libsndfile reads 16-bit PCM with, so that what was read is written back unchanged.
    const float scaled = std::clamp(sample * 32768.0f, -32768.0f, 32767.0f);
    Put(block, static_cast<std::uint16_t>(static_cast<std::int16_t>(std::lrint(scaled))), 2);
  }
  file_.Write(block);
}

void WavWriter::Commit() {
  VPR_CHECK(missing_ == 0);
  file_.Commit();
}

void WriteWav(const std::string& path, const std::vector<float>& samples, int sample_rate,
              unsigned mode) {
  constexpr std::size_t kBlock = 1 << 15;
  WavWriter writer(path, samples.size(), sample_rate, mode);
  for (std::size_t at = 0; at < samples.size(); at += kBlock)
    writer.Add(std::span(samples).subspan(at, std::min(kBlock, samples.size() - at)));
  writer.Commit();
}

bool HasAudioExtension(const std::string& path) {
  static constexpr auto kExtensions = std::to_array<std::string_view>(
      {"wav", "wave", "flac", "ogg", "oga", "opus", "mp3", "aif", "aiff", "aifc", "au", "snd",
       "w64", "rf64", "caf", "sph",
       // By FFmpeg's libraries.
       "m4a", "m4b", "m4r", "mp4", "m4v", "mov", "3gp", "3g2", "3ga", "aac", "amr", "awb", "webm",
       "weba", "mkv", "mka", "wma", "wmv", "asf", "avi", "flv", "mpg", "mpeg", "mts", "m2ts", "mxf",
       "ogv", "ogx", "gsm", "spx", "ape", "wv", "tta", "tak", "mpc", "mp2", "mpga", "ac3", "eac3",
       "dts", "dss", "qcp", "ra", "rm", "voc"});
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
