// VCTK: wav48/pNNN/pNNN_NNN.wav, and since 0.92 wav48_silence_trimmed/pNNN/pNNN_NNN_mic{1,2}.flac
// (and the speaker s5). The second microphone recorded the same utterances and is left out.
#include <algorithm>

#include "dataset/sources/sources.h"

namespace vpr {
namespace {

std::optional<std::string> SpeakerOfFile(const TreeFile& file) {
  std::string_view speaker = file.parent(0);
  bool named =
      speaker == "s5" || (speaker.size() == 4 && speaker[0] == 'p' && IsDigits(speaker.substr(1)));
  if (!named || !file.stem.starts_with(std::string(speaker) + "_")) return std::nullopt;
  return std::string(speaker);
}

std::vector<Utterance> List(const std::string& path, LeftOut* left_out) {
  std::vector<Utterance> utterances = ListTree(path, SpeakerOfFile, left_out);
  std::erase_if(utterances, [](const Utterance& utterance) {
    std::string_view key = utterance.key;
    return !utterance.speaker.empty() && key.substr(0, key.rfind('.')).ends_with("_mic2");
  });
  return utterances;
}

}  // namespace

extern const SourceLayout kVctk;
const SourceLayout kVctk = {
    "vctk", "VCTK: wav48*/pNNN/pNNN_NNN[_mic1].{wav,flac}; _mic2 is left out",
    [](const std::string& path) { return TreeMatches(path, SpeakerOfFile); }, List};

}  // namespace vpr
