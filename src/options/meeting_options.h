// What the commands share that find out who speaks when.
#pragma once

#include "options/declare.h"
#include "vpr/recognize/meeting.h"

namespace vpr::cli {

// Declares --speakers, --min, --max, --join-from and --fpir.
void AddMeetingOptions(const Declare& add, MeetingRequest& request);
// Throws CLI::ValidationError of `command` for --min and --max that contradict each other.
void CheckMeetingOptions(const char* command, const MeetingRequest& request);

}  // namespace vpr::cli
