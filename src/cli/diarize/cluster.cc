// vpr cluster: recordings of unknown people, sorted by voice.
#include "cli/command.h"
#include "options/network_options.h"
#include "options/read_options.h"
#include "options/store_options.h"
#include "vpr/audio/folder.h"
#include "vpr/base/file_list.h"
#include "vpr/print/voice_groups.h"
#include "vpr/recognize/group_recordings.h"

namespace vpr::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string list, output;
  bool json = false;
  IdentificationRequest request;
  ThresholdChoice threshold;
  StoreArguments store;
  QualityLimits limits;
  NetworkOptions network;
};

int Run(const Options& options, const Context& context) {
  const auto progress = MakeConsoleProgress(context);
  const FileList list(WithFolders(options.files, *progress), options.list, {});
  Recognizer recognizer = OpenRecognizer(options.network.model, options.network.engine,
                                         [&] { return OpenStoreIfThere(options.store); });
  VoiceGroups groups = OpenGroups(options.output, options.threshold, recognizer, *progress);
  const AddedRecordings added =
      AddRecordings(AsAsked(list.all(), options.network.engine.read), recognizer, options.limits,
                    *progress, CatchInterrupts(), groups);
  if (!options.output.empty()) groups.Write(options.output);
  IdentifyGroups(
      groups, recognizer, options.request, *progress,
      [&](const VoicesGroup& group, const auto& identified) {
        Print(options.json ? ToJson(groups, group, identified) : ToText(groups, group, identified));
      });
  RequireAllUsable(added.failed, added.tried);
  return kExitDone;
}

void Complete(Options& options) {
  if (options.files.empty() && options.list.empty())
    throw CLI::ValidationError("cluster", "give recordings, folders, or --list LIST");
}

}  // namespace

void AddClusterCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add =
      AddCommand(app, context, "cluster", "Sort recordings of unknown people by voice", options,
                 Run, Complete);
  add("recordings", options->files, "FILE...",
      "Audio files of one voice each, or folders, with all below them");
  add("--list", options->list, "LIST", "More files, one a line (- : standard input)");
  add("-o,--output", options->output, "GROUPS",
      "Keep the groups here for vpr groups; if it is there, the recordings are added");
  AddThresholdOptions(add.command, options->threshold, "the model's for a false match rate of 1 %");
  AddFpirOption(add.command, options->request.fpir);
  add.Flag("--json", options->json, "One JSON object a voice");
  AddQualityOptions(add.command, options->limits);
  AddStoreOptions(add.command, options->store);
  AddNetworkOptions(add.command, options->network);
  AddReadOptions(add.command, options->network.engine.read, true);
}

}  // namespace vpr::cli
