// Who speaks when, in the formats that other programs read.
#pragma once

#include <string>

#include "vpr/diarize/diarizer.h"

namespace vpr {

enum class TurnFormat { kText, kRttm, kSrt, kVtt, kLabels };

// By a file's ending: .rttm, .srt, .vtt, .labels, else text.
TurnFormat TurnFormatOf(const std::string& path);

// RTTM's name of a recording: the file's, without its ending; "stdin" for "-".
std::string RecordingName(const std::string& path);

// text: begin, end, name, tabs between; labels: the same with six decimals, as Audacity imports
// labels. SRT and VTT: a cue a turn, its text the name. `recording`: RTTM's name of it.
std::string WriteTurns(const Diarization& diarization, const std::string& recording,
                       TurnFormat format);

}  // namespace vpr
