#include "vpr/face/track.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "vpr/base/error.h"

namespace vpr {
namespace {

constexpr double kLeastOverlap = 0.3;
// Where nothing overlaps: centres apart by so much of the larger side, sides alike by that factor.
constexpr double kMostShift = 0.75, kMostGrowth = 1.5;

FaceBox Between(const FaceBox& a, const FaceBox& b, double share) {
  const auto mix = [&](double x, double y) { return x + share * (y - x); };
  return {mix(a.left, b.left), mix(a.top, b.top), mix(a.width, b.width), mix(a.height, b.height)};
}

std::vector<FacePoint> Between(const std::vector<FacePoint>& a, const std::vector<FacePoint>& b,
                               double share) {
  std::vector<FacePoint> points;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    points.push_back({a[i].x + share * (b[i].x - a[i].x), a[i].y + share * (b[i].y - a[i].y)});
  return points;
}

// How badly two boxes match as one face that moved; nothing where it cannot be one.
bool Matches(const FaceBox& a, const FaceBox& b, double& cost) {
  if (const double overlap = Overlap(a, b); overlap >= kLeastOverlap) {
    cost = 1 - overlap;
    return true;
  }
  const double side = std::max(a.width, b.width), growth = side / std::min(a.width, b.width);
  const double shift = std::hypot(a.left + a.width / 2 - b.left - b.width / 2,
                                  a.top + a.height / 2 - b.top - b.height / 2);
  cost = 1 + shift / side;  // after all that overlap
  return shift <= kMostShift * side && growth <= kMostGrowth;
}

}  // namespace

double Overlap(const FaceBox& a, const FaceBox& b) {
  const double width = std::min(a.left + a.width, b.left + b.width) - std::max(a.left, b.left);
  const double height = std::min(a.top + a.height, b.top + b.height) - std::max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const double both = width * height;
  return both / (a.width * a.height + b.width * b.height - both);
}

const Face& FaceTracker::LastOf(const Track& track) const {
  const std::vector<Face>& faces = At(track.last).faces;
  const auto found = std::find_if(faces.begin(), faces.end(),
                                  [&](const Face& face) { return face.track == track.number; });
  VPR_CHECK(found != faces.end());
  return *found;
}

void FaceTracker::Add(double seconds, std::vector<FoundFace> found) {
  const std::size_t now = count();
  frames_.push_back({seconds, {}});
  std::erase_if(tracks_, [&](const Track& track) {
    const auto missed = static_cast<double>(now - track.last - 1);
    return missed > options_.most_gap_frames ||
           (missed > 0 && seconds - At(track.last).seconds > options_.most_gap);
  });

  std::vector<std::tuple<double, std::size_t, std::size_t>> pairs;  // cost, track, face
  for (std::size_t t = 0; t < tracks_.size(); ++t)
    for (std::size_t f = 0; f < found.size(); ++f)
      if (double cost = 0; Matches(LastOf(tracks_[t]).box, found[f].box, cost))
        pairs.emplace_back(cost, t, f);
  std::sort(pairs.begin(), pairs.end());
  std::vector<bool> followed(tracks_.size()), taken(found.size());
  for (const auto& [cost, t, f] : pairs) {
    if (followed[t] || taken[f]) continue;
    followed[t] = taken[f] = true;
    Found(tracks_[t], std::move(found[f]));
  }
  for (std::size_t f = 0; f < found.size(); ++f) {
    if (taken[f]) continue;
    tracks_.push_back({++numbers_, now});
    Found(tracks_.back(), std::move(found[f]));
  }
}

// Puts the face into the newest frame, and into those since it was found last.
void FaceTracker::Found(Track& track, FoundFace face) {
  const std::size_t now = count() - 1;
  if (now > track.last + 1) {
    const Face before = LastOf(track);
    const double begin = At(track.last).seconds, length = At(now).seconds - begin;
    for (std::size_t i = track.last + 1; i < now; ++i) {
      const double share = (At(i).seconds - begin) / length;
      Face between;
      between.track = track.number;
      between.found = false;
      between.box = Between(before.box, face.box, share);
      between.points = Between(before.points, face.points, share);
      At(i).faces.push_back(std::move(between));
    }
  }
  track.last = now;
  Face here;
  static_cast<FoundFace&>(here) = std::move(face);
  here.track = track.number;
  At(now).faces.push_back(std::move(here));
}

// Of the frames about this one those that have the face too.
void FaceTracker::Steady(Face& face, std::size_t index) const {
  const auto frames = static_cast<std::size_t>(std::max(options_.steady_frames, 1));
  const std::size_t before = frames / 2, begin = index - std::min(index - first_, before);
  const std::size_t end = std::min(count(), index + frames - before);
  FaceBox& box = face.steady_box;
  box = {};
  face.steady_points.assign(face.points.size(), {});
  double sum = 0;
  for (std::size_t i = begin; i < end; ++i)
    for (const Face& other : At(i).faces) {
      if (other.track != face.track || other.points.size() != face.points.size()) continue;
      sum += 1;
      box.left += other.box.left, box.top += other.box.top;
      box.width += other.box.width, box.height += other.box.height;
      for (std::size_t p = 0; p < face.points.size(); ++p) {
        face.steady_points[p].x += other.points[p].x;
        face.steady_points[p].y += other.points[p].y;
      }
    }
  for (double* const value : {&box.left, &box.top, &box.width, &box.height}) *value /= sum;
  for (FacePoint& point : face.steady_points) point.x /= sum, point.y /= sum;
}

bool FaceTracker::Next(std::vector<Face>& faces) {
  const auto frames = static_cast<std::size_t>(std::max(options_.steady_frames, 1));
  const std::size_t before = frames / 2, after = frames - before - 1;
  if (given_ == count()) return false;
  if (!finished_) {
    if (given_ + after >= count()) return false;
    // A face that is being missed may be found again: then it is in these frames as well.
    for (const Track& track : tracks_)
      if (track.last < given_ + after && track.last + 1 < count() && options_.most_gap > 0)
        return false;
  }
  faces = At(given_).faces;
  std::sort(faces.begin(), faces.end(),
            [](const Face& a, const Face& b) { return a.track < b.track; });
  for (Face& face : faces) Steady(face, given_);
  ++given_;
  // What is behind is kept for the means, and where a track was found last.
  std::size_t needed = given_ - std::min(given_, before);
  for (const Track& track : tracks_) needed = std::min(needed, track.last);
  for (; first_ < needed; ++first_) frames_.pop_front();
  return true;
}

}  // namespace vpr
