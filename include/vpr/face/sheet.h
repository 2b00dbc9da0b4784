// Faces over time as one picture.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "vpr/video/image.h"

namespace vpr {

// A row a face: up to eight of its crops, evenly spread over the frames that it is in, with their
// times below. Holds few of them, however many there are.
class FaceSheet {
 public:
  void Add(int track, double seconds, const Image& crop);
  // Of more than 30 faces those that were seen longest. At least one crop must be there.
  Image Draw() const;

 private:
  struct Cell {
    double seconds = 0;
    Image picture;
  };
  struct Row {
    std::size_t seen = 0, step = 1;  // every step-th is kept
    std::vector<Cell> cells;
  };
  std::map<int, Row> rows_;
};

}  // namespace vpr
