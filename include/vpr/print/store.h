// What was done to a store and to who is in it, as words and as JSON (docs/json.md).
#pragma once

#include <string>
#include <vector>

#include "vpr/recognize/enrolled_people.h"
#include "vpr/store/open_store.h"

namespace vpr {

std::string ToText(const RemovalOutcome& outcome);
std::string ToJson(const RemovalOutcome& outcome);
std::string ToText(const ImportOutcome& outcome);
std::string ToJson(const ImportOutcome& outcome);
std::string ToText(const StoreCheck& check);
std::string ToJson(const StoreCheck& check);
std::string ToText(const KeyChange& change);
std::string ToJson(const KeyChange& change);
// What may be left on the disk.
std::vector<std::string> Warnings(const KeyChange& change);

// Of a store's place, of an export, of a new name, of a note, of those who were forgotten.
std::string PlaceText(const std::string& db);
std::string PlaceJson(const std::string& db);
std::string ExportText(const std::string& file, std::size_t speakers);
std::string ExportJson(const std::string& file, std::size_t speakers);
std::string RenamedText(const std::string& from, const std::string& to);
std::string RenamedJson(const std::string& from, const std::string& to);
std::string NotedText(const std::string& name);
std::string NotedJson(const std::string& name, const std::string& note);
std::string ForgottenText(const std::vector<std::string>& names);
std::string ForgottenJson(const std::vector<std::string>& names, VoiceStore& store);

}  // namespace vpr
