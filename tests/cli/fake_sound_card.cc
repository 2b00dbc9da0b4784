// Stands in for PortAudio (LD_PRELOAD), to do what a test cannot ask of a real sound card. It has
// one device, which records at 48 kHz only and delivers the 16-bit samples in $SOUND_CARD_PLAYS at
// the speed of sound. $SOUND_CARD_FAULT: "refused" (may not be opened), "unplugged" (after a second
// the stream is no longer active), "stuck" (after a second nothing comes any more), "none".
#include <portaudio.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr double kRate = 48000;
constexpr std::size_t kFrames = 480;

PaDeviceInfo device = {2, "Test Card (48 kHz)", 0, 1, 0, 0.01, 0.01, 0.1, 0.1, kRate};
PaHostApiInfo host = {1, paALSA, "Test", 1, 0, -1};
PaStreamCallback* callback = nullptr;
void* user = nullptr;
std::thread player;
std::atomic<bool> active = false, stop = false;

std::string Fault() {
  const char* fault = std::getenv("SOUND_CARD_FAULT");
  return fault == nullptr ? "" : fault;
}

void Play() {
  std::ifstream file(std::getenv("SOUND_CARD_PLAYS"), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto* samples = reinterpret_cast<const std::int16_t*>(bytes.data());
  const std::size_t count = bytes.size() / 2;
  auto due = std::chrono::steady_clock::now();
  for (std::size_t block = 0; !stop; ++block) {
    due += std::chrono::milliseconds(10);
    std::this_thread::sleep_until(due);
    if (block >= 100 && Fault() == "unplugged") break;
    if (block >= 100 && Fault() == "stuck") continue;
    std::int16_t buffer[kFrames];
    for (std::size_t i = 0; i < kFrames; ++i) buffer[i] = samples[(block * kFrames + i) % count];
    callback(buffer, nullptr, kFrames, nullptr, 0, user);
  }
  active = false;
}

}  // namespace

#pragma GCC visibility push(default)  // the build hides what is not asked for
extern "C" {
PaError Pa_Initialize(void) { return paNoError; }
PaError Pa_Terminate(void) { return paNoError; }
PaDeviceIndex Pa_GetDeviceCount(void) { return Fault() == "none" ? 0 : 1; }
PaDeviceIndex Pa_GetDefaultInputDevice(void) { return Fault() == "none" ? paNoDevice : 0; }
const PaDeviceInfo* Pa_GetDeviceInfo(PaDeviceIndex) { return &device; }
const PaHostApiInfo* Pa_GetHostApiInfo(PaHostApiIndex) { return &host; }
const char* Pa_GetErrorText(PaError error) {
  return error == paInvalidSampleRate ? "Invalid sample rate" : "Device unavailable";
}
const PaHostErrorInfo* Pa_GetLastHostErrorInfo(void) { return nullptr; }
PaError Pa_OpenStream(PaStream** stream, const PaStreamParameters*, const PaStreamParameters*,
                      double rate, unsigned long, PaStreamFlags, PaStreamCallback* own_callback,
                      void* own_user) {
  if (Fault() == "refused") return paDeviceUnavailable;
  if (rate != kRate) return paInvalidSampleRate;
  callback = own_callback;
  user = own_user;
  *stream = &device;
  return paNoError;
}
PaError Pa_StartStream(PaStream*) {
  active = true;
  stop = false;
  player = std::thread(Play);
  return paNoError;
}
PaError Pa_AbortStream(PaStream*) {
  stop = true;
  if (player.joinable()) player.join();
  return paNoError;
}
PaError Pa_CloseStream(PaStream* stream) { return Pa_AbortStream(stream); }
PaError Pa_IsStreamActive(PaStream*) { return active ? 1 : 0; }
}
