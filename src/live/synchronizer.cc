#include "vpr/live/synchronizer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"

namespace vpr {

LiveClock SteadyClock() {
  using Clock = std::chrono::steady_clock;
  return [start = Clock::now()] {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
}

Synchronizer::Synchronizer(const SynchronizerOptions& options, LiveClock clock)
    : options_(options),
      clock_(std::move(clock)),
      frames_ended_(!options.frames),
      sound_ended_(!options.sound) {
  VPR_CHECK(options.most_frames > 0 && options.most_blocks > 0 && options.most_apart > 0);
}

void Synchronizer::Add(LiveFrame frame) {
  {
    std::lock_guard lock(mutex_);
    frames_.push_back(std::move(frame));
    if (frames_.size() > options_.most_frames) {
      frames_.pop_front();
      ++counts_.dropped_frames;
    }
  }
  arrived_.notify_one();
}

void Synchronizer::Add(SoundBlock block) {
  {
    std::lock_guard lock(mutex_);
    blocks_.push_back(std::move(block));
    if (blocks_.size() > options_.most_blocks) {
      blocks_.pop_front();
      ++counts_.dropped_blocks;
    }
  }
  arrived_.notify_one();
}

void Synchronizer::AddNow(std::shared_ptr<const Image> picture) {
  Add(LiveFrame{Now(), std::move(picture)});
}

void Synchronizer::EndFrames() {
  {
    std::lock_guard lock(mutex_);
    frames_ended_ = true;
  }
  arrived_.notify_one();
}

void Synchronizer::EndSound() {
  {
    std::lock_guard lock(mutex_);
    sound_ended_ = true;
  }
  arrived_.notify_one();
}

std::optional<Synchronizer::Pair> Synchronizer::NextLocked() {
  while (!frames_.empty() && !blocks_.empty()) {
    const double apart = frames_.front().seconds - blocks_.front().seconds;
    if (std::abs(apart) < options_.most_apart) {
      Pair pair{std::move(frames_.front()), std::move(blocks_.front())};
      frames_.pop_front();
      blocks_.pop_front();
      ++counts_.pairs;
      counts_.apart += std::abs(apart);
      return pair;
    }
    if (apart < 0) {
      frames_.pop_front();
      ++counts_.dropped_frames;
    } else {
      blocks_.pop_front();
      ++counts_.dropped_blocks;
    }
  }
  Pair alone;
  if (!frames_.empty() && sound_ended_) {
    alone.frame = std::move(frames_.front());
    frames_.pop_front();
    return alone;
  }
  if (!blocks_.empty() && frames_ended_) {
    alone.sound = std::move(blocks_.front());
    blocks_.pop_front();
    return alone;
  }
  return std::nullopt;
}

std::optional<Synchronizer::Pair> Synchronizer::Next() {
  std::lock_guard lock(mutex_);
  return NextLocked();
}

std::optional<Synchronizer::Pair> Synchronizer::Wait(int milliseconds) {
  std::unique_lock lock(mutex_);
  std::optional<Pair> pair;
  arrived_.wait_for(lock, std::chrono::milliseconds(milliseconds), [&] {
    pair = NextLocked();
    return pair || (frames_ended_ && sound_ended_);
  });
  return pair;
}

bool Synchronizer::ended() const {
  std::lock_guard lock(mutex_);
  return frames_ended_ && sound_ended_ && frames_.empty() && blocks_.empty();
}

Synchronizer::Counts Synchronizer::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

LiveWindow::LiveWindow(double seconds, std::size_t most_frames)
    : seconds_(seconds),
      most_frames_(most_frames),
      most_samples_(static_cast<std::size_t>(std::lround(seconds * kSampleRate))) {
  VPR_CHECK(seconds > 0 && most_frames > 0);
}

void LiveWindow::Add(LiveFrame frame) {
  std::lock_guard lock(mutex_);
  frames_until_ = frame.seconds;
  frames_.push_back(std::move(frame));
  while (frames_.size() > most_frames_ || frames_.front().seconds <= frames_until_ - seconds_)
    frames_.pop_front();
}

void LiveWindow::Add(const SoundBlock& block) {
  std::lock_guard lock(mutex_);
  samples_.insert(samples_.end(), block.samples.begin(), block.samples.end());
  if (samples_.size() > most_samples_)
    samples_.erase(samples_.begin(), samples_.end() - static_cast<std::ptrdiff_t>(most_samples_));
  sound_until_ = block.seconds + static_cast<double>(block.samples.size()) / kSampleRate;
}

LiveWindow::Content LiveWindow::Get() const {
  std::lock_guard lock(mutex_);
  Content content;
  content.until = std::max(frames_until_, sound_until_);
  for (const LiveFrame& frame : frames_)
    if (frame.seconds > content.until - seconds_) content.frames.push_back(frame);
  // What of it lies before the window, where pictures went on after the sound.
  const double late = std::max(0.0, content.until - sound_until_);
  const std::size_t skipped =
      std::min(samples_.size(),
               static_cast<std::size_t>(std::max(0.0, std::round((late - seconds_) * kSampleRate) +
                                                          static_cast<double>(samples_.size()))));
  content.samples.assign(samples_.begin() + static_cast<std::ptrdiff_t>(skipped), samples_.end());
  return content;
}

}  // namespace vpr
