// vpr groups: what people decide about recordings that vpr cluster sorted by voice.
#include "cli/command.h"
#include "options/network_options.h"
#include "options/store_options.h"
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
  CLI::App& command =
      AddGroup(app, "groups", "Name, dismiss and enroll the voices that vpr cluster found");
  auto command_named = [&](const char* name, const char* what,
                           int (*run)(const Options&, const Context&)) {
    const Declare add = AddCommand(command, context, name, what, options, run);
    add.Required("groups", options->groups, "GROUPS", "What vpr cluster -o wrote");
    add.Flag("--json", options->json, "As JSON, one object a line");
    return add;
  };
  command_named("show", "All voices with their recordings", Show);
  const Declare confirm = command_named("confirm", "Say whose voice it is", Confirm);
  confirm.Required("voice", options->voice, "VOICE", "Its number");
  confirm.Required("name", options->name, "NAME", "Who");
  const Declare dismiss = command_named("dismiss", "Say that nobody wants it", Dismiss);
  dismiss.Required("voice", options->voice, "VOICE", "Its number");
  const Declare separate =
      command_named("separate", "Say that a recording is not of its group's voice", Separate);
  separate.Required("recording", options->recording, "FILE", "Its path, as show prints it");
  command_named("undo", "Take the last decision back", Undo);
  const Declare enroll = command_named("enroll", "Enroll every voice that has a name", Enroll);
  enroll.Flag("--force", options->policy.force,
              "Also recordings that do not sound like the others");
  enroll.Flag("--encrypt", options->encrypt, "A new store is encrypted");
  AddStoreOptions(enroll.command, options->store);
  AddNetworkOptions(enroll.command, options->network);
}

}  // namespace vpr::cli
