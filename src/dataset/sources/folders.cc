// A folder per speaker, with recordings at any depth below it. A folder that holds recordings
// directly and has no folders with recordings is one speaker of that folder's name.
#include <algorithm>
#include <filesystem>

#include "dataset/sources/sources.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

std::optional<std::string> SpeakerOfFile(const TreeFile& file) {
  if (file.folders.empty()) return std::nullopt;
  return std::string(file.folders.front());
}

std::vector<Utterance> List(const std::string& path, LeftOut* left_out) {
  std::vector<Utterance> utterances = ListTree(path, SpeakerOfFile, left_out);
  if (std::all_of(utterances.begin(), utterances.end(),
                  [](const Utterance& utterance) { return utterance.speaker.empty(); })) {
    std::error_code error;
    std::filesystem::path folder = std::filesystem::canonical(path, error);
    for (Utterance& utterance : utterances)
      utterance.speaker = Printable(folder.filename().string());
  }
  return utterances;
}

}  // namespace

extern const SourceLayout kFolders;
const SourceLayout kFolders = {"folders", "a folder per speaker: SPEAKER/**/FILE",
                               [](const std::string& path) { return IsFolder(path); }, List};

}  // namespace vpr
