// vpr check-labels: speakers under two names, and recordings under a wrong one.
#include "cli/command.h"
#include "options/network_options.h"
#include "vpr/print/training.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string source, layout = "auto", embeddings;
  bool json = false, exit_status = false;
  NetworkOptions network;
};

LabelledEmbeddings Read(const Options& options, const Context& context) {
  if (!options.embeddings.empty()) return ReadLabelled(options.source, options.embeddings);
  const EmbeddingExtractor extractor =
      EmbeddingExtractor::Open(FindModel(options.network.model), options.network.engine);
  return EmbedLabelled(options.source, options.layout, extractor, *MakeConsoleProgress(context),
                       CatchInterrupts());
}

int Run(const Options& options, const Context& context) {
  const LabelledEmbeddings recordings = Read(options, context);
  const SuspectLabels found = FindSuspectLabels(recordings.embeddings, recordings.speaker_of);
  Print(options.json ? ToJson(recordings, found) : ToText(recordings, found));
  const bool any = !found.pairs.empty() || !found.recordings.empty();
  return options.exit_status && any ? kExitRejected : kExitDone;
}

}  // namespace

void AddCheckLabelsCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add = AddCommand(
      app, context, "check-labels",
      "Speakers who seem to be one person, recordings that seem somebody else's", options, Run);
  add.Required("source", options->source, "SOURCE", "A folder or list of labelled recordings");
  add.Default("--layout", options->layout, "NAME", "How SOURCE is laid out, as for vpr pack");
  add("--embeddings", options->embeddings, "FILE.npy",
      "Use these embeddings, a row a line of the list, instead of a model's")
      ->excludes("--layout");
  add.Flag("--json", options->json, "As JSON");
  add.Flag("--exit-status", options->exit_status, "End with 3 if there is any");
  AddNetworkOptions(add.command, options->network);
}

}  // namespace vpr::cli
