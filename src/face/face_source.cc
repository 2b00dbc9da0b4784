#include "vpr/face/face_source.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <utility>

#include "base/open_module.h"
#include "face/face_engine.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr const char* kDebiansLandmarks = "/usr/share/dlib/shape_predictor_68_face_landmarks.dat";
constexpr double kShareOfSide = 0.25;
constexpr double kMostPixels = 16e6;  // of a frame as it is looked through

std::unique_ptr<FaceEngine> OpenEngine(const FaceOptions& options) {
  std::string file;
  if (options.landmarks) {
    file = options.landmark_file.empty() ? kDebiansLandmarks : options.landmark_file;
    if (!IsRegularFile(file))
      throw Error(ErrorCode::kNotFound,
                  "cannot find the landmarks of faces '" + Printable(file) +
                      "'; install the package libdlib-data, or name the file with --landmarks");
  }
  std::string missing, reason;
  auto* const open = reinterpret_cast<FaceEngineOpener*>(
      OpenOptionalModule(kFaceModule, kFaceEntry, "libdlib-dev", missing));
  if (open == nullptr)
    throw Error(ErrorCode::kNotFound, "cannot look for faces, since dlib is missing: " + missing);
  std::unique_ptr<FaceEngine> engine(open(file, reason));
  if (engine == nullptr)
    throw Error(ErrorCode::kCorrupt, "cannot read the landmarks of faces '" + Printable(file) +
                                         "': " + Printable(reason));
  return engine;
}

}  // namespace

struct FaceFinder::Impl {
  FaceOptions options;
  std::unique_ptr<FaceEngine> engine;

  // Of pictures of this size, when faces are looked for.
  double ScaleFor(int width, int height) const {
    const int shorter = std::min(width, height);
    const double least = options.least_side > 0 ? options.least_side : kShareOfSide * shorter;
    const double scale = kFaceWindow / least;
    if (scale * width * scale * height > kMostPixels)
      throw Error(ErrorCode::kInvalidArgument,
                  Format("cannot look for faces of %g pixels in frames of %d x %d: expected at "
                         "least %d",
                         least, width, height,
                         static_cast<int>(std::ceil(
                             kFaceWindow * std::sqrt(1.0 * width * height / kMostPixels)))));
    return scale;
  }
};

FaceFinder::FaceFinder(const FaceOptions& options)
    : impl_(std::make_unique<Impl>(Impl{options, OpenEngine(options)})) {}
FaceFinder::~FaceFinder() = default;
FaceFinder::FaceFinder(FaceFinder&&) noexcept = default;
FaceFinder& FaceFinder::operator=(FaceFinder&&) noexcept = default;

void FaceFinder::Check(int width, int height) const { impl_->ScaleFor(width, height); }

std::vector<FoundFace> FaceFinder::Find(const Image& picture) const {
  const Image grey = ToGrey(picture);
  const double scale = impl_->ScaleFor(grey.width, grey.height);
  const auto size = [&](int side) {
    return std::max(1, static_cast<int>(std::lround(side * scale)));
  };
  const Image looked = Resize(grey, size(grey.width), size(grey.height));
  const double across = static_cast<double>(grey.width) / looked.width;
  const double down = static_cast<double>(grey.height) / looked.height;
  std::vector<FoundFace> found = impl_->engine->Find(looked, impl_->options.least_score);
  for (FoundFace& face : found) {
    face.box = {face.box.left * across, face.box.top * down, face.box.width * across,
                face.box.height * down};
    if (impl_->options.landmarks) face.points = impl_->engine->Points(grey, face.box);
  }
  return found;
}

struct FaceSource::Impl {
  VideoSource video;
  FaceFinder finder;
  FaceTracker tracker;
  std::deque<VideoFrame> frames;  // whose faces are not complete
  bool ended = false;

  Impl(VideoSource source, const FaceOptions& wanted)
      : video(std::move(source)), finder(wanted), tracker(wanted.track) {
    finder.Check(video.info().width, video.info().height);
  }
};

FaceSource::FaceSource(VideoSource video, const FaceOptions& options)
    : impl_(std::make_unique<Impl>(std::move(video), options)) {}
FaceSource::~FaceSource() = default;
FaceSource::FaceSource(FaceSource&&) noexcept = default;
FaceSource& FaceSource::operator=(FaceSource&&) noexcept = default;

const VideoSource& FaceSource::video() const { return impl_->video; }

bool FaceSource::Next(FacesOfFrame& result) {
  while (!impl_->tracker.Next(result.faces)) {
    if (impl_->ended) return false;
    VideoFrame frame;
    if (impl_->video.Next(frame)) {
      impl_->tracker.Add(frame.seconds, impl_->finder.Find(frame.picture));
      impl_->frames.push_back(std::move(frame));
    } else {
      impl_->ended = true;
      impl_->tracker.Finish();
    }
  }
  result.frame = std::move(impl_->frames.front());
  impl_->frames.pop_front();
  return true;
}

}  // namespace vpr
