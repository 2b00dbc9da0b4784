// A harder copy of the recordings of trial lists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "vpr/base/progress.h"

namespace vpr {

struct DegradeOptions {
  std::vector<std::string> trials;  // lists
  std::string audio_root = ".";     // folder that the lists' names are below
  std::string output;               // folder for recordings (16 kHz WAV) and lists
  std::string noise, rooms;         // folders of recordings to choose from; empty: none
  double snr = 10;                  // dB, of the noise
  double seconds = 0;               // a random stretch of so many is cut out; 0: all stays
  double top_db = 40;               // silence so far below the loudest moment is cut first
  std::string codec;                // "gsm", "opus", "vorbis", "mp3"; empty: none
  double compression = 0.7;         // of the codec: 0, its highest bit rate, to 1, its lowest
  double clip = 0;                  // peaks are cut off at this share of the loudest; 0: not
  bool telephone = false;           // through 8 kHz and mu-law
  std::uint64_t seed = 1;
};

struct DegradedTrials {
  std::size_t files = 0;                                    // written
  std::vector<std::pair<std::string, std::string>> failed;  // names and why
};

// Degrades each recording that the lists name once, and writes the lists with the new names. Warns
// of files that cannot be used. Throws what ReadTrials and ReadSounds throw; kInvalidArgument for a
// name that leads out of audio_root, or a codec that there is not; kUnusable if no file can be
// used; kInterrupted; kIo.
DegradedTrials DegradeTrials(const DegradeOptions& options, Progress& progress,
                             const StopRequested& stop);

}  // namespace vpr
