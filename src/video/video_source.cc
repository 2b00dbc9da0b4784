#include "vpr/video/video_source.h"

#include <algorithm>
#include <utility>

#include "audio/container.h"
#include "audio/media_container.h"
#include "base/open_module.h"
#include "video/frame_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

std::string Failed(const std::string& name) {
  return "cannot read video '" + Printable(name) + "': ";
}

// Throws where the file ends before what it announces.
void CheckWhole(const ByteSource& bytes, const std::string& name,
                std::vector<std::string>& warnings) {
  if (bytes.size() == 0)
    throw Error(ErrorCode::kCorrupt, Failed(name) + "the file is empty (0 bytes)");
  ByteView view(bytes);
  const std::optional<AudioPart> part = CheckMediaContainer(view, warnings);
  if (part &&
      (part->state == AudioPart::State::kTruncated || part->state == AudioPart::State::kHeaderOnly))
    throw Error(ErrorCode::kCorrupt, Failed(name) + "truncated: " + part->detail);
}

std::string WhyNot(const ByteSource& bytes, const MediaRefusal& refusal,
                   const std::string& missing) {
  const KnownFormat format = RecogniseFormat(bytes);
  if (format.playlist)
    return "it is " + format.name + ", and what it names is not opened; give the video itself";
  if (!missing.empty()) return "FFmpeg's libraries are missing, which decode videos: " + missing;
  if (refusal.known) return "it is " + refusal.format + ", but " + refusal.reason;
  return "it is " + (format.name.empty() ? "no known format" : format.name) +
         "; expected a video (MP4, MOV, WebM, MKV, AVI, ...) or a picture (JPEG, PNG, WebP, BMP)";
}

}  // namespace

struct VideoSource::Impl {
  std::string name;
  VideoOptions options;
  std::unique_ptr<ByteSource> bytes;  // outlives the reader; null for a camera
  std::unique_ptr<FrameReader> reader;
  std::vector<std::string> warnings;  // of the container

  [[noreturn]] void Refuse(const MediaRefusal& refusal, const std::string& missing) const {
    if (refusal.track_missing)
      throw Error(
          ErrorCode::kInvalidArgument,
          Format("cannot take video track %d of '%s': ", options.track, Printable(name).c_str()) +
              refusal.reason);
    throw Error(ErrorCode::kCorrupt, Failed(name) + WhyNot(*bytes, refusal, missing));
  }
};

VideoSource::VideoSource(const std::string& path, const VideoOptions& options)
    : impl_(std::make_unique<Impl>()) {
  impl_->name = path == "-" ? "standard input" : path;
  impl_->options = options;
  bool streamed = false;
  impl_->bytes = OpenBytes(path, options.max_bytes, &streamed);
  if (impl_->bytes->size() > options.max_bytes)
    throw Error(ErrorCode::kUnusable,
                Failed(impl_->name) + Format("it has %llu bytes, more than the %llu allowed",
                                             static_cast<unsigned long long>(impl_->bytes->size()),
                                             static_cast<unsigned long long>(options.max_bytes)));
  CheckWhole(*impl_->bytes, impl_->name, impl_->warnings);
  MediaRefusal refusal;
  std::string missing;
  auto* const open = reinterpret_cast<VideoOpener*>(
      OpenOptionalModule(kMediaModule, kVideoEntry, kMediaPackages, missing));
  if (open != nullptr) impl_->reader.reset(open(*impl_->bytes, options, refusal));
  if (impl_->reader == nullptr) impl_->Refuse(refusal, missing);
}

VideoSource::VideoSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

VideoSource VideoSource::FromCamera(const std::string& camera, const VideoOptions& options,
                                    std::function<bool()> stop) {
  auto impl = std::make_unique<Impl>();
  impl->name = camera;
  impl->options = options;
  const std::string kind = camera.substr(0, camera.find(':'));
  const bool known = kind == "v4l2" || kind == "x11grab" || kind == "lavfi";
  if (!known || kind.size() + 1 >= camera.size())
    throw Error(ErrorCode::kInvalidArgument,
                "cannot open camera '" + Printable(camera) +
                    "': expected v4l2:/dev/video0, x11grab::0 or lavfi:GRAPH");
  MediaRefusal refusal;
  std::string missing;
  auto* const open = reinterpret_cast<CameraOpener*>(
      OpenOptionalModule(kCameraModule, kCameraEntry, "libavdevice-dev", missing));
  if (open != nullptr) impl->reader.reset(open(camera, options, std::move(stop), refusal));
  if (impl->reader == nullptr)
    throw Error(ErrorCode::kDevice,
                "cannot open camera '" + Printable(camera) + "': " +
                    (missing.empty() ? Printable(refusal.reason)
                                     : "FFmpeg's devices are missing: " + missing));
  return VideoSource(std::move(impl));
}

VideoSource::~VideoSource() = default;
VideoSource::VideoSource(VideoSource&&) noexcept = default;
VideoSource& VideoSource::operator=(VideoSource&&) noexcept = default;

const std::string& VideoSource::name() const { return impl_->name; }
const VideoInfo& VideoSource::info() const { return impl_->reader->info(); }

bool VideoSource::Next(VideoFrame& frame) {
  FrameReader& reader = *impl_->reader;
  if (reader.Next(frame)) {
    if (impl_->bytes == nullptr || frame.seconds <= impl_->options.max_seconds) return true;
    throw Error(ErrorCode::kUnusable,
                Failed(impl_->name) +
                    Format("it is longer than the %g s allowed", impl_->options.max_seconds));
  }
  if (const std::string failure = reader.read_failure(); !failure.empty())
    throw Error(ErrorCode::kIo, failure);
  if (const std::string error = reader.error(); !error.empty())
    throw Error(impl_->bytes == nullptr ? ErrorCode::kDevice : ErrorCode::kCorrupt,
                Failed(impl_->name) + error);
  return false;
}

double VideoSource::share() const {
  if (impl_->bytes == nullptr) return 0;
  return std::min(1.0, static_cast<double>(impl_->reader->position()) /
                           static_cast<double>(impl_->bytes->size()));
}

std::vector<std::string> VideoSource::warnings() const {
  std::vector<std::string> all = impl_->warnings;
  for (std::string& warning : impl_->reader->warnings()) all.push_back(std::move(warning));
  return all;
}

}  // namespace vpr
