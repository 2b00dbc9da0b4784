// vpr cluster: recordings of unknown people, sorted by voice.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <unordered_set>

#include "cli/diarize/diarize.h"
#include "cli/embedding_run.h"
#include "cli/file_list.h"
#include "cli/read_options.h"
#include "cli/voices.h"
#include "vpr/audio/speech_detector.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/print/voice_groups.h"
#include "vpr/recognize/recognizer.h"
#include "vpr/recognize/voice_groups.h"

namespace vpr::cli {
namespace {

namespace fs = std::filesystem;

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

// The groups in OUT, if there are any, or new ones.
VoiceGroups Begin(const Options& options, const Recognizer& recognizer) {
  const std::string& network = recognizer.extractor().info().network_fingerprint;
  if (!options.output.empty() && IsRegularFile(options.output)) {
    VoiceGroups groups = VoiceGroups::Read(options.output);
    if (groups.network() != network)
      throw Error(ErrorCode::kIncompatible,
                  Format("'%s' was made with another network than '%s': name its model with "
                         "--model, or another file",
                         Printable(options.output).c_str(), recognizer.model().c_str()));
    if (options.threshold.threshold || options.threshold.fmr)
      throw Error(ErrorCode::kInvalidArgument,
                  Format("'%s' has its threshold, %.4g; --threshold and --fmr are for a new file",
                         Printable(options.output).c_str(), groups.threshold()));
    return groups;
  }
  return {network, Told(recognizer.Choose(OperatingPoint::kVerify, options.threshold)).threshold};
}

int Run(const Options& options, const Context& context) {
  const auto progress = MakeConsoleProgress(context);
  const FileList list(WithFolders(options.files, *progress), options.list, {});
  const std::string model = FindModel(options.network.model);
  EmbeddingExtractor opened = EmbeddingExtractor::Open(model, options.network.engine);
  std::unique_ptr<VoiceStore> store = OpenStoreIfThere(options.store);
  const bool has_store = store != nullptr;
  Recognizer recognizer(std::move(opened), model, std::move(store));
  const EmbeddingExtractor& extractor = recognizer.extractor();
  VoiceGroups groups = Begin(options, recognizer);

  std::vector<std::string> paths;
  std::unordered_set<std::string> known;
  for (const GroupedRecording& one : groups.recordings()) known.insert(one.utterance.source);
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (const std::string& path : AsAsked({list[i]}, options.network.engine.read)) {
      std::error_code error;
      if (known.insert(fs::absolute(path, error).lexically_normal().string()).second)
        paths.push_back(path);
    }
  }
  if (const std::size_t there = list.size() - std::min(list.size(), paths.size()); there > 0)
    progress->Info(Format("%zu recordings are in the groups already", there));
  SpeechDetector::DefaultNetwork();  // without it no file can be used: said before the first
  std::vector<EnrolledUtterance> utterances;
  std::size_t failed = 0;
  EmbedRecordings(
      paths, extractor, options.limits, false, *progress, CatchInterrupts(),
      [&](Recording&& recording) {
        if (!recording.failure.empty()) {
          progress->Warn(recording.failure);
          ++failed;
          return;
        }
        if (!recording.several_voices.empty())
          progress->Warn("'" + Printable(recording.source) + "': " + recording.several_voices);
        utterances.push_back(ToUtterance(std::move(recording), extractor.info()));
      });
  if (utterances.empty() && groups.recordings().empty())
    throw Error(ErrorCode::kUnusable, "none of the recordings could be used");
  groups.Add(std::move(utterances), extractor.scorer());
  if (!options.output.empty()) groups.Write(options.output);

  bool anybody = has_store;
  for (const VoicesGroup& group : groups.Groups(extractor.scorer())) {
    std::optional<IdentificationOutcome> identified;
    try {
      if (anybody)
        identified = recognizer.Identify(AsOneRecording(groups, group), options.request, *progress);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kNotFound) throw;
      anybody = false;  // nobody is enrolled
    }
    Print(options.json ? ToJson(groups, group, identified) : ToText(groups, group, identified));
  }
  if (failed > 0)
    throw Error(ErrorCode::kUnusable,
                Format("%zu of %zu recordings could not be used", failed, paths.size()));
  return kExitDone;
}

}  // namespace

void AddClusterCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("cluster", "Sort recordings of unknown people by voice");
  command
      ->add_option("recordings", options->files,
                   "Audio files of one voice each, or folders, with all below them")
      ->type_name("FILE...");
  command->add_option("--list", options->list, "More files, one a line (- : standard input)")
      ->type_name("LIST");
  command
      ->add_option("-o,--output", options->output,
                   "Keep the groups here for vpr groups; if it is there, the recordings are added")
      ->type_name("GROUPS");
  AddThresholdOptions(*command, options->threshold, "the model's for a false match rate of 1 %");
  AddFpirOption(*command, options->request.fpir);
  command->add_flag("--json", options->json, "One JSON object a voice");
  AddQualityOptions(*command, options->limits);
  AddStoreOptions(*command, options->store);
  AddNetworkOptions(*command, options->network);
  AddReadOptions(*command, options->network.engine.read, true);
  command->footer(
      "Two groups become one while their recordings' mean score is at least the threshold. Where\n"
      "people are enrolled it is said which voice sounds like one of them, as vpr identify finds\n"
      "it. GROUPS holds voiceprints, no audio, and is readable for its owner alone.\n"
      "docs/diarization.md says how often people are joined, or one person is split.\n"
      "Example:\n"
      "  vpr cluster voice_memos -o memos.groups\n"
      "  vpr groups confirm memos.groups 3 Ada\n"
      "  vpr groups enroll memos.groups");
  command->callback([options, &context] {
    if (options->files.empty() && options->list.empty())
      throw CLI::ValidationError("cluster", "give recordings, folders, or --list LIST");
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
