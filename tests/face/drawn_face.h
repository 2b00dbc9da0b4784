// Faces drawn from ellipses with soft edges and shading: what the detector takes for one.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "vpr/video/image.h"

namespace vpr::testing {

struct DrawnFace {
  double x = 0, y = 0;  // its middle, pixels
  double height = 100;  // from the chin to the top of the brow, pixels
  double turn = 0;      // radians, clockwise
  double mouth = 0.01;  // half the gap between the lips, by its height
  std::array<double, 3> skin = {224, 172, 140};
};

inline Image Backdrop(int width, int height) {
  Image image(width, height, 3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        image.at(x, y)[c] = static_cast<std::uint8_t>(90 + 20 * c + 30 * y / height);
  return image;
}

// In coordinates of the face: its height is 1, u to the right, v down.
class FacePainter {
 public:
  explicit FacePainter(const DrawnFace& face) : face_(face) {}

  void Paint(Image& image) const {
    const double cosine = std::cos(face_.turn), sine = std::sin(face_.turn);
    for (int y = 0; y < image.height; ++y)
      for (int x = 0; x < image.width; ++x) {
        const double dx = (x - face_.x) / face_.height, dy = (y - face_.y) / face_.height;
        if (std::abs(dx) > 1.2 || std::abs(dy) > 1.2) continue;
        Shade(cosine * dx + sine * dy, cosine * dy - sine * dx, image.at(x, y));
      }
  }

 private:
  using Colour = std::array<double, 3>;

  // 1 inside an ellipse, 0 outside, over a soft edge.
  static double Inside(double u, double v, double cu, double cv, double ru, double rv,
                       double edge = 0.012) {
    const double far = std::hypot((u - cu) / ru, (v - cv) / rv);
    const double away = (far - 1) * std::min(ru, rv);
    return std::clamp(0.5 - away / edge, 0.0, 1.0);
  }
  static double Glow(double u, double v, double cu, double cv, double ru, double rv) {
    return std::exp(-std::pow((u - cu) / ru, 2) - std::pow((v - cv) / rv, 2));
  }

  void Shade(double u, double v, std::uint8_t* pixel) const {
    Colour colour = {static_cast<double>(pixel[0]), static_cast<double>(pixel[1]),
                     static_cast<double>(pixel[2])};
    const auto mix = [&](const Colour& with, double share) {
      for (std::size_t c = 0; c < 3; ++c) colour[c] += share * (with[c] - colour[c]);
    };
    const auto darken = [&](double share) {
      for (double& value : colour) value *= 1 - share;
    };
    const double side = std::abs(u);  // both halves are alike
    const Colour hair = {48, 34, 28}, white = {236, 234, 228}, iris = {52, 38, 30};
    const Colour lips = {150, 70, 70}, gap = {50, 18, 20};
    Colour neck = face_.skin;
    for (double& value : neck) value *= 0.62;
    mix(neck, Inside(u, v, 0, 0.75, 0.24, 0.4));
    mix(hair, Inside(u, v, 0, -0.12, 0.47, 0.58));
    const double face = Inside(u, v, 0, 0, 0.39, 0.55);
    mix(face_.skin, face);
    // Round: light falls from the front and above.
    darken(face * (0.35 * std::pow(std::min(1.0, std::hypot(u / 0.42, v / 0.6)), 3)));
    mix(hair, Inside(u, v, 0, -0.52, 0.34, 0.16) * face);
    darken(0.38 * Glow(side, v, 0.17, -0.16, 0.1, 0.055) * face);  // sockets
    mix(hair, 0.9 * Inside(side, v, 0.175, -0.235 + 0.25 * std::pow(side - 0.17, 2), 0.095, 0.02));
    mix(white, Inside(side, v, 0.17, -0.145, 0.07, 0.031));
    mix(iris, Inside(side, v, 0.17, -0.147, 0.031, 0.031));
    darken(0.5 * Inside(side, v, 0.17, -0.178, 0.075, 0.012));  // upper lid
    darken(0.22 * Glow(side, v, 0.065, 0.0, 0.028, 0.14));      // beside the nose
    mix({250, 225, 205}, 0.3 * Glow(u, v, 0, 0.0, 0.025, 0.12));
    darken(0.35 * Glow(side, v, 0.05, 0.105, 0.045, 0.018));
    darken(0.6 * Inside(side, v, 0.038, 0.105, 0.02, 0.012));  // nostrils
    darken(0.18 * Glow(side, v, 0.15, 0.2, 0.03, 0.09));       // folds beside the mouth
    const double mouth = face_.mouth;
    mix(lips, Inside(u, v, 0, 0.27, 0.145, 0.036 + mouth));
    mix(gap, Inside(u, v, 0, 0.265, 0.125, std::max(mouth, 0.006)));
    darken(0.28 * Glow(u, v, 0, 0.345 + mouth, 0.1, 0.025));
    for (std::size_t c = 0; c < 3; ++c)
      pixel[c] = static_cast<std::uint8_t>(std::clamp(colour[c] + 0.5, 0.0, 255.0));
  }

  const DrawnFace face_;
};

inline void Draw(Image& image, const DrawnFace& face) { FacePainter(face).Paint(image); }

// That of frame i of a clip, in frames of 320 x 240: it goes to the right, turns and speaks.
inline DrawnFace MovingFace(int i) {
  DrawnFace face;
  face.x = 130 + 2 * i, face.y = 125, face.height = 150;
  face.turn = 0.15 * std::sin(0.2 * i);
  face.mouth = 0.025 + 0.025 * std::sin(0.9 * i);
  return face;
}

}  // namespace vpr::testing
