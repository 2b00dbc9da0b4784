// Microphones through PortAudio.
#include <fcntl.h>
#include <portaudio.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cmath>
#include <thread>

#include "audio/resampler.h"
#include "mic/ring_buffer.h"
#include "mic/sound_system.h"
#include "vpr/base/api.h"
#include "vpr/base/error.h"
#include "vpr/base/process.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kBufferSeconds = 30;  // that may be left unread
constexpr auto kSilentDevice = std::chrono::seconds(3);

Error DeviceError(const std::string& what) { return Error(ErrorCode::kDevice, what); }

// The sound libraries below PortAudio write complaints to stderr while they look for devices. Only
// of a process of our own stderr may be turned away for all threads.
class QuietStderr {
 public:
  QuietStderr() : saved_(ProcessIsOwned() ? ::dup(STDERR_FILENO) : -1) {
    if (saved_ < 0) return;
    const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0) {
      ::dup2(null, STDERR_FILENO);
      ::close(null);
    }
  }
  ~QuietStderr() {
    if (saved_ < 0) return;
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
  }
  QuietStderr(const QuietStderr&) = delete;
  QuietStderr& operator=(const QuietStderr&) = delete;

 private:
  int saved_;
};

// PortAudio, initialised while this lives.
class Library {
 public:
  Library() {
    QuietStderr quiet;
    if (const PaError error = Pa_Initialize(); error != paNoError)
      throw DeviceError(std::string("cannot reach the sound system: ") + Pa_GetErrorText(error));
  }
  ~Library() {
    QuietStderr quiet;
    Pa_Terminate();
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  std::vector<AudioDevice> Inputs() const {
    std::vector<AudioDevice> devices;
    for (int i = 0; i < Pa_GetDeviceCount(); ++i) {
      const PaDeviceInfo* info = Pa_GetDeviceInfo(i);
      if (info == nullptr || info->maxInputChannels < 1) continue;
      const PaHostApiInfo* api = Pa_GetHostApiInfo(info->hostApi);
      devices.push_back({i, info->name == nullptr ? "" : info->name,
                         api == nullptr ? "" : api->name, info->maxInputChannels,
                         info->defaultSampleRate, i == Pa_GetDefaultInputDevice()});
    }
    return devices;
  }
};

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

AudioDevice Choose(const std::vector<AudioDevice>& devices, const std::string& wanted) {
  if (devices.empty())
    throw DeviceError(
        "no microphone found: the sound system has no device that records; is one plugged in, and "
        "may this user use it (group audio)?");
  std::vector<AudioDevice> fitting;
  const bool is_number =
      !wanted.empty() && wanted.find_first_not_of("0123456789") == std::string::npos;
  for (const AudioDevice& device : devices) {
    if (wanted.empty() ? device.is_default
        : is_number    ? std::to_string(device.number) == wanted
                       : device.name == wanted)
      fitting.push_back(device);
  }
  if (fitting.empty() && wanted.empty()) return devices.front();
  if (fitting.empty() && !is_number) {
    for (const AudioDevice& device : devices) {
      if (Lower(device.name).find(Lower(wanted)) != std::string::npos) fitting.push_back(device);
    }
  }
  if (fitting.size() == 1) return fitting.front();
  throw DeviceError(Format("%s device is called '%s'; see: vpr devices",
                           fitting.empty() ? "no recording" : "more than one recording",
                           Printable(wanted).c_str()));
}

class Microphone : public LiveAudio {
 public:
  explicit Microphone(const std::string& wanted) : device_(Choose(library_.Inputs(), wanted)) {
    PaStreamParameters parameters = {};
    parameters.device = device_.number;
    parameters.channelCount = 1;
    parameters.sampleFormat = paInt16;  // what microphones deliver
    parameters.suggestedLatency = Pa_GetDeviceInfo(device_.number)->defaultHighInputLatency;
    QuietStderr quiet;
    PaError error = paInvalidSampleRate;
    for (double rate : {double{kSampleRate}, device_.rate}) {
      ring_ = std::make_unique<RingBuffer<std::int16_t>>(
          static_cast<std::size_t>(kBufferSeconds * rate));
      error = Pa_OpenStream(&stream_, &parameters, nullptr, rate, paFramesPerBufferUnspecified,
                            paNoFlag, Callback, ring_.get());
      if (error == paNoError) {
        resampler_ = std::make_unique<Resampler>(static_cast<int>(std::lround(rate)), kSampleRate);
        error = Pa_StartStream(stream_);
        break;
      }
    }
    if (error != paNoError) {
      if (stream_ != nullptr) Pa_CloseStream(stream_);
      std::string reason = Pa_GetErrorText(error);
      if (error == paUnanticipatedHostError) {
        const PaHostErrorInfo* host = Pa_GetLastHostErrorInfo();
        if (host != nullptr && host->errorText != nullptr && host->errorText[0] != '\0')
          reason = host->errorText;
      }
      throw DeviceError("cannot open microphone '" + Printable(device_.name) + "': " + reason +
                        "; is another program using it, or may this user not (group audio)?");
    }
    last_ = Clock::now();
  }

  ~Microphone() override {
    QuietStderr quiet;
    Pa_AbortStream(stream_);
    Pa_CloseStream(stream_);
  }

  bool Read(std::vector<float>& samples, int milliseconds) override {
    const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(milliseconds);
    for (;;) {
      arrived_.clear();
      const Clock::time_point now = Clock::now();
      if (ring_->Read(arrived_) > 0) {
        last_ = now;
        values_.clear();
        for (std::int16_t value : arrived_) values_.push_back(static_cast<float>(value) / 32768);
        resampler_->Accept(values_, samples);
        return true;
      }
      if (Pa_IsStreamActive(stream_) != 1 || now - last_ > kSilentDevice)
        throw DeviceError("microphone '" + Printable(device_.name) +
                          "' has stopped delivering; was it unplugged?");
      if (now >= deadline) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  std::string name() const override { return device_.name; }
  std::uint64_t lost() const override { return ring_->lost(); }

 private:
  // On PortAudio's thread: no locks, no allocation.
  static int Callback(const void* input, void*, unsigned long frames,
                      const PaStreamCallbackTimeInfo*, PaStreamCallbackFlags flags, void* to) {
    auto& ring = *static_cast<RingBuffer<std::int16_t>*>(to);
    // Some were lost before these; how many is not said.
    if ((flags & paInputOverflow) != 0) ring.CountLost(frames);
    if (input != nullptr) ring.Write(static_cast<const std::int16_t*>(input), frames);
    return paContinue;
  }

  Library library_;
  AudioDevice device_;
  std::unique_ptr<RingBuffer<std::int16_t>> ring_;
  std::unique_ptr<Resampler> resampler_;
  PaStream* stream_ = nullptr;
  std::vector<std::int16_t> arrived_;
  std::vector<float> values_;
  Clock::time_point last_;
};

}  // namespace

std::vector<AudioDevice> ListInputDevices() { return Library().Inputs(); }

std::unique_ptr<LiveAudio> OpenMicrophone(const std::string& device) {
  return std::make_unique<Microphone>(device);
}

}  // namespace vpr

extern "C" VPR_API const vpr::SoundSystem* vpr_portaudio() {
  static const vpr::SoundSystem system = {vpr::ListInputDevices, vpr::OpenMicrophone};
  return &system;
}
