#include "vpr/mic/microphone.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "base/open_module.h"
#include "mic/sound_system.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Clock = std::chrono::steady_clock;

const SoundSystem& Sounds() { return OpenOptionalInterface<const SoundSystem>(); }

class PlayedFile : public LiveAudio {
 public:
  explicit PlayedFile(const std::string& path)
      : name_(path), samples_(ReadAudio(path).samples), start_(Clock::now()) {}

  bool Read(std::vector<float>& samples, int milliseconds) override {
    const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(milliseconds);
    while (given_ < samples_.size()) {
      const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
      const auto due = std::min(static_cast<std::size_t>(elapsed * kSampleRate), samples_.size());
      if (due > given_) {
        samples.insert(samples.end(), samples_.begin() + static_cast<std::ptrdiff_t>(given_),
                       samples_.begin() + static_cast<std::ptrdiff_t>(due));
        given_ = due;
        return true;
      }
      if (Clock::now() >= deadline) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }
  std::string name() const override { return name_; }

 private:
  std::string name_;
  std::vector<float> samples_;
  Clock::time_point start_;
  std::size_t given_ = 0;
};

}  // namespace

std::vector<AudioDevice> ListInputDevices() { return Sounds().devices(); }

std::unique_ptr<LiveAudio> OpenMicrophone(const std::string& device) {
  return Sounds().open(device);
}

std::unique_ptr<LiveAudio> PlayAsMicrophone(const std::string& path) {
  return std::make_unique<PlayedFile>(path);
}

std::vector<float> RecordSeconds(LiveAudio& audio, double seconds, Progress& progress,
                                 const StopRequested& stop) {
  const auto wanted = static_cast<std::size_t>(seconds * kSampleRate);
  std::vector<float> samples;
  const auto tenths = static_cast<std::uint64_t>(std::lround(10 * seconds));
  progress.Info(
      Format("listening to '%s' for %.3g s: speak now", Printable(audio.name()).c_str(), seconds));
  progress.Start("listening", "tenth", tenths);
  while (samples.size() < wanted && audio.Read(samples, 100)) {
    if (stop && stop()) {
      progress.Finish();
      throw Error(ErrorCode::kInterrupted, "stopped while listening");
    }
    progress.Update(std::min<std::uint64_t>(samples.size() * 10 / kSampleRate, tenths));
  }
  progress.Finish();
  samples.resize(std::min(samples.size(), wanted));
  if (!samples.empty() &&
      std::all_of(samples.begin(), samples.end(), [](float sample) { return sample == 0; }))
    throw Error(ErrorCode::kUnusable, "'" + Printable(audio.name()) +
                                          "' delivers nothing but zeros; is the microphone muted?");
  if (audio.lost() > 0)
    progress.Warn(Format("%llu samples of the microphone were lost: the machine is too busy",
                         static_cast<unsigned long long>(audio.lost())));
  return samples;
}

}  // namespace vpr
