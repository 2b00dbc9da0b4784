// Sounds and sound files for tests.
#pragma once

#include <gtest/gtest.h>
#include <sndfile.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "support/temp_path.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"

namespace vpr::testing {

using test::TempPath;

inline std::vector<float> Sine(double hz, int rate, double seconds, double amplitude = 0.5) {
  std::vector<float> samples(static_cast<std::size_t>(std::lround(seconds * rate)));
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] =
        static_cast<float>(amplitude * std::sin(2 * M_PI * hz * static_cast<double>(i) / rate));
  return samples;
}

// Amplitude of the sine of `hz` in samples [begin, end), by projection.
inline double Amplitude(const std::vector<float>& samples, double hz, int rate, std::size_t begin,
                        std::size_t end) {
  double re = 0, im = 0;
  for (std::size_t i = begin; i < end; ++i) {
    double phase = 2 * M_PI * hz * static_cast<double>(i) / rate;
    re += static_cast<double>(samples[i]) * std::cos(phase);
    im += static_cast<double>(samples[i]) * std::sin(phase);
  }
  return 2 * std::hypot(re, im) / static_cast<double>(end - begin);
}

// Writes interleaved samples with libsndfile; false if it cannot write this format.
inline bool WriteSound(const std::string& path, int format, int rate, int channels,
                       const std::vector<float>& interleaved) {
  SF_INFO info{};
  info.samplerate = rate;
  info.channels = channels;
  info.format = format;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  if (file == nullptr) return false;
  auto frames = static_cast<sf_count_t>(interleaved.size()) / channels;
  sf_count_t wrote = sf_writef_float(file, interleaved.data(), frames);
  return sf_close(file) == 0 && wrote == frames;
}

inline std::string Little(std::uint64_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

// A WAV chunk, padded to an even length.
inline std::string Chunk(const std::string& id, const std::string& content) {
  return id + Little(content.size(), 4) + content + std::string(content.size() % 2, '\0');
}

// The format chunk of 16 kHz mono: 16-bit PCM, or 32-bit float.
inline std::string FormatChunk(bool is_float = false) {
  int width = is_float ? 4 : 2;
  return Chunk("fmt ", Little(is_float ? 3 : 1, 2) + Little(1, 2) + Little(16000, 4) +
                           Little(static_cast<std::uint64_t>(16000 * width), 4) +
                           Little(static_cast<std::uint64_t>(width), 2) +
                           Little(static_cast<std::uint64_t>(width * 8), 2));
}

inline std::string Riff(const std::string& chunks) {
  return "RIFF" + Little(chunks.size() + 4, 4) + "WAVE" + chunks;
}

inline std::string Pcm16(const std::vector<float>& samples) {
  std::string bytes;
  for (float sample : samples)
    bytes += Little(static_cast<std::uint16_t>(std::lround(sample * 32767.0f)), 2);
  return bytes;
}

inline std::string Floats(const std::vector<float>& samples) {
  return std::string(reinterpret_cast<const char*>(samples.data()), samples.size() * 4);
}

// The error that `action` throws; fails the test when it throws none.
inline Error ErrorOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return {ErrorCode::kInternal, "none"};
}

}  // namespace vpr::testing
