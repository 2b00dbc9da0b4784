// draw_faces FRAMES > clip.rgb: 320 x 240, RGB, a face that moves to the right and speaks; frame 10
// to 12 it is hidden.
#include <cstdio>
#include <cstdlib>

#include "face/drawn_face.h"

int main(int argc, char** argv) {
  const int frames = argc > 1 ? std::atoi(argv[1]) : 0;
  for (int i = 0; i < frames; ++i) {
    vpr::Image image = vpr::Backdrop(320, 240);
    if (i < 10 || i > 12) vpr::Draw(image, vpr::testing::MovingFace(i));
    if (std::fwrite(image.pixels.data(), 1, image.pixels.size(), stdout) != image.pixels.size())
      return 1;
  }
  return 0;
}
