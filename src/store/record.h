// Speakers and utterances as bytes (CBOR), the same in every kind of store.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "vpr/store/voice_store.h"

namespace vpr {

// What EnrolledUtterance has of SpeechConditions, by its name in records and exports; those that
// are not known are left out of both.
inline constexpr std::pair<const char*, double EnrolledUtterance::*> kConditionFields[] = {
    {"high_band_db", &EnrolledUtterance::high_band_db},
    {"dynamics_db", &EnrolledUtterance::dynamics_db},
    {"clipped", &EnrolledUtterance::clipped}};

// All of a speaker but id and utterances.
std::string EncodeSpeaker(const EnrolledSpeaker& speaker);
EnrolledSpeaker DecodeSpeaker(std::string_view bytes);  // throws kCorrupt

// All of an utterance but id and audio.
std::string EncodeUtterance(const EnrolledUtterance& utterance);
EnrolledUtterance DecodeUtterance(std::string_view bytes);  // throws kCorrupt

// What records are sealed for (Vault).
std::string SpeakerPlace(std::int64_t id);
std::string UtterancePlace(std::int64_t id, std::int64_t speaker);
std::string TemplatePlace(std::int64_t block, std::int64_t speakers);
std::string AudioPlace(std::int64_t utterance);

}  // namespace vpr
