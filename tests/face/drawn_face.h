// A clip of a drawn face.
#pragma once

#include <cmath>

#include "vpr/face/drawn_face.h"

namespace vpr::testing {

// That of frame i of a clip, in frames of 320 x 240: it goes to the right, turns and speaks.
inline DrawnFace MovingFace(int i) {
  DrawnFace face;
  face.x = 130 + 2 * i, face.y = 125, face.height = 150;
  face.turn = 0.15 * std::sin(0.2 * i);
  face.mouth = 0.025 + 0.025 * std::sin(0.9 * i);
  return face;
}

}  // namespace vpr::testing
