// Faces from frame to frame: which one is whose, and where it is in frames in which it was missed.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

namespace vpr {

struct FacePoint {
  double x = 0, y = 0;  // pixels, from the left and the top of the frame
};

struct FaceBox {
  double left = 0, top = 0, width = 0, height = 0;  // pixels
};

// Area of what both cover by that of what either covers.
double Overlap(const FaceBox& a, const FaceBox& b);

// What the detector says of one frame.
struct FoundFace {
  FaceBox box;
  double score = 0;               // of the detector: the higher, the surer
  std::vector<FacePoint> points;  // 68, in the order of the iBUG 300-W annotation, or none
};

// A face of a frame.
struct Face : FoundFace {
  int track = 0;      // 1, 2, ...: the same face has the same number, as far as it was followed
  bool found = true;  // false: the detector missed it here, and it lies between where it was found
  // The means of box and points over the frames about this one, for crops that do not tremble.
  FaceBox steady_box;
  std::vector<FacePoint> steady_points;
};

struct TrackOptions {
  double most_gap = 0.5;     // seconds for which a face may be missed and is still the same
  int most_gap_frames = 32;  // the same in frames: so many wait for it
  int steady_frames = 12;    // over which boxes and points are averaged
};

// Takes the faces found frame by frame and gives them back followed, as soon as all is known of a
// frame that later ones may still tell: with most_gap 0 and steady_frames 1 at once.
class FaceTracker {
 public:
  explicit FaceTracker(const TrackOptions& options) : options_(options) {}

  // The faces of the next frame, `seconds` later than all before.
  void Add(double seconds, std::vector<FoundFace> found);
  void Finish() { finished_ = true; }  // no frame follows
  // Those of the next frame, in the order of their tracks; false if frames must follow first.
  bool Next(std::vector<Face>& faces);

 private:
  struct Frame {
    double seconds = 0;
    std::vector<Face> faces;
  };
  struct Track {
    int number = 0;
    std::size_t last = 0;  // frame in which it was found last
  };
  const Face& LastOf(const Track& track) const;
  Frame& At(std::size_t index) { return frames_[index - first_]; }
  const Frame& At(std::size_t index) const { return frames_[index - first_]; }
  std::size_t count() const { return first_ + frames_.size(); }
  void Found(Track& track, FoundFace face);
  void Steady(Face& face, std::size_t index) const;

  const TrackOptions options_;
  std::deque<Frame> frames_;
  std::size_t first_ = 0;  // number of frames_[0]
  std::size_t given_ = 0;
  std::vector<Track> tracks_;  // that may go on
  int numbers_ = 0;
  bool finished_ = false;
};

}  // namespace vpr
