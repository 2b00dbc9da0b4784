// Live audio: a microphone (PortAudio 19), or a file that stands in for one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/progress.h"

namespace vpr {

struct AudioDevice {
  int number;             // PortAudio's
  std::string name, api;  // "HDA Intel PCH: ALC257 Analog (hw:0,0)", "ALSA"
  int channels;           // it can record
  double rate;            // Hz, its own
  bool is_default;
};

// Those that can record. Throws kDevice if there is no sound system at all.
std::vector<AudioDevice> ListInputDevices();

// A running stream of mono audio at 16 kHz. For one thread.
class LiveAudio {
 public:
  virtual ~LiveAudio() = default;
  // Appends what has arrived, waiting for at least one sample up to `milliseconds`. False at the
  // end of a stream that has one. Throws kDevice when the device stops delivering.
  virtual bool Read(std::vector<float>& samples, int milliseconds) = 0;
  virtual std::string name() const = 0;
  // Samples lost so far because they were not read in time (at the device's rate).
  virtual std::uint64_t lost() const { return 0; }
};

// Opens and starts an input device: by number or by a part of its name in any case, empty: the
// default one. At 16 kHz, or, if the device refuses that, at its own rate, resampled (libsoxr).
// Throws kDevice, saying what there is, when there is none, when none or several fit, or when it
// cannot be opened.
std::unique_ptr<LiveAudio> OpenMicrophone(const std::string& device);

// A recording, delivered as fast as it was spoken.
std::unique_ptr<LiveAudio> PlayAsMicrophone(const std::string& path);

// Records so many seconds, less if the stream ends. Throws kUnusable if every sample is zero, which
// is what a muted microphone delivers; kInterrupted if stopped.
std::vector<float> RecordSeconds(LiveAudio& audio, double seconds, Progress& progress,
                                 const StopRequested& stop);

}  // namespace vpr
