#include "vpr/face/drawn_face.h"

#include <algorithm>
#include <cmath>

namespace vpr {
namespace {

using Colour = std::array<double, 3>;

double Squared(double value) { return value * value; }

double Glow(double u, double v, double cu, double cv, double ru, double rv) {
  const double far = Squared((u - cu) / ru) + Squared((v - cv) / rv);
  return far > 12 ? 0 : std::exp(-far);  // beyond, less than a level of brightness
}

// In coordinates of the face: its height is 1, u to the right, v down.
class FacePainter {
 public:
  explicit FacePainter(const DrawnFace& face) : face_(face) {
    for (double& value : neck_) value *= 0.62;
  }

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
  // 1 inside an ellipse, 0 outside, over a soft edge.
  double Inside(double u, double v, double cu, double cv, double ru, double rv) const {
    const double smaller = std::min(ru, rv), far = 1 + face_.edge / smaller;
    const double x = std::abs(u - cu) / ru, y = std::abs(v - cv) / rv;
    if (x > far || y > far) return 0;
    const double away = (std::hypot(x, y) - 1) * smaller;
    return std::clamp(0.5 - away / face_.edge, 0.0, 1.0);
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
    constexpr Colour kWhite = {236, 234, 228}, kIris = {52, 38, 30};
    constexpr Colour kLips = {150, 70, 70}, kGap = {50, 18, 20}, kCover = {118, 122, 128};
    const double side = std::abs(u);  // both halves are alike
    mix(neck_, Inside(u, v, 0, 0.75, 0.24, 0.4));
    mix(face_.hair, Inside(u, v, 0, -0.12, 0.47, 0.58));
    const double face = Inside(u, v, 0, 0, 0.39, 0.55);
    mix(face_.skin, face);
    if (face > 0) Features(u, v, side, face, mix, darken, kWhite, kIris, kLips, kGap);
    if (face_.light != 0) darken(std::clamp(0.5 * face_.light * u, 0.0, 0.4) * face);
    if (face_.covered) mix(kCover, Inside(u, v, 0, -0.02, 0.46, 0.5));
    for (std::size_t c = 0; c < 3; ++c)
      pixel[c] = static_cast<std::uint8_t>(std::clamp(colour[c] + 0.5, 0.0, 255.0));
  }

  template <typename Mix, typename Darken>
  void Features(double u, double v, double side, double face, const Mix& mix, const Darken& darken,
                const Colour& white, const Colour& iris, const Colour& lips,
                const Colour& gap) const {
    // Round: light falls from the front and above.
    darken(face * (0.35 * std::pow(std::min(1.0, std::hypot(u / 0.42, v / 0.6)), 3)));
    mix(face_.hair, Inside(u, v, 0, -0.52, 0.34, 0.16) * face);
    darken(0.38 * Glow(side, v, 0.17, -0.16, 0.1, 0.055) * face);  // sockets
    const double brow =
        -0.235 - face_.brow_raise + face_.brow_inner * std::clamp((0.175 - side) / 0.19, -0.5, 0.5);
    mix(face_.hair, 0.9 * Inside(side, v, 0.175, brow + 0.25 * Squared(side - 0.17), 0.095, 0.02));
    mix(white, Inside(side, v, 0.17, -0.145, 0.07, 0.031 * face_.eye_open));
    mix(iris, Inside(side, v, 0.17, -0.147, 0.031, 0.031 * std::min(1.0, face_.eye_open)));
    darken(0.5 * Inside(side, v, 0.17, -0.147 - 0.031 * face_.eye_open, 0.075, 0.012));  // lid
    darken(0.22 * Glow(side, v, 0.065, 0.0, 0.028, 0.14));  // beside the nose
    mix({250, 225, 205}, 0.3 * Glow(u, v, 0, 0.0, 0.025, 0.12));
    darken(0.35 * Glow(side, v, 0.05, 0.105, 0.045, 0.018));
    darken(0.6 * Inside(side, v, 0.038, 0.105, 0.02, 0.012));  // nostrils
    if (face_.nose_wrinkle > 0) {
      darken(0.45 * face_.nose_wrinkle * Glow(u, v, 0, -0.1, 0.06, 0.02));
      darken(0.45 * face_.nose_wrinkle * Glow(u, v, 0, -0.16, 0.05, 0.018));
      darken(0.4 * face_.nose_wrinkle * Glow(side, v, 0.1 + 0.3 * (v - 0.08), 0.1, 0.022, 0.1));
    }
    darken(0.18 * Glow(side, v, 0.15, 0.2, 0.03, 0.09));  // folds beside the mouth
    const double mouth = face_.mouth, wide = face_.mouth_width;
    // Where it would lie in a mouth whose corners are no higher than its middle.
    const double flat = v + face_.mouth_curve * (std::min(1.5, Squared(u / (0.145 * wide))) - 0.35);
    mix(lips, Inside(u, flat, 0, 0.27, 0.145 * wide, 0.036 + mouth));
    mix(gap, Inside(u, flat, 0, 0.265, 0.125 * wide, std::max(mouth, 0.006)));
    darken(0.28 * Glow(u, v, 0, 0.345 + mouth, 0.1, 0.025));
  }

  const DrawnFace face_;
  Colour neck_ = face_.skin;
};

}  // namespace

Image Backdrop(int width, int height) {
  Image image(width, height, 3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        image.at(x, y)[c] = static_cast<std::uint8_t>(90 + 20 * c + 30 * y / height);
  return image;
}

void Draw(Image& picture, const DrawnFace& face) { FacePainter(face).Paint(picture); }

}  // namespace vpr
