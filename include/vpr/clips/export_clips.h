// Classifiers of clips for other programs.
#pragma once

#include <string>

#include "vpr/clips/clip_classifier.h"

namespace vpr {

// The content of an ONNX file, operator set 11, weights in float32. Batch, pictures of a clip and
// length of sound are free. In:
//   image    [batch, frames, 3, side, side], as PictureMatrix has the planes of a picture
//   audio    [batch, bands, time], the features before they are standardized; at least 2 of time
//   present  [batch, 2], 1 where a clip is seen, and heard, else 0; at least one of them 1. What
//            is not present may be anything that is a number
// Out: probabilities, image_probabilities and audio_probabilities [batch, classes], the last two
// without meaning where the side is not present, and weights [batch, 2] but for concat. A
// classifier of one side has its input and its probabilities alone. The metadata are labels, one a
// line, and what ClipClassifierInfo says.
//
// Throws kNotFound if the engine for it cannot be opened.
std::string ClipOnnxFile(const ClipModel& model);

}  // namespace vpr
