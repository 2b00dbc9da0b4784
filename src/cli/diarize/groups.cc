// vpr groups: what people decide about recordings that vpr cluster sorted by voice.
#include "cli/embedding_run.h"
#include "cli/voices.h"
#include "vpr/print/voice_groups.h"
#include "vpr/recognize/group_recordings.h"

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

int Show(const Options& options, const Context&) {
  const VoiceGroups groups = VoiceGroups::Read(options.groups);
  for (const VoicesGroup& group : groups.Groups())
    Print(options.json ? ToJson(groups, group, {}) : ToText(groups, group, {}));
  return kExitDone;
}

// Decides, keeps it, and says what was decided.
int Decide(const Options& options, const std::function<void(VoiceGroups&)>& decide) {
  const GroupDecision decision = ChangeGroups(options.groups, [&](VoiceGroups& groups) {
    decide(groups);
    return groups.decisions().back();
  });
  return Tell(options.json, decision);
}

int Confirm(const Options& options, const Context&) {
  return Decide(options, [&](VoiceGroups& g) { g.Confirm(options.voice, options.name); });
}

int Dismiss(const Options& options, const Context&) {
  return Decide(options, [&](VoiceGroups& groups) { groups.Dismiss(options.voice); });
}

int Separate(const Options& options, const Context&) {
  return Decide(options, [&](VoiceGroups& groups) { groups.Separate(options.recording); });
}

int Undo(const Options& options, const Context&) {
  const GroupDecision decision =
      ChangeGroups(options.groups, [](VoiceGroups& groups) { return groups.Undo(); });
  Print(options.json ? ToJson(decision) : TakenBackText(decision));
  return kExitDone;
}

int Enroll(const Options& options, const Context& context) {
  const auto progress = MakeConsoleProgress(context);
  EnrollGroups(
      options.groups, options.network.model, options.network.engine,
      [&] { return OpenStore(options.store, true, options.encrypt); }, options.policy, *progress,
      TellEnrollments(options.json, *progress));
  return kExitDone;
}

}  // namespace

void AddGroupsCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("groups", "Name, dismiss and enroll the voices that vpr cluster found");
  command->require_subcommand(1);
  command->footer(R"(Example:
  vpr groups show memos.groups
  vpr groups confirm memos.groups 3 Ada
  vpr groups enroll memos.groups)");
  auto command_named = [&](const char* name, const char* what,
                           int (*run)(const Options&, const Context&)) {
    const Declare add = AddCommand(*command, context, name, what, options, run);
    add.Required("groups", options->groups, "GROUPS", "What vpr cluster -o wrote");
    add.Flag("--json", options->json, "As JSON, one object a line");
    return add;
  };
  command_named("show", "All voices with their recordings", Show)
      .command.footer("Example:\n  vpr groups show memos.groups");
  const Declare confirm = command_named("confirm", "Say whose voice it is", Confirm);
  confirm.Required("voice", options->voice, "VOICE", "Its number");
  confirm.Required("name", options->name, "NAME", "Who");
  confirm.command.footer(R"(Two voices may be confirmed as one person: they are enrolled together.
Example:
  vpr groups confirm memos.groups 3 Ada)");
  const Declare dismiss = command_named("dismiss", "Say that nobody wants it", Dismiss);
  dismiss.Required("voice", options->voice, "VOICE", "Its number");
  dismiss.command.footer("Example:\n  vpr groups dismiss memos.groups 4");
  const Declare separate =
      command_named("separate", "Say that a recording is not of its group's voice", Separate);
  separate.Required("recording", options->recording, "FILE", "Its path, as show prints it");
  separate.command.footer("Example:\n  vpr groups separate memos.groups /home/ada/memos/17.m4a");
  command_named("undo", "Take the last decision back", Undo)
      .command.footer(R"(Again and again, back to what vpr cluster found.
Example:
  vpr groups undo memos.groups)");
  const Declare enroll = command_named("enroll", "Enroll every voice that has a name", Enroll);
  enroll.Flag("--force", options->policy.force,
              "Also recordings that do not sound like the others");
  enroll.Flag("--encrypt", options->encrypt, "A new store is encrypted");
  AddStoreOptions(enroll.command, options->store);
  AddNetworkOptions(enroll.command, options->network);
  enroll.command.footer(
      R"(Works from the voiceprints in GROUPS: the recordings need not be there any more. What is
enrolled already is not enrolled twice.
Example:
  vpr groups enroll memos.groups)");
}

}  // namespace vpr::cli
