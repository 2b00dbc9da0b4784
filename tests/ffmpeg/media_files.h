// Files of phones, browsers and meetings, made by the program ffmpeg where it is installed.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "audio/sound_files.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/resources.h"

namespace vpr::testing {

inline constexpr const char* kNoMediaModule =
    "SKIPPED: this build has no module of FFmpeg's libraries";
inline constexpr const char* kNoMediaEncoder =
    "SKIPPED: no program ffmpeg, or it has no such encoder";

inline bool HasMediaModule() {
  return std::filesystem::exists(ResourcePath("lib/vpr/vpr_ffmpeg.so"));
}

// Two channels that differ, with rises and falls, no whole number of anybody's frames.
inline std::vector<float> TwoVoices(int rate, double seconds) {
  const auto frames = static_cast<std::size_t>(seconds * rate) + 7;
  std::vector<float> samples(2 * frames);
  for (std::size_t i = 0; i < frames; ++i) {
    const double t = static_cast<double>(i) / rate;
    const double swell = 0.6 + 0.4 * std::sin(2 * M_PI * 3 * t);
    const auto left = static_cast<float>(0.4 * swell * std::sin(2 * M_PI * 310 * t));
    samples[2 * i] = left;
    samples[2 * i + 1] =
        0.5f * left + static_cast<float>(0.1 * swell * std::sin(2 * M_PI * 1240 * t));
  }
  return samples;
}

// ffmpeg with these arguments, nothing printed; true if it did it.
inline bool Ffmpeg(const std::string& arguments) {
  const std::string command = "ffmpeg -nostdin -v quiet -y " + arguments + " > /dev/null 2>&1";
  return std::system(command.c_str()) == 0;
}

// `seconds` of two voices in a file of that ending, as `encode` says; empty if this ffmpeg cannot.
inline std::string MakeMedia(const std::string& ending, const std::string& encode,
                             double seconds = 3.3, int rate = 44100) {
  const std::string wav = TempPath("source.wav"), path = TempPath("made." + ending);
  if (!WriteSound(wav, SF_FORMAT_WAV | SF_FORMAT_PCM_16, rate, 2, TwoVoices(rate, seconds)))
    return {};
  return Ffmpeg("-i " + wav + " " + encode + " " + path) ? path : std::string();
}

// What the program ffmpeg decodes of one channel (0, 1, ...), as float.
inline std::vector<float> DecodedByFfmpeg(const std::string& path, int channels, int channel,
                                          const std::string& map = "0:a:0") {
  const std::string raw = TempPath("reference.f32");
  EXPECT_TRUE(Ffmpeg("-i " + path + " -map " + map + " -f f32le " + raw));
  const std::string bytes = ReadFile(raw);
  std::vector<float> all(bytes.size() / sizeof(float)), one;
  std::memcpy(all.data(), bytes.data(), all.size() * sizeof(float));
  for (std::size_t i = static_cast<std::size_t>(channel); i < all.size();
       i += static_cast<std::size_t>(channels))
    one.push_back(all[i]);
  return one;
}

// AMR: any bits are speech. Frames of 12.2 kb/s (wide band: 23.85) with an even mixture of bits.
inline std::string Amr(bool wide, int frames) {
  std::string bytes = wide ? "#!AMR-WB\n" : "#!AMR\n";
  unsigned state = 1;
  for (int f = 0; f < frames; ++f) {
    bytes += wide ? '\x44' : '\x3C';
    for (int i = 0; i < (wide ? 60 : 31); ++i) {
      state = state * 1664525 + 1013904223;
      bytes += static_cast<char>(state >> 24);
    }
  }
  return bytes;
}

// The error of `read(path)` of a file of these bytes, in one line and no fault of ours; empty:
// none.
template <typename ReadPath>
std::string ErrorOfBytes(const std::string& bytes, ReadPath read) {
  const std::string path = TempPath("hostile.bin");
  WriteFileAtomically(path, bytes);
  try {
    read(path);
  } catch (const Error& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("hostile.bin"), std::string::npos) << what;
    EXPECT_EQ(what.find('\n'), std::string::npos) << what;
    EXPECT_NE(error.code(), ErrorCode::kInternal) << what;
    EXPECT_NE(error.code(), ErrorCode::kIo) << what;
    return what;
  }
  return {};
}

// So many times with flipped bits: in the first `header` bytes, where lengths and counts are, and
// in whatever there is; in one byte, and in several.
template <typename Use>
void ForEachDamaged(const std::string& bytes, std::size_t header, int times, Use use) {
  std::minstd_rand random(7);
  header = std::min(bytes.size(), header);
  for (int i = 0; i < times; ++i) {
    std::string damaged = bytes;
    for (int flips = i % 3 == 0 ? 8 : 1; flips > 0; --flips) {
      const std::size_t at = random() % (i % 2 == 0 ? header : damaged.size());
      damaged[at] = static_cast<char>(i % 5 == 0 ? 0xFF : damaged[at] ^ (1 << random() % 8));
    }
    use(damaged);
  }
}

}  // namespace vpr::testing
