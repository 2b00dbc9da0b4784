// A line of what `vpr speakers export` writes.
#include "fuzz.h"
#include "vpr/store/json_lines.h"

FUZZ(bytes) { vpr::SpeakerToJson(vpr::SpeakerFromJson(bytes)); }
