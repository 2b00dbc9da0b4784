// vpr embed: recordings to embeddings.
#include <CLI/CLI.hpp>
#include <limits>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/embedding_run.h"
#include "cli/file_list.h"
#include "cli/read_options.h"
#include "cli/usage.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/npy.h"
#include "vpr/base/text.h"
#include "vpr/model/embed_each.h"

namespace vpr::cli {
namespace {

struct EmbedOptions {
  std::vector<std::string> files;
  std::string list, output, format, features;
  bool skip_bad = false;
  Shard shard;
  NetworkOptions network;
};

// The format that goes with a file name, or nothing.
std::string FormatOf(const std::string& path) {
  for (const auto& [ending, format] :
       {std::pair(".npy", "npy"), {".ark", "kaldi"}, {".jsonl", "jsonl"}}) {
    if (path.ends_with(ending)) return format;
  }
  return {};
}

// The numbers with blanks or commas between; %.9g gives every float back exactly.
std::string Numbers(const float* row, std::size_t size, const char* separator) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    if (i > 0) text += separator;
    text += Format("%.9g", static_cast<double>(row[i]));
  }
  return text;
}

std::string KaldiLine(const std::string& path, const float* row, std::size_t size) {
  return path + "  [ " + Numbers(row, size, " ") + " ]\n";
}

std::string JsonLine(const std::string& path, const float* row, std::size_t size, bool usable) {
  using Json = nlohmann::json;
  return "{\"path\": " + Json(path).dump(-1, ' ', false, Json::error_handler_t::replace) +
         ", \"embedding\": " + (usable ? "[" + Numbers(row, size, ", ") + "]" : "null") + "}\n";
}

std::vector<std::string> AllOf(const FileList& list) {
  std::vector<std::string> files;
  for (std::size_t i = 0; i < list.size(); ++i) files.push_back(list[i]);
  return files;
}

// One embedding after another, as they come.
class Writer {
 public:
  Writer(const EmbedOptions& options, std::size_t files, std::size_t dim)
      : format_(options.format) {
    if (format_ == "npy") {
      npy_.emplace(options.output, files, dim);
    } else if (options.output != "-") {
      text_.emplace(options.output);
    }
  }

  void Add(const std::string& path, const std::vector<float>& embedding, bool usable) {
    if (npy_) return npy_->Add(embedding);
    const std::string line = format_ == "kaldi"
                                 ? KaldiLine(path, embedding.data(), embedding.size())
                                 : JsonLine(path, embedding.data(), embedding.size(), usable);
    if (text_) {
      text_->Write(line);
    } else {
      Print(line);
    }
  }

  void Commit() {
    if (npy_) npy_->Commit();
    if (text_) text_->Commit();
  }

 private:
  std::string format_;
  std::optional<NpyWriter> npy_;
  std::optional<AtomicFile> text_;
};

int Run(const EmbedOptions& options, const Context& context) {
  const auto progress = MakeConsoleProgress(context);
  const std::vector<std::string> named = WithFolders(options.files, *progress);
  const FileList files =
      options.network.engine.read.separate
          ? FileList(AsAsked(AllOf(FileList(named, options.list, {})), options.network.engine.read),
                     {}, options.shard)
          : FileList(named, options.list, options.shard);
  if (options.format == "kaldi") {
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (files[i].find_first_of(" \t") == std::string::npos) continue;
      throw Error(ErrorCode::kInvalidArgument,
                  "'" + Printable(files[i]) +
                      "' holds a blank and cannot be a key of a Kaldi archive; use --format jsonl "
                      "or npy");
    }
  }
  const EmbeddingExtractor extractor =
      options.features.empty()
          ? EmbeddingExtractor::Open(FindModel(options.network.model), options.network.engine)
          : EmbeddingExtractor::OpenTorchScript(options.network.model, options.features,
                                                options.network.engine);
  const auto dim = static_cast<std::size_t>(extractor.info().embedding_dim);
  const std::vector<float> none(dim, std::numeric_limits<float>::quiet_NaN());
  Writer writer(options, files.size(), dim);
  std::size_t bad = 0;
  std::string reason;  // of the only file
  EmbedEach(
      files.size(), [&](std::size_t i) { return files[i]; }, extractor, *progress,
      CatchInterrupts(),
      [&](const EmbeddedFile& file) {
        if (file.failure) {
          reason = *file.failure;
          if (files.size() > 1 || !options.shard.whole()) progress->Warn(reason);
          ++bad;
        }
        writer.Add(file.path, file.failure ? none : file.embedding, !file.failure);
      });
  // The rows of a shard must not be missing among those of the others.
  if (bad == files.size() && options.shard.whole()) {
    throw Error(ErrorCode::kUnusable,
                bad == 1 ? reason : Format("none of %zu files can be used", bad));
  }
  writer.Commit();
  if (bad > 0) {
    progress->Warn(
        Format("%zu of %zu files cannot be used; their rows are NaN", bad, files.size()));
    if (!options.skip_bad) return kExitFailed;
  }
  return kExitDone;
}

}  // namespace

void AddEmbedCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<EmbedOptions>();
  CLI::App* command = app.add_subcommand("embed", "Recordings to embeddings of length 1");
  command
      ->add_option("files", options->files, "Audio files, or folders of them; - for standard input")
      ->type_name("FILE");
  command->add_option("--list", options->list, "More files, one path a line; - for standard input")
      ->type_name("LIST");
  command
      ->add_option("-o,--output", options->output, "Where the embeddings go; - for standard output")
      ->type_name("OUT")
      ->required();
  command
      ->add_option(
          "--format", options->format,
          "npy: a NumPy array [files, dimensions] of float32; kaldi: a text archive; jsonl: "
          "a JSON object a line (default: by the ending of OUT: .npy, .ark, .jsonl)")
      ->check(OneOf({"npy", "kaldi", "jsonl"}))
      ->type_name("NAME");
  command->add_flag("--skip-bad", options->skip_bad,
                    "End with 0 although files could not be used, whose rows are NaN (JSON: null); "
                    "else with 1");
  AddShardOption(*command, options->shard, "Embed the I-th of N equal parts of the files");
  AddNetworkOptions(*command, options->network);
  AddReadOptions(*command, options->network.engine.read, true);
  command
      ->add_option("--features", options->features,
                   "The model is a TorchScript network trained elsewhere that takes [1, frames, "
                   "bins] of features as its family makes them: wespeaker, 3dspeaker, fbank80, "
                   "titanet or speechbrain")
      ->type_name("NAME");
  command->footer(
      "Rows are in the order of the files; those of the shards 1/N to N/N one after another are "
      "those "
      "of\n"
      "all files. With --features the whole recording is embedded, silence included:\n"
      "  wespeaker   Hamming window, samples as 16-bit integers: what wespeaker trains\n"
      "  3dspeaker   Povey window, samples from -1 to 1: 3D-Speaker's CAM++, ERes2Net\n"
      "  fbank80     Povey window, samples as 16-bit integers: Kaldi; wespeaker's *_200k networks\n"
      "each 80 bins (\"wespeaker40\": 40) from 20 Hz to 8 kHz with their means subtracted.\n"
      "Example:\n"
      "  vpr embed recordings/*.wav -o embeddings.npy\n"
      "  vpr embed --list all.txt --shard 7/20 -o part7.ark\n"
      "  vpr embed --model campplus.pt --features 3dspeaker recordings/*.wav -o embeddings.npy");
  command->callback([options, &context] {
    if (options->files.empty() && options->list.empty()) {
      throw CLI::ValidationError("embed", "give audio files, or --list LIST");
    }
    if (!options->features.empty() && options->network.model.empty()) {
      throw CLI::ValidationError("embed", "--features needs --model NETWORK.pt");
    }
    if (options->format.empty()) options->format = FormatOf(options->output);
    if (options->format.empty()) {
      throw CLI::ValidationError("embed",
                                 "OUT ends in none of .npy, .ark and .jsonl: give --format");
    }
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
