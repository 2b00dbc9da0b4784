#include "vpr/report/meeting_picture.h"

#include "vpr/plot/plot.h"

namespace vpr {

std::string MeetingPicture(const Diarization& diarization) {
  std::vector<Lane> lanes;
  for (const DiarizedSpeaker& one : diarization.speakers) lanes.push_back({one.label, {}});
  for (const Diarization::Stretch& turn : diarization.turns)
    lanes[turn.speaker].turns.emplace_back(turn.begin, turn.end);
  const std::string& path = diarization.source;
  const std::string title = path == "-" ? "standard input" : path.substr(path.rfind('/') + 1);
  return PlotTimeline(title, lanes, diarization.seconds);
}

}  // namespace vpr
