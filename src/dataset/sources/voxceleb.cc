// VoxCeleb 1 and 2: .../idNNNNN/VIDEO/NNNNN.wav or .m4a.
#include "dataset/sources/sources.h"

namespace vpr {
namespace {

std::optional<std::string> SpeakerOfFile(const TreeFile& file) {
  std::string_view speaker = file.parent(1);
  if (speaker.size() != 7 || !speaker.starts_with("id") || !IsDigits(speaker.substr(2)))
    return std::nullopt;
  return std::string(speaker);
}

}  // namespace

extern const SourceLayout kVoxCeleb;
const SourceLayout kVoxCeleb = {
    "voxceleb", "VoxCeleb: idNNNNN/VIDEO/NNNNN.wav",
    [](const std::string& path) { return TreeMatches(path, SpeakerOfFile); },
    [](const std::string& path, LeftOut* left_out) {
      return ListTree(path, SpeakerOfFile, left_out);
    }};

}  // namespace vpr
