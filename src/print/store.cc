#include "vpr/print/store.h"

#include <nlohmann/json.hpp>

#include "vpr/base/text.h"
#include "vpr/print/json_line.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

const char* Plural(std::size_t count) { return count == 1 ? "" : "s"; }

}  // namespace

std::string ToText(const RemovalOutcome& outcome) {
  const char* const how =
      outcome.overwritten ? "removed and overwritten"
      : outcome.on_server ? "removed"
                          : "removed; overwritten as soon as no other program is using the store";
  std::string text;
  if (outcome.utterances.empty())
    for (const std::string& name : outcome.names) text += name + ": " + how + "\n";
  for (std::int64_t id : outcome.utterances)
    text += Format("%s: utterance %lld %s\n", outcome.names[0].c_str(), static_cast<long long>(id),
                   how);
  return text;
}

std::string ToJson(const RemovalOutcome& outcome) {
  std::string text;
  if (outcome.utterances.empty())
    for (const std::string& name : outcome.names)
      text += JsonLine({{"name", name}, {"removed", true}, {"overwritten", outcome.overwritten}});
  for (std::int64_t id : outcome.utterances)
    text += JsonLine({{"name", outcome.names[0]},
                      {"utterance", id},
                      {"removed", true},
                      {"overwritten", outcome.overwritten}});
  return text;
}

std::string ToText(const ImportOutcome& outcome) {
  const auto& [people, utterances] = outcome.added;
  return Format("%zu speaker%s imported: %zu new, %zu utterance%s that %s not there before\n",
                outcome.people, Plural(outcome.people), people, utterances, Plural(utterances),
                utterances == 1 ? "was" : "were");
}

std::string ToJson(const ImportOutcome& outcome) {
  return JsonLine({{"imported", outcome.people},
                   {"new_speakers", outcome.added.people},
                   {"new_utterances", outcome.added.utterances}});
}

std::string ToText(const StoreCheck& check) {
  std::string text =
      Format("%s: sound, %zu speaker%s, %s\n", Printable(check.db).c_str(), check.speakers,
             Plural(check.speakers), check.encrypted ? "encrypted" : "not encrypted");
  if (check.strangers.people > 0)
    text += Format(
        "strangers: two of %zu people score %.2f (the model expects %.2f); thresholds are "
        "raised by %.2f\n",
        check.strangers.people, check.strangers.usual, check.strangers.expected,
        check.strangers.shift);
  return text;
}

std::string ToJson(const StoreCheck& check) {
  Json json = {{"db", check.db},
               {"sound", true},
               {"speakers", check.speakers},
               {"encrypted", check.encrypted},
               {"strangers", nullptr}};
  if (check.strangers.people > 0)
    json["strangers"] = {{"people", check.strangers.people},
                         {"usual_score", check.strangers.usual},
                         {"expected_score", check.strangers.expected},
                         {"threshold_shift", check.strangers.shift}};
  return JsonLine(json);
}

std::string ToText(const KeyChange& change) {
  const char* what = "the key was changed";
  if (change.kind == KeyChange::Kind::kEncrypted)
    what = "encrypted; without the key nothing in it can be read";
  if (change.kind == KeyChange::Kind::kDecrypted) what = "not encrypted any more";
  return Printable(change.db) + ": " + what + "\n";
}

std::string ToJson(const KeyChange& change) {
  return JsonLine(
      {{"db", change.db}, {"encrypted", change.encrypted}, {"overwritten", change.overwritten}});
}

std::vector<std::string> Warnings(const KeyChange& change) {
  if (change.overwritten || change.kind == KeyChange::Kind::kDecrypted) return {};
  return {std::string(change.kind == KeyChange::Kind::kEncrypted ? "what it held in clear"
                                                                 : "what the old key opens") +
          " may still be found on the disk: " +
          (change.on_server
               ? "PostgreSQL frees it but does not overwrite it, and keeps a log"
               : "another program is using the store; it is overwritten when vpr next opens "
                 "it alone")};
}

std::string PlaceText(const std::string& db) { return db + "\n"; }
std::string PlaceJson(const std::string& db) { return JsonLine({{"db", db}}); }

std::string ExportText(const std::string& file, std::size_t speakers) {
  return Format("%s: %zu speaker%s\n", Printable(file).c_str(), speakers, Plural(speakers));
}
std::string ExportJson(const std::string& file, std::size_t speakers) {
  return JsonLine({{"file", file}, {"speakers", speakers}});
}

std::string RenamedText(const std::string& from, const std::string& to) {
  return from + " is now " + to + "\n";
}
std::string RenamedJson(const std::string& from, const std::string& to) {
  return JsonLine({{"name", to}, {"was", from}});
}

std::string NotedText(const std::string& name) { return name + ": noted\n"; }
std::string NotedJson(const std::string& name, const std::string& note) {
  return JsonLine({{"name", name}, {"note", note}});
}

std::string ForgottenText(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += name + ": forgotten\n";
  return names.empty() ? "nobody is due to be forgotten\n" : text;
}
std::string ForgottenJson(const std::vector<std::string>& names, VoiceStore& store) {
  return JsonLine({{"db", store.Describe()},
                   {"forgotten", names},
                   {"overwritten", store.RemovedIsOverwritten()}});
}

}  // namespace vpr
