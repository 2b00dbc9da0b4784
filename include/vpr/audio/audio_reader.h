// Reading speech from files: any format libsndfile decodes and MP3, any rate, any number of
// channels, any length.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vpr/base/file_io.h"

namespace vpr {

// The rate of all audio inside vpr, in Hz.
inline constexpr int kSampleRate = 16000;

// One of the audio tracks of a container: of a video in two languages, of a meeting.
struct AudioTrack {
  std::string codec;     // "AAC", FFmpeg's names
  int sample_rate = 0;   // Hz; 0: not told before decoding
  int channels = 0;      // likewise
  std::string language;  // "eng"; empty: not told
  std::string title;     // likewise
};

// What a file says of itself before any decoding.
struct AudioInfo {
  std::string format;   // "WAV (Signed 16 bit PCM)", libsndfile's names; "MP3 (MPEG Layer 3)"
  int sample_rate = 0;  // Hz, of the file
  int channels = 0;     // of the file
  double seconds = 0;   // of the file
  std::vector<AudioTrack> tracks = {};  // of what FFmpeg decodes, else empty
  int track = 0;                        // the one that is read: 1, 2, ...; 0 where there are none
};

struct Audio {
  std::vector<float> samples;     // mono, nominally in [-1, 1]
  int sample_rate = kSampleRate;  // Hz, of the samples
  AudioInfo info;
  std::vector<std::string> warnings;  // see AudioSource
};

// A few kilobytes can announce, or even hold, days of silence; these are the longest recordings
// that are taken unless a caller says otherwise. Where a recording is in memory whole, an hour
// takes 230 MB at 16 kHz.
inline constexpr double kMaxSeconds = 24 * 3600.0;      // read block by block
inline constexpr double kMaxWholeSeconds = 2 * 3600.0;  // in memory whole

struct ReadOptions {
  int sample_rate = kSampleRate;     // Hz, to resample to; 0: the file's own rate
  int channel = 0;                   // 1, 2, ...: this one alone; 0: all, averaged
  int track = 0;                     // 1, 2, ... of its audio tracks; 0: the file's default
  bool separate = false;             // paths may name a channel of a file: "call.wav#2"
  double max_seconds = kMaxSeconds;  // a longer recording is refused
};

// Told between blocks which share of the work, 0 to 1, is done. May throw to end it.
using OnRead = std::function<void(double share)>;

// Of `paths` each file with several channels as "FILE#1", "FILE#2", ..., for ReadOptions::separate:
// where people have a channel each. Others, and what cannot be read, stay as they are. Throws
// kInvalidArgument for standard input, which can only be read once.
std::vector<std::string> SplitChannels(const std::vector<std::string>& paths,
                                       const ReadOptions& options);

// A recording that is read block by block, as often as wanted, in memory that does not grow with
// its length: the samples of up to 5 minutes are kept from the first time on, those of longer ones
// are decoded anew. What comes through a pipe is kept in memory or a temporary file.
//
// All samples of the file are read. Where it is joined of several recordings (chained Ogg, MP3 and
// other files put one behind another, a WAV with several data chunks), that means all of them, each
// resampled by itself. A WAV whose header leaves its length open (0, or 0x7FFFF000 and more than
// there is, as streaming writers and those that died leave it) or announces less than there is, is
// read to the end of the file.
//
// Channels are averaged. Where that would cancel them, since some have the opposite polarity, those
// are inverted first.
class AudioSource {
 public:
  // `path`: "-" is standard input. Throws
  //   kNotFound         no such file
  //   kIo               it cannot be read
  //   kInvalidArgument  a directory; a channel that it does not have
  //   kCorrupt          empty file; not an audio format we know; fewer bytes than its header
  //                     announces (truncated)
  explicit AudioSource(const std::string& path, const ReadOptions& options = {});
  // From bytes in memory, taken for those of a pipe; `name` is used in messages.
  static AudioSource FromBytes(std::string bytes, const std::string& name,
                               const ReadOptions& options = {});
  ~AudioSource();
  AudioSource(AudioSource&&) noexcept;
  AudioSource& operator=(AudioSource&&) noexcept;

  const std::string& name() const;  // for messages
  int sample_rate() const;          // Hz, of the samples given
  // Of the first recording in the file; `seconds` is that of all, 0 until they were read once.
  const AudioInfo& info() const;
  // What a user should know although the file is read: lengths in its header that are wrong, what
  // was left out, channels of opposite polarity, or of different sounds, as when two people have
  // one each. Complete after the first reading.
  const std::vector<std::string>& warnings() const;

  // All samples, mono, in order. Throws
  //   kCorrupt   damaged, or fewer samples than announced (truncated)
  //   kUnusable  no samples; NaN or infinity among them; longer than max_seconds
  //   kIo        it cannot be read, or is another one than the first time
  // and what `use` and `on_read` throw.
  void ForEachBlock(const std::function<void(std::span<const float>)>& use,
                    const OnRead& on_read = {});

  // The same in one piece. No other reading may follow.
  std::vector<float> TakeAll(const OnRead& on_read = {});

 private:
  struct Impl;
  explicit AudioSource(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A whole recording in memory, resampled to `sample_rate` Hz (libsoxr 0.1.3, very high quality); 0:
// at the file's own rate. Throws what AudioSource throws.
Audio ReadAudio(const std::string& path, int sample_rate = kSampleRate);
Audio ReadAudio(const std::string& path, const ReadOptions& options);

// The same from bytes in memory.
Audio DecodeAudio(const std::string& bytes, const std::string& name);

// Resamples mono audio (libsoxr, very high quality). Lengths: round(n * to / from).
std::vector<float> Resample(const std::vector<float>& samples, int from_rate, int to_rate);

// Writes mono 16-bit PCM WAV, atomically, with these permissions, block by block.
class WavWriter {
 public:
  // `samples`: as many as will come. Throws kInvalidArgument for more than a WAV can hold (37 hours
  // at 16 kHz), kIo.
  WavWriter(const std::string& path, std::uint64_t samples, int sample_rate, unsigned mode = 0666);
  void Add(std::span<const float> samples);
  void Commit();

 private:
  AtomicFile file_;
  std::uint64_t missing_;
};

// The same in one call.
void WriteWav(const std::string& path, const std::vector<float>& samples, int sample_rate,
              unsigned mode = 0666);

// 16 kHz mono as FLAC (16 bit), in memory; DecodeAudio reads it back.
std::string EncodeFlac(const std::vector<float>& samples);

// True for the file name endings of recordings and videos (.wav .flac .mp3 .m4a .webm .mp4 ...), in
// any case, also where ReadAudio refuses them: without FFmpeg's libraries, or for want of sound.
// For walking folders: what is not read there is to be said. ReadAudio itself goes by content.
bool HasAudioExtension(const std::string& path);

// "libsndfile-1.2.0", "libmpg123-1.31.2", "libsoxr-0.1.3", for --version.
std::vector<std::string> AudioLibraryVersions();

}  // namespace vpr
