// Who speaks when as a picture.
#pragma once

#include <string>

#include "vpr/diarize/diarizer.h"

namespace vpr {

// A PNG file's bytes: a lane for each speaker, with a bar for each turn.
std::string MeetingPicture(const Diarization& diarization);

}  // namespace vpr
