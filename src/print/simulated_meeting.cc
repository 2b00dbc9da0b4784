#include "vpr/print/simulated_meeting.h"

#include <nlohmann/json.hpp>

#include "vpr/base/text.h"
#include "vpr/print/json_line.h"

namespace vpr {

std::string ToRow(const WrittenMeeting& meeting) {
  return Format("%s\t%zu people\t%zu turns\n", Printable(meeting.wav).c_str(),
                meeting.people.size(), meeting.turns);
}

std::string ToJson(const WrittenMeeting& meeting) {
  return JsonLine({{"file", meeting.wav},
                   {"rttm", meeting.rttm},
                   {"people", meeting.people},
                   {"turns", meeting.turns}});
}

}  // namespace vpr
