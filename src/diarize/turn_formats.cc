#include "vpr/diarize/turn_formats.h"

#include <cctype>
#include <cmath>
#include <filesystem>

#include "vpr/base/text.h"

namespace vpr {
namespace {

// 01:02:03,456
std::string Clock(double seconds, char point) {
  const long long ms = std::llround(seconds * 1000);
  return Format("%02lld:%02lld:%02lld%c%03lld", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
                point, ms % 1000);
}

}  // namespace

std::string WriteTurns(const Diarization& diarization, const std::string& recording,
                       TurnFormat format) {
  if (format == TurnFormat::kRttm) return ToRttm(diarization.ToAnnotation(recording));
  std::string text = format == TurnFormat::kVtt ? "WEBVTT\n\n" : "";
  std::size_t number = 0;
  for (const Diarization::Stretch& turn : diarization.turns) {
    const std::string name = Printable(diarization.speakers[turn.speaker].label);
    switch (format) {
      case TurnFormat::kSrt:
        text += Format("%zu\n%s --> %s\n%s\n\n", ++number, Clock(turn.begin, ',').c_str(),
                       Clock(turn.end, ',').c_str(), name.c_str());
        break;
      case TurnFormat::kVtt:
        text += Format("%s --> %s\n%s\n\n", Clock(turn.begin, '.').c_str(),
                       Clock(turn.end, '.').c_str(), name.c_str());
        break;
      case TurnFormat::kLabels:
        text += Format("%.6f\t%.6f\t%s\n", turn.begin, turn.end, name.c_str());
        break;
      default:
        text += Format("%.2f\t%.2f\t%s\n", turn.begin, turn.end, name.c_str());
    }
  }
  return text;
}

TurnFormat TurnFormatOf(const std::string& path) {
  std::string ending = std::filesystem::path(path).extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (ending == ".rttm") return TurnFormat::kRttm;
  if (ending == ".srt") return TurnFormat::kSrt;
  if (ending == ".vtt") return TurnFormat::kVtt;
  if (ending == ".labels") return TurnFormat::kLabels;
  return TurnFormat::kText;
}

std::string RecordingName(const std::string& path) {
  return path == "-" ? "stdin" : std::filesystem::path(path).stem().string();
}

}  // namespace vpr
