// What a camera and a microphone deliver, brought together by time stamps.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "vpr/video/image.h"

namespace vpr {

// Seconds since a beginning that all of them share.
using LiveClock = std::function<double()>;
// The time since it was made, of a clock that only goes forwards.
LiveClock SteadyClock();

struct LiveFrame {
  double seconds = 0;
  std::shared_ptr<const Image> picture;
};
struct SoundBlock {
  double seconds = 0;          // of its first sample
  std::vector<float> samples;  // 16 kHz
};

struct SynchronizerOptions {
  bool frames = true, sound = true;  // which sides there are; one alone is given as it comes
  std::size_t most_frames = 10, most_blocks = 20;  // that wait; of more the oldest is dropped
  double most_apart = 0.1;                         // seconds between frame and block of a pair
};

// For several threads. The oldest frame and the oldest block are a pair if they are less than
// most_apart apart; else the older of the two is dropped. A side that has ended leaves the other
// one alone.
class Synchronizer {
 public:
  struct Pair {
    std::optional<LiveFrame> frame;
    std::optional<SoundBlock> sound;
  };
  struct Counts {
    std::uint64_t pairs = 0, dropped_frames = 0, dropped_blocks = 0;
    double apart = 0;  // seconds, the sum over the pairs
  };

  explicit Synchronizer(const SynchronizerOptions& options = {}, LiveClock clock = SteadyClock());

  double Now() const { return clock_(); }
  // With the time they carry; without: of now.
  void Add(LiveFrame frame);
  void Add(SoundBlock block);
  void AddNow(std::shared_ptr<const Image> picture);
  void EndFrames();
  void EndSound();

  // The next pair, if there is one.
  std::optional<Pair> Next();
  // The same, waiting for it; nothing after so many milliseconds or at the end.
  std::optional<Pair> Wait(int milliseconds);
  bool ended() const;  // nothing is left, and nothing comes
  Counts counts() const;

 private:
  std::optional<Pair> NextLocked();

  const SynchronizerOptions options_;
  const LiveClock clock_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<LiveFrame> frames_;
  std::deque<SoundBlock> blocks_;
  bool frames_ended_, sound_ended_;
  Counts counts_;
};

// The last seconds of what was seen and heard. For several threads.
class LiveWindow {
 public:
  struct Content {
    std::vector<LiveFrame> frames;
    std::vector<float> samples;
    double until = 0;  // seconds, of the latest of both
  };

  // Of more than most_frames the oldest are dropped.
  explicit LiveWindow(double seconds, std::size_t most_frames = 256);
  void Add(LiveFrame frame);
  void Add(const SoundBlock& block);  // in order, one behind the other
  Content Get() const;

 private:
  const double seconds_;
  const std::size_t most_frames_, most_samples_;
  mutable std::mutex mutex_;
  std::deque<LiveFrame> frames_;
  std::deque<float> samples_;
  double frames_until_ = 0, sound_until_ = 0;
};

}  // namespace vpr
