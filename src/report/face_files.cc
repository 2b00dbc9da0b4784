#include "vpr/report/face_files.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/face/align.h"
#include "vpr/face/sheet.h"
#include "vpr/report/recording_picture.h"

namespace vpr {
namespace {

bool Aligned(const FaceJob& job) { return job.align || job.mouths; }

FaceSource OpenFaces(const FaceJob& job, const StopRequested& stop) {
  FaceOptions options = job.faces;
  options.landmarks = options.landmarks || Aligned(job);
  if (job.camera.empty()) return FaceSource(VideoSource(job.file, job.video), options);
  return FaceSource(VideoSource::FromCamera(job.camera, job.video, stop), options);
}

void CheckFolder(const std::string& folder) {
  std::error_code error;
  if (std::filesystem::exists(folder, error) && !std::filesystem::is_empty(folder, error))
    throw Error(ErrorCode::kInvalidArgument,
                "cannot write faces to '" + Printable(folder) +
                    "': it is there already; expected a new or an empty folder");
}

// The crops and the table.
class FaceFolder {
 public:
  FaceFolder(const FaceJob& job, bool points)
      : job_(job), table_(job.folder + "/faces.csv"), points_(points) {
    std::string head = "frame,seconds,face,found,score,left,top,width,height";
    if (points_) head += ",mouth_opening";
    for (std::size_t i = 0; points_ && i < kFacePoints; ++i) head += Format(",x%zu,y%zu", i, i);
    table_.Write(head + "\n");
  }

  void Add(std::uint64_t number, const VideoFrame& frame, const Face& face, const Image& crop) {
    const std::string folder = Format("%s/face-%d", job_.folder.c_str(), face.track);
    MakeFolders(folder);
    const std::string path = folder + Format("/%06llu", static_cast<unsigned long long>(number));
    WriteFileAtomically(path + ".png", EncodePng(crop));
    if (job_.mouths)
      WriteFileAtomically(path + "-mouth.png",
                          EncodePng(ToGrey(Warp(frame.picture, MouthCrop(face.steady_points),
                                                kMouthSide, kMouthSide))));
    const FaceBox& box = face.box;
    std::string row =
        Format("%llu,%.4f,%d,%d,%s,%.1f,%.1f,%.1f,%.1f", static_cast<unsigned long long>(number),
               frame.seconds, face.track, face.found ? 1 : 0,
               face.found ? Format("%.3f", face.score).c_str() : "", box.left, box.top, box.width,
               box.height);
    if (points_) row += Format(",%.3f", MouthOpening(face.points));
    if (points_)
      for (const FacePoint& point : face.points) row += Format(",%.1f,%.1f", point.x, point.y);
    table_.Write(row + "\n");
  }

  void Commit() { table_.Commit(); }

 private:
  const FaceJob& job_;
  AtomicFile table_;
  const bool points_;
};

}  // namespace

ExtractedFaces WriteFaces(const FaceJob& job, Progress& progress, const StopRequested& stop) {
  if (!job.folder.empty()) CheckFolder(job.folder);
  FaceSource source = OpenFaces(job, stop);
  const bool points = Aligned(job) || job.faces.landmarks;
  std::optional<FaceFolder> folder;
  if (!job.folder.empty()) {
    MakeFolders(job.folder);
    folder.emplace(job, points);
  }
  ExtractedFaces result;
  result.file = job.camera.empty() ? job.file : job.camera;
  result.info = source.video().info();
  std::map<int, FollowedFace> followed;
  FaceSheet sheet;
  const double length = job.seconds > 0 ? job.seconds : result.info.seconds;
  progress.Start("faces", "frame",
                 static_cast<std::uint64_t>(length * result.info.frames_per_second));
  FacesOfFrame here;
  while (source.Next(here)) {
    if (job.seconds > 0 && here.frame.seconds >= job.seconds) break;
    if (stop && stop()) {
      if (!job.camera.empty()) break;
      throw Error(ErrorCode::kInterrupted, "stopped; what was written of the faces is not all");
    }
    for (const Face& face : here.faces) {
      FollowedFace& one = followed.try_emplace(face.track).first->second;
      if (one.frames++ == 0) one.begin = here.frame.seconds;
      one.track = face.track;
      one.end = here.frame.seconds;
      one.found += face.found ? 1 : 0;
      one.side += face.box.height;
      if (!folder && job.plot.empty()) continue;
      const Image crop =
          Warp(here.frame.picture,
               Aligned(job) ? AlignedCrop(face.steady_points) : BoxCrop(face.steady_box), kFaceSide,
               kFaceSide);
      if (!job.plot.empty()) sheet.Add(face.track, here.frame.seconds, crop);
      if (folder) folder->Add(result.frames, here.frame, face, crop);
    }
    result.with_faces += here.faces.empty() ? 0 : 1;
    result.seconds = here.frame.seconds;
    progress.Update(++result.frames);
  }
  progress.Finish();
  for (auto& [track, face] : followed) {
    face.side /= static_cast<double>(face.frames);
    result.faces.push_back(face);
  }
  if (folder) folder->Commit();
  result.folder = job.folder;
  result.warnings = source.video().warnings();
  if (!job.plot.empty() && followed.empty())
    result.warnings.push_back("no face was found, so no picture is drawn");
  else if (!job.plot.empty())
    WriteFileAtomically(result.plot = job.plot, EncodePng(sheet.Draw()));
  for (const std::string& warning : result.warnings)
    progress.Warn("'" + Printable(RecordingTitle(result.file)) + "': " + warning);
  return result;
}

}  // namespace vpr
