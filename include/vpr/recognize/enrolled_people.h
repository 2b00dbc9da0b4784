// What is done to the enrolled people of a store: removed, moved to another store, checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/identify/stranger_shift.h"
#include "vpr/store/voice_store.h"

namespace vpr {

struct RemovalOutcome {
  std::vector<std::string> names;        // each once
  std::vector<std::int64_t> utterances;  // if only these of the one name were removed
  bool overwritten = false;              // VoiceStore::RemovedIsOverwritten
  bool on_server = false;                // IsOnServer
};
// Removes all of these people, or nobody; with `utterances` only these, of exactly one person.
// Throws kNotFound (FindSpeaker), kInvalidArgument, and what the store throws.
RemovalOutcome RemovePeople(VoiceStore& store, const std::vector<std::string>& names,
                            const std::vector<std::int64_t>& utterances = {});

// Everybody as JSON lines (SpeakerToJson) into a file that only its owner can read. Returns how
// many. Throws kIo, and what the store throws.
std::size_t ExportPeople(VoiceStore& store, bool with_audio, const std::string& file);
// What ExportPeople wrote; "-": on standard input. Throws what ReadFile throws, kCorrupt with the
// line.
std::vector<EnrolledSpeaker> ReadExportedPeople(const std::string& file);

struct ImportOutcome {
  std::size_t people = 0;      // in all
  VoiceStore::Imported added;  // of these, what was not there before
};
// VoiceStore::Import of these; throws kInterrupted, and then has changed nothing.
ImportOutcome ImportPeople(VoiceStore& store, std::vector<EnrolledSpeaker> people, bool merge,
                           Progress& progress, const StopRequested& stop);

struct StoreCheck {
  std::string db;  // VoiceStore::Describe
  std::size_t speakers = 0;
  bool encrypted = false;
  StrangerShift strangers;  // of nobody: not known
};
// Reads everything and checks it (VoiceStore::Check), then finds how alike the enrolled people are
// to a model, if there is one by that name (FindModel) and its score tells.
StoreCheck CheckStore(VoiceStore& store, const std::string& model, Progress& progress);

}  // namespace vpr
