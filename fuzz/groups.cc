// Groups of voices, and what is made of them.
#include "fuzz.h"
#include "vpr/recognize/voice_groups.h"

FUZZ(bytes) {
  const vpr::VoiceGroups groups = vpr::VoiceGroups::FromText(bytes, "input");
  for (const vpr::VoicesGroup& group : groups.Groups(vpr::Scorer())) {
    vpr::AsOneRecording(groups, group);
    vpr::AsRecordings(groups, group);
  }
}
