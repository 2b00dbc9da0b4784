// Reading speech from files: any format libsndfile decodes and MP3, any rate, any number of
// channels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vpr {

// The rate of all audio inside vpr, in Hz.
inline constexpr int kSampleRate = 16000;

// What a file says of itself before any decoding.
struct AudioInfo {
  std::string format;   // "WAV (Signed 16 bit PCM)", libsndfile's names; "MP3 (MPEG Layer 3)"
  int sample_rate = 0;  // Hz, of the file
  int channels = 0;     // of the file
  double seconds = 0;   // of the file
};

struct Audio {
  std::vector<float> samples;     // mono, nominally in [-1, 1]
  int sample_rate = kSampleRate;  // Hz, of the samples
  AudioInfo info;
};

// Decodes `path` ("-": standard input, which may be a pipe), averages the channels and resamples to
// `sample_rate` Hz (libsoxr 0.1.3, very high quality); 0: leaves the file's own rate. Pipes are
// read whole into memory first. A WAV on a pipe whose header says "length unknown" (0, or
// 0x7FFFF000 and above, as streaming writers do) is read to its end; in a file that is an error
// like any other wrong length.
//
// Throws
//   kNotFound  no such file
//   kIo        it cannot be read
//   kCorrupt   empty file; not an audio format we know; fewer bytes or samples than its
//              header announces (truncated)
//   kUnusable  no samples; NaN or infinity among them
Audio ReadAudio(const std::string& path, int sample_rate = kSampleRate);

// The same from bytes in memory, taken for those of a pipe; `name` is used in messages.
Audio DecodeAudio(const std::string& bytes, const std::string& name);

// Resamples mono audio (libsoxr, very high quality). Lengths: round(n * to / from).
std::vector<float> Resample(const std::vector<float>& samples, int from_rate, int to_rate);

// Writes mono 16-bit PCM WAV, atomically, with these permissions.
void WriteWav(const std::string& path, const std::vector<float>& samples, int sample_rate,
              unsigned mode = 0666);

// 16 kHz mono as FLAC (16 bit), in memory; DecodeAudio reads it back.
std::string EncodeFlac(const std::vector<float>& samples);

// True for the file name endings of formats ReadAudio decodes (.wav .flac .ogg .opus .mp3 ...), in
// any case. For walking folders; ReadAudio itself goes by content.
bool HasAudioExtension(const std::string& path);

// "libsndfile-1.2.0", "libmpg123-1.31.2", "libsoxr-0.1.3", for --version.
std::vector<std::string> AudioLibraryVersions();

}  // namespace vpr
