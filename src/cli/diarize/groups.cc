// vpr groups: what people decide about recordings that vpr cluster sorted by voice.
#include <CLI/CLI.hpp>
#include <map>

#include "cli/diarize/diarize.h"
#include "cli/embedding_run.h"
#include "cli/voices.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/print/outcomes.h"
#include "vpr/print/voice_groups.h"
#include "vpr/recognize/recognizer.h"
#include "vpr/recognize/voice_groups.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string groups, name, recording;
  std::size_t voice = 0;
  bool json = false, encrypt = false;
  EnrollmentPolicy policy;
  StoreArguments store;
  NetworkOptions network;
};

int Show(const Options& options) {
  const VoiceGroups groups = VoiceGroups::Read(options.groups);
  for (const VoicesGroup& group : groups.Groups())
    Print(options.json ? ToJson(groups, group, {}) : ToText(groups, group, {}));
  return kExitDone;
}

// Decides, keeps it, and says what was decided.
int Decide(const Options& options, void (*decide)(const Options&, VoiceGroups&)) {
  VoiceGroups groups = VoiceGroups::Read(options.groups);
  decide(options, groups);
  groups.Write(options.groups);
  const GroupDecision& decision = groups.decisions().back();
  Print(options.json ? ToJson(decision) : ToText(decision));
  return kExitDone;
}

int Undo(const Options& options) {
  VoiceGroups groups = VoiceGroups::Read(options.groups);
  const GroupDecision decision = groups.Undo();
  groups.Write(options.groups);
  Print(options.json ? ToJson(decision) : "taken back: " + ToText(decision));
  return kExitDone;
}

int Enroll(const Options& options, const Context& context) {
  const auto progress = MakeConsoleProgress(context);
  const VoiceGroups groups = VoiceGroups::Read(options.groups);
  std::map<std::string, std::vector<Recording>> people;
  for (const VoicesGroup& group : groups.Groups()) {
    if (group.name.empty()) continue;
    for (Recording& one : AsRecordings(groups, group)) people[group.name].push_back(std::move(one));
  }
  if (people.empty())
    throw Error(ErrorCode::kInvalidArgument,
                "no voice in '" + Printable(options.groups) +
                    "' has a name yet; give one with: vpr groups confirm GROUPS VOICE NAME");
  const std::string model = FindModel(options.network.model);
  EmbeddingExtractor opened = EmbeddingExtractor::Open(model, options.network.engine);
  if (opened.info().network_fingerprint != groups.network())
    throw Error(ErrorCode::kIncompatible,
                Format("'%s' was made with another network than '%s': name its model with --model",
                       Printable(options.groups).c_str(), Printable(model).c_str()));
  Recognizer recognizer(std::move(opened), model, OpenStore(options.store, true, options.encrypt));
  std::size_t failed = 0;
  for (auto& [name, recordings] : people) {
    const EnrollmentOutcome outcome =
        recognizer.Enroll(name, std::move(recordings), options.policy, *progress);
    for (const std::string& line : Warnings(outcome)) progress->Warn(line);
    if (const std::string said = options.json ? ToJson(outcome) : ToText(outcome); !said.empty())
      Print(said);
    failed += outcome.done() ? 0 : 1;
  }
  if (failed > 0)
    throw Error(ErrorCode::kUnusable,
                Format("%zu of %zu people were not enrolled", failed, people.size()));
  return kExitDone;
}

}  // namespace

void AddGroupsCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("groups", "Name, dismiss and enroll the voices that vpr cluster found");
  command->require_subcommand(1);
  command->footer(
      "Example:\n"
      "  vpr groups show memos.groups\n"
      "  vpr groups confirm memos.groups 3 Ada\n"
      "  vpr groups enroll memos.groups");
  auto add = [&](const char* name, const char* what, std::function<int(const Options&)> run) {
    CLI::App* one = command->add_subcommand(name, what);
    one->add_option("groups", options->groups, "What vpr cluster -o wrote")
        ->required()
        ->type_name("GROUPS");
    one->add_flag("--json", options->json, "As JSON, one object a line");
    one->callback([options, &context, run = std::move(run)] {
      context.run = [options, run] { return run(*options); };
    });
    return one;
  };
  auto add_voice = [&](CLI::App* one) {
    one->add_option("voice", options->voice, "Its number")->required()->type_name("VOICE");
  };
  add("show", "All voices with their recordings", Show)
      ->footer("Example:\n  vpr groups show memos.groups");
  CLI::App* confirm = add("confirm", "Say whose voice it is", [](const Options& o) {
    return Decide(o, [](const Options& given, VoiceGroups& groups) {
      groups.Confirm(given.voice, given.name);
    });
  });
  add_voice(confirm);
  confirm->add_option("name", options->name, "Who")->required()->type_name("NAME");
  confirm->footer(
      "Two voices may be confirmed as one person: they are enrolled together.\n"
      "Example:\n"
      "  vpr groups confirm memos.groups 3 Ada");
  CLI::App* dismiss = add("dismiss", "Say that nobody wants it", [](const Options& o) {
    return Decide(o,
                  [](const Options& given, VoiceGroups& groups) { groups.Dismiss(given.voice); });
  });
  add_voice(dismiss);
  dismiss->footer("Example:\n  vpr groups dismiss memos.groups 4");
  CLI::App* separate =
      add("separate", "Say that a recording is not of its group's voice", [](const Options& o) {
        return Decide(
            o, [](const Options& given, VoiceGroups& groups) { groups.Separate(given.recording); });
      });
  separate->add_option("recording", options->recording, "Its path, as show prints it")
      ->required()
      ->type_name("FILE");
  separate->footer("Example:\n  vpr groups separate memos.groups /home/ada/memos/17.m4a");
  add("undo", "Take the last decision back", Undo)
      ->footer(
          "Again and again, back to what vpr cluster found.\n"
          "Example:\n"
          "  vpr groups undo memos.groups");
  CLI::App* enroll = add("enroll", "Enroll every voice that has a name",
                         [&context](const Options& o) { return Enroll(o, context); });
  enroll->add_flag("--force", options->policy.force,
                   "Also recordings that do not sound like the others");
  enroll->add_flag("--encrypt", options->encrypt, "A new store is encrypted");
  AddStoreOptions(*enroll, options->store);
  AddNetworkOptions(*enroll, options->network);
  enroll->footer(
      "Works from the voiceprints in GROUPS: the recordings need not be there any more. What is\n"
      "enrolled already is not enrolled twice.\n"
      "Example:\n"
      "  vpr groups enroll memos.groups");
}

}  // namespace vpr::cli
