// LibriSpeech and LibriTTS: [SPLIT/]SPEAKER/CHAPTER/SPEAKER-CHAPTER-NNNN.flac (LibriTTS: _ for -),
// transcripts beside them.
#include "dataset/sources/sources.h"

namespace vpr {
namespace {

std::optional<std::string> SpeakerOfFile(const TreeFile& file) {
  std::string_view speaker = file.parent(1), chapter = file.parent(0);
  if (!IsDigits(speaker) || !IsDigits(chapter)) return std::nullopt;
  for (const char* separator : {"-", "_"}) {
    std::string start = std::string(speaker) + separator + std::string(chapter) + separator;
    if (file.stem.starts_with(start)) return std::string(speaker);
  }
  return std::nullopt;
}

}  // namespace

extern const SourceLayout kLibriSpeech;
const SourceLayout kLibriSpeech = {
    "librispeech", "LibriSpeech: SPEAKER/CHAPTER/SPEAKER-CHAPTER-NNNN.flac",
    [](const std::string& path) { return TreeMatches(path, SpeakerOfFile); },
    [](const std::string& path, LeftOut* left_out) {
      return ListTree(path, SpeakerOfFile, left_out);
    }};

}  // namespace vpr
