#include "vpr/print/faces.h"

#include <nlohmann/json.hpp>

#include "vpr/base/text.h"
#include "vpr/print/json_line.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

unsigned long long Count(std::uint64_t value) { return value; }

}  // namespace

std::string ToText(const ExtractedFaces& faces) {
  const VideoInfo& info = faces.info;
  std::string text = Format("%s, %d x %d%s%s: %llu frames in %.2f s, %llu of them with faces\n",
                            Printable(info.format).c_str(), info.width, info.height,
                            info.turned == 0 ? "" : Format(", turned by %d", info.turned).c_str(),
                            info.mirrored ? ", mirrored" : "", Count(faces.frames), faces.seconds,
                            Count(faces.with_faces));
  for (const FollowedFace& face : faces.faces)
    text +=
        Format("face %-4d %8.2f to %8.2f s  %6llu frames, %llu of them found  %4.0f pixels\n",
               face.track, face.begin, face.end, Count(face.frames), Count(face.found), face.side);
  if (faces.faces.empty()) text += "no face was found\n";
  return text;
}

std::string ToJson(const ExtractedFaces& faces) {
  const VideoInfo& info = faces.info;
  Json all = Json::array();
  for (const FollowedFace& face : faces.faces)
    all.push_back({{"face", face.track},
                   {"begin", face.begin},
                   {"end", face.end},
                   {"frames", face.frames},
                   {"found", face.found},
                   {"pixels", face.side}});
  return JsonLine({{"file", faces.file},
                   {"format", info.format},
                   {"width", info.width},
                   {"height", info.height},
                   {"turned", info.turned},
                   {"mirrored", info.mirrored},
                   {"track", info.track},
                   {"video_tracks", info.tracks.size()},
                   {"frames", faces.frames},
                   {"frames_with_faces", faces.with_faces},
                   {"seconds", faces.seconds},
                   {"faces", all},
                   {"crops", faces.folder},
                   {"plot", faces.plot},
                   {"warnings", faces.warnings}});
}

}  // namespace vpr
