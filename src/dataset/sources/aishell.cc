// AISHELL-1: .../wav/{train,dev,test}/SNNNN/BAC009SNNNNWNNNN.wav, from any folder above SNNNN.
#include "dataset/sources/sources.h"

namespace vpr {
namespace {

std::optional<std::string> SpeakerOfFile(const TreeFile& file) {
  std::string_view speaker = file.parent(0);
  if (speaker.size() != 5 || speaker[0] != 'S' || !IsDigits(speaker.substr(1)) ||
      file.stem.find(std::string(speaker) + "W") == std::string_view::npos)
    return std::nullopt;
  return std::string(speaker);
}

}  // namespace

extern const SourceLayout kAishell;
const SourceLayout kAishell = {
    "aishell", "AISHELL-1: wav/{train,dev,test}/SNNNN/BAC009SNNNNWNNNN.wav",
    [](const std::string& path) { return TreeMatches(path, SpeakerOfFile); },
    [](const std::string& path, LeftOut* left_out) {
      return ListTree(path, SpeakerOfFile, left_out);
    }};

}  // namespace vpr
