// Enrolled speakers as JSON lines, to be kept elsewhere or moved to another store.
#pragma once

#include <string>
#include <string_view>

#include "vpr/store/voice_store.h"

namespace vpr {

// {"name", "note", "enrolled_at", and, if known, "consent", "consented_at", "forget_at";
// "utterances": [{"source", "enrolled_at", "network",
// "speech_seconds", "snr_db", "embedding": [...], "audio": base64 of FLAC, if kept}]}, one line.
std::string SpeakerToJson(const EnrolledSpeaker& speaker);

// One of "utterances" alone; the second throws kCorrupt.
std::string UtteranceToJson(const EnrolledUtterance& utterance);
EnrolledUtterance UtteranceFromJson(std::string_view text);

// Throws kCorrupt with what is wrong.
EnrolledSpeaker SpeakerFromJson(std::string_view line);

}  // namespace vpr
