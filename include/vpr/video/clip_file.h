// Clips without loss: pictures as PNG and sound as 16-bit PCM in an AVI file (RIFF), which FFmpeg
// and every player read. Written without FFmpeg, so that the same clip is the same bytes anywhere.
#pragma once

#include <string>
#include <vector>

#include "vpr/video/image.h"

namespace vpr {

// `frames`: at least one, all of one size; `samples`: mono, 16 kHz, beginning with the first frame;
// the sound of a frame lies before the next one. Throws kInvalidArgument for more than 1 GB.
std::string EncodeClip(const std::vector<Image>& frames, int frames_per_second,
                       const std::vector<float>& samples);

}  // namespace vpr
