// vpr speakers: who is enrolled.
#include "cli/command.h"
#include "options/network_options.h"
#include "options/store_options.h"
#include "options/time_to_keep.h"
#include "vpr/base/error.h"
#include "vpr/print/outcomes.h"
#include "vpr/print/speakers.h"
#include "vpr/print/store.h"
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
  OpenStore(options.store)->ForEach(false, [&](EnrolledSpeaker&& speaker) {
    Print(options.json ? SummaryJson(speaker) : ToRow(speaker));
  });
  return kExitDone;
}

int Show(const Options& options, const Context&) {
  return Tell(options.json, FindSpeaker(*OpenStore(options.store), options.name));
}

int Rename(const Options& options, const Context&) {
  const auto store = OpenStore(options.store);
  store->Rename(FindSpeaker(*store, options.name).name, options.other);
  Print(options.json ? RenamedJson(options.name, options.other)
                     : RenamedText(options.name, options.other));
  return kExitDone;
}

int Note(const Options& options, const Context&) {
  const auto store = OpenStore(options.store);
  store->SetNote(FindSpeaker(*store, options.name).name, options.text);
  Print(options.json ? NotedJson(options.name, options.text) : NotedText(options.name));
  return kExitDone;
}

int Keep(const Options& options, const Context&) {
  std::optional<std::int64_t> forget_at;
  if (!options.forget_after.empty()) forget_at = ForgetAfter(options.forget_after);
  const auto store = OpenStore(options.store);
  store->SetConsent(FindSpeaker(*store, options.name).name, options.consent, forget_at);
  const EnrolledSpeaker speaker = FindSpeaker(*store, options.name);
  Print(options.json ? SummaryJson(speaker) : ToRow(speaker));
  return kExitDone;
}

void CompleteKeep(Options& options) {
  if (!options.consent && options.forget_after.empty())
    throw CLI::ValidationError("keep",
                               "nothing is to be changed; give --forget-after, --consent or both");
}

int Remove(const Options& options, const Context&) {
  return Tell(options.json,
              RemovePeople(*OpenStore(options.store), options.names, options.utterances));
}

int Export(const Options& options, const Context&) {
  const auto store = OpenStore(options.store);
  if (options.file == "-") {
    store->ForEach(options.with_audio,
                   [](EnrolledSpeaker&& speaker) { Print(SpeakerToJson(speaker) + "\n"); });
    return kExitDone;
  }
  const std::size_t count = ExportPeople(*store, options.with_audio, options.file);
  Print(options.json ? ExportJson(options.file, count) : ExportText(options.file, count));
  return kExitDone;
}

int Import(const Options& options, const Context& context) {
  // All lines are read before anything is written.
  std::vector<EnrolledSpeaker> people = ReadExportedPeople(options.file);
  const auto store = OpenStore(options.store, true);
  const ImportOutcome outcome = ImportPeople(*store, std::move(people), options.merge,
                                             *MakeConsoleProgress(context), CatchInterrupts());
  return Tell(options.json, outcome);
}

int RunReEmbed(const Options& options, const Context& context) {
  const auto store = OpenStore(options.store);
  const EmbeddingExtractor extractor =
      EmbeddingExtractor::Open(FindModel(options.network.model), options.network.engine);
  const auto progress = MakeConsoleProgress(context);
  const ReEmbedOutcome outcome =
      ReEmbed(*store, extractor, options.limits, *progress, CatchInterrupts());
  for (const std::string& line : Warnings(outcome)) progress->Warn(line);
  return Tell(options.json, outcome);
}

}  // namespace

void AddSpeakersCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App& command =
      AddGroup(app, "speakers", "Who is enrolled: list, show, rename, remove, export, import");
  auto command_named = [&](const char* name, const char* what,
                           int (*run)(const Options&, const Context&),
                           void (*complete)(Options&) = nullptr) {
    const Declare add = AddCommand(command, context, name, what, options, run, complete);
    AddStoreOptions(add.command, options->store);
    add.Flag("--json", options->json, "As JSON, one object a line");
    return add;
  };
  command_named("list", "Everybody, in the order of enrollment", List);
  const Declare show = command_named("show", "One person's utterances", Show);
  show.Required("name", options->name, "NAME", "Who");
  const Declare rename = command_named("rename", "Another name for somebody", Rename);
  rename.Required("name", options->name, "NAME", "Who");
  rename.Required("to", options->other, "NEW_NAME", "The name that nobody has yet");
  const Declare note = command_named("note", "A note on somebody", Note);
  note.Required("name", options->name, "NAME", "Who");
  note.Required("text", options->text, "TEXT", "The note; \"\" for none");
  const Declare keep = command_named(
      "keep", "How long a voice is kept, and what its person agreed to", Keep, CompleteKeep);
  keep.Required("name", options->name, "NAME", "Who");
  keep("--forget-after", options->forget_after, "TIME",
       "Forget the voice so long after now: 90d (s, min, h, d, w, y), or never", TimeToKeep());
  keep("--consent", options->consent, "TEXT",
       "What the person has agreed to, now; \"\" for nothing");
  const Declare remove =
      command_named("remove", "Forget somebody: the data is overwritten (SQLite)", Remove);
  remove.Required("names", options->names, "NAME...", "Whom: all of them, or nobody");
  remove("--utterance", options->utterances, "ID", "Only this utterance (see show)");
  const Declare exported =
      command_named("export", "Everybody as JSON lines, not encrypted", Export);
  exported("-o,--output", options->file, "FILE", "File to write (- : standard output)");
  exported.Flag("--with-audio", options->with_audio, "The kept recordings, too");
  const Declare imported = command_named(
      "import", "Take in what export wrote: all of it or, after an error, nothing", Import);
  imported.Required("file", options->file, "FILE", "What export wrote (- : standard input)");
  imported.Flag("--merge", options->merge, "Add the utterances of people who are enrolled already");
  const Declare re_embed = command_named(
      "re-embed", "Make the embeddings anew with another model, from kept audio", RunReEmbed);
  AddNetworkOptions(re_embed.command, options->network);
}

}  // namespace vpr::cli
