// vpr embed: recordings to embeddings.
#include "cli/command.h"
#include "options/network_options.h"
#include "options/read_options.h"
#include "vpr/audio/folder.h"
#include "vpr/base/file_list.h"
#include "vpr/model/embedding_table.h"

namespace vpr::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string list, output, format, features;
  bool skip_bad = false;
  Shard shard;
  NetworkOptions network;
};

int Run(const Options& options, const Context& context) {
  const auto progress = MakeConsoleProgress(context);
  const NetworkOptions& network = options.network;
  const ReadOptions& read = network.engine.read;
  const std::vector<std::string> named = WithFolders(options.files, *progress);
  const FileList files =
      read.separate
          ? FileList(AsAsked(FileList(named, options.list, {}).all(), read), {}, options.shard)
          : FileList(named, options.list, options.shard);
  const EmbeddingExtractor extractor =
      options.features.empty()
          ? EmbeddingExtractor::Open(FindModel(network.model), network.engine)
          : EmbeddingExtractor::OpenTorchScript(network.model, options.features, network.engine);
  const EmbeddingOutput table{.format = *FindEmbeddingFormat(options.format, options.output),
                              .path = options.output,
                              .print = Print,
                              .part = !options.shard.whole()};
  const std::size_t bad = WriteEmbeddings(
      files.size(), [&](std::size_t i) { return files[i]; }, extractor, table, *progress,
      CatchInterrupts());
  return bad > 0 && !options.skip_bad ? kExitFailed : kExitDone;
}

void Complete(Options& options) {
  if (options.files.empty() && options.list.empty())
    throw CLI::ValidationError("embed", "give audio files, or --list LIST");
  if (!options.features.empty() && options.network.model.empty())
    throw CLI::ValidationError("embed", "--features needs --model NETWORK.pt");
  if (!FindEmbeddingFormat(options.format, options.output))
    throw CLI::ValidationError("embed", "OUT ends in none of .npy, .ark and .jsonl: give --format");
}

}  // namespace

void AddEmbedCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add = AddCommand(app, context, "embed", "Recordings to embeddings of length 1",
                                 options, Run, Complete);
  add("files", options->files, "FILE", "Audio files, or folders of them; - for standard input");
  add("--list", options->list, "LIST", "More files, one path a line; - for standard input");
  add.Required("-o,--output", options->output, "OUT",
               "Where the embeddings go; - for standard output");
  add("--format", options->format, "NAME",
      "npy: a NumPy array [files, dimensions] of float32; kaldi: a text archive; jsonl: a JSON "
      "object a line (default: by the ending of OUT: .npy, .ark, .jsonl)",
      OneOf({"npy", "kaldi", "jsonl"}));
  add.Flag(
      "--skip-bad", options->skip_bad,
      "End with 0 although files could not be used, whose rows are NaN (JSON: null); else with 1");
  AddShardOption(add.command, options->shard, "Embed the I-th of N equal parts of the files");
  AddNetworkOptions(add.command, options->network);
  AddReadOptions(add.command, options->network.engine.read, true);
  add("--features", options->features, "NAME",
      "The model is a TorchScript network trained elsewhere that takes [1, frames, bins] of "
      "features as its family makes them: wespeaker, 3dspeaker, fbank80, titanet, "
      "speechbrain or resemblyzer");
}

}  // namespace vpr::cli
