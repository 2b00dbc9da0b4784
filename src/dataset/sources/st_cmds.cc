// ST-CMDS: one folder of files such as 20170001P00001A0001.wav. The first 15 characters are the
// speaker, the last four the utterance.
#include "dataset/sources/sources.h"

namespace vpr {
namespace {

std::optional<std::string> SpeakerOfFile(const TreeFile& file) {
  std::string_view stem = file.stem;
  bool named = stem.size() == 19 && IsDigits(stem.substr(0, 8)) && stem[8] == 'P' &&
               IsDigits(stem.substr(9, 5)) && stem[14] >= 'A' && stem[14] <= 'Z' &&
               IsDigits(stem.substr(15));
  if (!named) return std::nullopt;
  return std::string(stem.substr(0, 15));
}

}  // namespace

extern const SourceLayout kStCmds;
const SourceLayout kStCmds = {
    "st-cmds", "ST-CMDS: files such as 20170001P00001A0001.wav, first 15 characters: the speaker",
    [](const std::string& path) { return TreeMatches(path, SpeakerOfFile); },
    [](const std::string& path, LeftOut* left_out) {
      return ListTree(path, SpeakerOfFile, left_out);
    }};

}  // namespace vpr
