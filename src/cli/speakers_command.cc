// vpr speakers: who is enrolled.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/embedding_run.h"
#include "cli/voices.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/print/outcomes.h"
#include "vpr/print/speakers.h"
#include "vpr/recognize/recognizer.h"
#include "vpr/store/json_lines.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string name, other, text, file = "-", forget_after;
  std::optional<std::string> consent;
  std::vector<std::string> names;
  std::vector<std::int64_t> utterances;
  bool json = false, merge = false, with_audio = false;
  StoreArguments store;
  NetworkOptions network;
  QualityLimits limits;
};

int List(const Options& options, const Context&) {
  const auto store = OpenStore(options.store);
  store->ForEach(false, [&](EnrolledSpeaker&& speaker) {
    Print(options.json ? SummaryJson(speaker) : ToRow(speaker));
  });
  return kExitDone;
}

int Show(const Options& options, const Context&) {
  const auto store = OpenStore(options.store);
  const EnrolledSpeaker speaker = FindSpeaker(*store, options.name);
  Print(options.json ? ToJson(speaker) : ToText(speaker));
  return kExitDone;
}

int Rename(const Options& options, const Context&) {
  const auto store = OpenStore(options.store);
  FindSpeaker(*store, options.name);
  store->Rename(options.name, options.other);
  if (options.json)
    PrintJson({{"name", options.other}, {"was", options.name}});
  else
    Print(options.name + " is now " + options.other + "\n");
  return kExitDone;
}

int Note(const Options& options, const Context&) {
  const auto store = OpenStore(options.store);
  FindSpeaker(*store, options.name);
  store->SetNote(options.name, options.text);
  if (options.json)
    PrintJson({{"name", options.name}, {"note", options.text}});
  else
    Print(options.name + ": noted\n");
  return kExitDone;
}

int Keep(const Options& options, const Context&) {
  if (!options.consent && options.forget_after.empty())
    throw Error(ErrorCode::kInvalidArgument,
                "nothing is to be changed; expected --forget-after, --consent or both");
  std::optional<std::int64_t> forget_at;
  if (!options.forget_after.empty()) forget_at = ForgetAfter(options.forget_after);
  const auto store = OpenStore(options.store);
  FindSpeaker(*store, options.name);
  store->SetConsent(options.name, options.consent, forget_at);
  const EnrolledSpeaker speaker = FindSpeaker(*store, options.name);
  Print(options.json ? SummaryJson(speaker) : ToRow(speaker));
  return kExitDone;
}

int Remove(const Options& options, const Context&) {
  const auto store = OpenStore(options.store);
  const bool all = options.utterances.empty();
  std::vector<std::string> names;
  for (const std::string& name : options.names) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  for (const std::string& name : names) FindSpeaker(*store, name);
  if (all) {
    store->RemoveAll(names);
  } else {
    if (names.size() != 1)
      throw Error(ErrorCode::kInvalidArgument, "--utterance needs exactly one name");
    store->RemoveUtterances(options.names[0], options.utterances);
  }
  const bool overwritten = store->RemovedIsOverwritten();
  const char* const how =
      overwritten ? "removed and overwritten"
      : DescribesServer(*store)
          ? "removed"
          : "removed; overwritten as soon as no other program is using the store";
  for (const std::string& name : names) {
    if (!all) break;
    if (options.json)
      PrintJson({{"name", name}, {"removed", true}, {"overwritten", overwritten}});
    else
      Print(name + ": " + how + "\n");
  }
  for (std::int64_t id : options.utterances) {
    if (options.json)
      PrintJson({{"name", options.names[0]},
                 {"utterance", id},
                 {"removed", true},
                 {"overwritten", overwritten}});
    else
      Print(Format("%s: utterance %lld %s\n", options.names[0].c_str(), static_cast<long long>(id),
                   how));
  }
  return kExitDone;
}

int Export(const Options& options, const Context&) {
  const auto store = OpenStore(options.store);
  std::size_t count = 0;
  if (options.file == "-") {
    store->ForEach(options.with_audio,
                   [&](EnrolledSpeaker&& speaker) { Print(SpeakerToJson(speaker) + "\n"); });
    return kExitDone;
  }
  AtomicFile file(options.file, 0600);
  store->ForEach(options.with_audio, [&](EnrolledSpeaker&& speaker) {
    file.Write(SpeakerToJson(speaker) + "\n");
    ++count;
  });
  file.Commit();
  if (options.json)
    PrintJson({{"file", options.file}, {"speakers", count}});
  else
    Print(Format("%s: %zu speaker%s\n", Printable(options.file).c_str(), count,
                 count == 1 ? "" : "s"));
  return kExitDone;
}

int Import(const Options& options, const Context& context) {
  const std::string text = ReadFile(options.file);
  // All lines are read before anything is written.
  std::vector<EnrolledSpeaker> speakers;
  std::size_t number = 0;
  for (std::string_view line : Lines(WithoutByteOrderMark(text))) {
    ++number;
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    try {
      speakers.push_back(SpeakerFromJson(line));
    } catch (const Error& error) {
      throw Error(
          error.code(),
          Format("cannot import '%s', line %zu: ", Printable(options.file).c_str(), number) +
              error.what());
    }
  }
  const auto store = OpenStore(options.store, true);
  const auto progress = MakeConsoleProgress(context);
  const StopRequested stop = CatchInterrupts();
  std::vector<Enrollment> people;
  for (EnrolledSpeaker& speaker : speakers)
    people.push_back({std::move(speaker.name), std::move(speaker.utterances),
                      speaker.note.empty() ? std::nullopt : std::optional(speaker.note),
                      std::move(speaker.enrolled_at), false,
                      speaker.consent.empty() ? std::nullopt : std::optional(speaker.consent),
                      std::move(speaker.consented_at),
                      speaker.forget_at == 0 ? std::nullopt : std::optional(speaker.forget_at)});
  progress->Start("importing", "speaker", people.size());
  const VoiceStore::Imported imported = store->Import(people, options.merge, [&](std::size_t done) {
    if (stop()) throw Error(ErrorCode::kInterrupted, "stopped; nothing was imported");
    progress->Update(done);
  });
  progress->Finish();
  if (options.json)
    PrintJson({{"imported", people.size()},
               {"new_speakers", imported.people},
               {"new_utterances", imported.utterances}});
  else
    Print(Format("%zu speaker%s imported: %zu new, %zu utterance%s that %s not there before\n",
                 people.size(), people.size() == 1 ? "" : "s", imported.people, imported.utterances,
                 imported.utterances == 1 ? "" : "s", imported.utterances == 1 ? "was" : "were"));
  return kExitDone;
}

int RunReEmbed(const Options& options, const Context& context) {
  const auto store = OpenStore(options.store);
  const EmbeddingExtractor extractor =
      EmbeddingExtractor::Open(FindModel(options.network.model), options.network.engine);
  const auto progress = MakeConsoleProgress(context);
  const ReEmbedOutcome outcome =
      ReEmbed(*store, extractor, options.limits, *progress, CatchInterrupts());
  if (outcome.removed > 0)
    progress->Warn(Format("%zu utterances were removed meanwhile", outcome.removed));
  Print(options.json ? ToJson(outcome) : ToText(outcome));
  return kExitDone;
}

}  // namespace

void AddSpeakersCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("speakers", "Who is enrolled: list, show, rename, remove, export, import");
  command->require_subcommand(1);
  auto add = [&](const char* name, const char* what, int (*run)(const Options&, const Context&)) {
    CLI::App* one = AddStoreCommand(*command, context, options, name, what, run);
    one->add_flag("--json", options->json, "As JSON, one object a line");
    return one;
  };
  command->footer(
      "Example:\n"
      "  vpr speakers list\n"
      "  vpr speakers rename Ada \"Ada Lovelace\"\n"
      "  vpr speakers remove \"Ada Lovelace\"");
  add("list", "Everybody, in the order of enrollment", List)
      ->footer(
          "One line a person, tabs between: name, utterances, seconds of speech in them, when\n"
          "enrolled, note, when forgotten.\n"
          "Example:\n"
          "  vpr speakers list\n"
          "  vpr speakers list --json | jq -r .name");
  CLI::App* show = add("show", "One person's utterances", Show);
  show->add_option("name", options->name, "Who")->required()->type_name("NAME");
  show->footer(
      "One line an utterance, tabs between: its number (for remove --utterance), seconds of "
      "speech,\n"
      "how far it is above the noise, when enrolled, file, network.\n"
      "Example:\n"
      "  vpr speakers show Ada");
  CLI::App* rename = add("rename", "Another name for somebody", Rename);
  rename->add_option("name", options->name, "Who")->required()->type_name("NAME");
  rename->add_option("to", options->other, "The name that nobody has yet")
      ->required()
      ->type_name("NEW_NAME");
  rename->footer("Example:\n  vpr speakers rename Ada \"Ada Lovelace\"");
  CLI::App* note = add("note", "A note on somebody", Note);
  note->add_option("name", options->name, "Who")->required()->type_name("NAME");
  note->add_option("text", options->text, "The note; \"\" for none")->required()->type_name("TEXT");
  note->footer("Example:\n  vpr speakers note Ada \"extension 204\"");
  CLI::App* keep = add("keep", "How long a voice is kept, and what its person agreed to", Keep);
  keep->add_option("name", options->name, "Who")->required()->type_name("NAME");
  keep->add_option("--forget-after", options->forget_after,
                   "Forget the voice so long after now: 90d (s, min, h, d, w, y), or never")
      ->type_name("TIME");
  keep->add_option("--consent", options->consent,
                   "What the person has agreed to, now; \"\" for nothing")
      ->type_name("TEXT");
  keep->footer(
      "Example:\n"
      "  vpr speakers keep Ada --forget-after 1y --consent \"renewed by mail\"\n"
      "  vpr speakers keep Ada --forget-after never");
  CLI::App* remove = add("remove", "Forget somebody: the data is overwritten (SQLite)", Remove);
  remove->add_option("names", options->names, "Whom: all of them, or nobody")
      ->required()
      ->type_name("NAME...");
  remove->add_option("--utterance", options->utterances, "Only this utterance (see show)")
      ->type_name("ID");
  remove->footer(
      "Example:\n"
      "  vpr speakers remove Ada 李达康\n"
      "  vpr speakers remove Ada --utterance 3");
  CLI::App* exported = add("export", "Everybody as JSON lines, not encrypted", Export);
  exported->add_option("-o,--output", options->file, "File to write (- : standard output)")
      ->type_name("FILE");
  exported->add_flag("--with-audio", options->with_audio, "The kept recordings, too");
  exported->footer("Example:\n  vpr speakers export -o voices.jsonl");
  CLI::App* imported =
      add("import", "Take in what export wrote: all of it or, after an error, nothing", Import);
  imported->add_option("file", options->file, "What export wrote (- : standard input)")
      ->required()
      ->type_name("FILE");
  imported->add_flag("--merge", options->merge,
                     "Add the utterances of people who are enrolled already");
  imported->footer(
      "Example:\n"
      "  vpr speakers import voices.jsonl --db other.db\n"
      "  vpr speakers export | vpr speakers import - --db postgresql://ada@host/voices");
  CLI::App* re_embed =
      add("re-embed", "Make the embeddings anew with another model, from kept audio", RunReEmbed);
  AddNetworkOptions(*re_embed, options->network);
  re_embed->footer(
      "Only what was enrolled with --keep-audio can be embedded again; who must enroll anew is "
      "said.\n"
      "Example:\n"
      "  vpr speakers re-embed --model new.vpr");
}

}  // namespace vpr::cli
