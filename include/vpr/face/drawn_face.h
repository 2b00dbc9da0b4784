// Faces drawn from ellipses with soft edges and shading, which the detector takes for faces and
// whose 68 points follow what is drawn: for tests, and for trying things out without photographs.
#pragma once

#include <array>

#include "vpr/video/image.h"

namespace vpr {

// Lengths are by the height of the face, from the chin to the top of the brow.
struct DrawnFace {
  double x = 0, y = 0;  // its middle, pixels
  double height = 100;  // pixels
  double turn = 0;      // radians, clockwise
  double mouth = 0.01;  // half the gap between the lips
  std::array<double, 3> skin = {224, 172, 140}, hair = {48, 34, 28};  // red, green, blue
  double brow_raise = 0;                                              // of the brows
  double brow_inner = 0;   // how much lower their inner ends are than their outer ones
  double eye_open = 1;     // height of the eyes
  double mouth_curve = 0;  // how much higher the corners of the mouth are than its middle
  double mouth_width = 1;
  double nose_wrinkle = 0;  // 0 to 1: folds beside the nose and above it
  double light = 0;         // -1 to 1: from its left or its right
  double edge = 0.012;      // width of all edges: how blurred it is
  bool covered = false;     // something is held before it
};

// What is behind it: grey, a little blue, brighter below.
Image Backdrop(int width, int height);

// Into a picture of three channels.
void Draw(Image& picture, const DrawnFace& face);

}  // namespace vpr
