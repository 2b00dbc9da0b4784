// vpr model: about model files.
#include "cli/command.h"
#include "options/network_options.h"
#include "options/read_options.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/file_list.h"
#include "vpr/base/text.h"
#include "vpr/clips/export_clips.h"
#include "vpr/model/average.h"
#include "vpr/model/fusion.h"
#include "vpr/model/known_score.h"
#include "vpr/network/export.h"
#include "vpr/network/import.h"
#include "vpr/print/model.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string model, output;
  std::vector<std::string> models;
  bool json = false;
  std::vector<double> weights;     // average
  std::string onnx, torchscript;   // export
  std::size_t number = 1;          // part
  std::string type = "int8";       // quantize
  std::string input, score;        // import
  ImportOptions import;            // import
  std::vector<std::string> files;  // check
  std::string list, reference;     // check
  double least = 0.9999;           // check
  ExtractorOptions engine;         // check
};

int Info(const Options& options, const Context&) {
  const std::string path = FindModel(options.model);
  const Model model = LoadModel(path);
  return Tell(options.json, model, path);
}

// Writes a model that others' networks were made into.
int Save(const Options& options, Model model, const std::string& what) {
  SaveModel(options.output, model);
  Print(MadeText(options.output, what));
  return kExitDone;
}

int Average(const Options& options, const Context&) {
  const std::vector<Model> models = LoadModels(options.models);
  return Save(options, AverageModels(models, options.weights),
              "the average of " + std::to_string(models.size()) + " networks");
}

// Classifiers of clips are exported and made smaller as models are.
int ExportClips(const Options& options) {
  if (!options.torchscript.empty())
    throw Error(ErrorCode::kInvalidArgument,
                "'" + Printable(options.model) +
                    "' is a classifier of clips, which become ONNX files alone: give --onnx OUT");
  WriteFileAtomically(options.onnx, ClipOnnxFile(LoadClipModel(options.model)));
  return kExitDone;
}

WeightType TypeOf(const Options& options) {
  return options.type == "int8" ? WeightType::kInt8 : WeightType::kFloat16;
}

int Export(const Options& options, const Context&) {
  if (HoldsClipModel(options.model)) return ExportClips(options);
  const Model model = LoadModel(FindModel(options.model));
  if (!options.onnx.empty()) WriteFileAtomically(options.onnx, OnnxFile(model));
  if (!options.torchscript.empty())
    WriteFileAtomically(options.torchscript, TorchScriptFile(model));
  return kExitDone;
}

int Fuse(const Options& options, const Context&) {
  return Save(options, FuseModels(LoadModels(options.models), options.weights),
              std::to_string(options.models.size()) + " networks");
}

int Part(const Options& options, const Context&) {
  const std::string path = FindModel(options.model);
  Model part = PartOf(LoadModel(path), options.number, path);
  const std::string architecture = part.info.architecture;
  return Save(options, std::move(part), architecture);
}

int Quantize(const Options& options, const Context&) {
  if (HoldsClipModel(options.model)) {
    ClipModel clips = LoadClipModel(options.model);
    QuantizeClipModel(clips, TypeOf(options));
    SaveClipModel(options.output, clips);
    return kExitDone;
  }
  Model model = LoadModel(FindModel(options.model));
  QuantizeWeights(model, TypeOf(options));
  SaveModel(options.output, model);
  return kExitDone;
}

int Import(const Options& options, const Context&) {
  ImportedModel imported = ImportModel(options.input, options.import, options.score);
  SaveModel(options.output, imported.model);
  Print(ImportedText(options.output, imported.model.info, imported.calibrated));
  return kExitDone;
}

int KeepScore(const Options& options, const Context&) {
  const Model model = LoadModel(FindModel(options.model));
  SaveKnownScore(options.output, model, NetworkAnswer(model));
  return kExitDone;
}

int Check(const Options& options, const Context& context) {
  const FileList files(options.files, options.list, {});
  const EmbeddingExtractor extractor = EmbeddingExtractor::Open(options.model, options.engine);
  const ReferenceCheck check = CheckReference(files, options.reference, extractor, options.least,
                                              *MakeConsoleProgress(context), CatchInterrupts());
  Print(options.json ? ToJson(check) : ToText(check));
  return check.below == 0 ? kExitDone : kExitFailed;
}

void CompleteExport(Options& options) {
  if (options.onnx.empty() && options.torchscript.empty())
    throw CLI::ValidationError("export", "give --onnx OUT or --torchscript OUT");
}

void CompleteCheck(Options& options) {
  if (options.files.empty() && options.list.empty())
    throw CLI::ValidationError("check", "give audio files, or --list LIST");
}

void AddModelArgument(const Declare& add, Options& options) {
  add("model", options.model, "MODEL",
      "Model file (default: $VPR_MODEL, else the model that came with vpr)");
}

}  // namespace

void AddModelCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App& model = AddGroup(app, "model", "About model files");

  const Declare info =
      AddCommand(model, context, "info", "Everything a model file says of itself", options, Info);
  AddModelArgument(info, *options);
  info.Flag("--json", options->json, "As JSON");

  const Declare average =
      AddCommand(model, context, "average",
                 "The mean of the weights of several stages, or fine-tunings, of one training",
                 options, Average);
  average.Required("models", options->models, "MODEL...", "Model files")->expected(2, 1000);
  average("--weights", options->weights, "W,W,...", "One for each model (all the same)")
      ->delimiter(',');
  average.Required("-o,--output", options->output, "MODEL", "Model file to write");

  const Declare exported =
      AddCommand(model, context, "export", "The network for other programs: ONNX, TorchScript",
                 options, Export, CompleteExport);
  AddModelArgument(exported, *options);
  exported("--onnx", options->onnx, "OUT", "Write an ONNX file", FileEnding({".onnx"}));
  exported("--torchscript", options->torchscript, "OUT", "Write a TorchScript file",
           FileEnding({".pt", ".pth", ".ts"}));

  const Declare fuse =
      AddCommand(model, context, "fuse",
                 "Several networks, of any kinds, that make embeddings together", options, Fuse);
  fuse.Required("models", options->models, "MODEL...", "Model files")->expected(2, 16);
  fuse("--weights", options->weights, "W,W,...",
       "How much each counts, one for each (all the same)")
      ->delimiter(',');
  fuse.Required("-o,--output", options->output, "MODEL", "Model file to write");

  const Declare part =
      AddCommand(model, context, "part", "One of the networks of a fusion, as a model of its own",
                 options, Part);
  AddModelArgument(part, *options);
  part.Default("--number", options->number, "N", "Which one, in their order, from 1");
  part.Required("-o,--output", options->output, "OUT", "Model file to write");

  const Declare imported = AddCommand(model, context, "import",
                                      "A network trained elsewhere, as a model", options, Import);
  imported.Required("network", options->input, "FILE",
                    "ONNX file; with --arch, weights written by PyTorch (torch.save)");
  imported.Required("-o,--output", options->output, "MODEL", "Model file to write");
  imported("--arch", options->import.architecture, "NAME",
           "The family whose weights they are: campplus (3D-Speaker's CAM++), ge2e (Resemblyzer)");
  imported("--front-end", options->import.front_end, "NAME",
           "The features it was trained on: wespeaker, 3dspeaker, titanet, speechbrain, "
           "resemblyzer (default: the family's, or what the ONNX file says)");
  imported(
      "--score", options->score, "FILE",
      "Its score and thresholds, from vpr model score (default: those that came with vpr, if it "
      "knows the network)");
  imported("--licence", options->import.licence, "TEXT", "Of the weights, kept in the model");
  imported("--credit", options->import.credit, "TEXT", "Who made them, kept in the model");

  const Declare check = AddCommand(model, context, "check",
                                   "Whether a model makes the embeddings that another program made",
                                   options, Check, CompleteCheck);
  check.Required("model", options->model, "MODEL", "Model file");
  check("files", options->files, "FILE", "Recordings, in the order of the rows");
  check("--list", options->list, "LIST", "More files, one path a line; - for standard input");
  check.Required("--reference", options->reference, "EMB.npy",
                 "The other program's embeddings of them, a NumPy array [files, dimensions]");
  check.Default("--least", options->least, "COSINE", "Cosine that every file must reach",
                FiniteNumber());
  check.Flag("--json", options->json, "As JSON");
  AddDeviceOptions(check.command, options->engine);
  AddReadOptions(check.command, options->engine.read);

  const Declare score = AddCommand(model, context, "score",
                                   "The score and thresholds of a calibrated model, without its "
                                   "network",
                                   options, KeepScore);
  score.Required("model", options->model, "MODEL", "Model file");
  score.Required("-o,--output", options->output, "FILE", "Score file to write");

  const Declare quantize = AddCommand(
      model, context, "quantize", "A smaller model: weights in float16 or int8", options, Quantize);
  AddModelArgument(quantize, *options);
  quantize.Required("-o,--output", options->output, "OUT", "The new model file");
  quantize.Default("--type", options->type, "NAME", "Of the weights", OneOf({"float16", "int8"}));
}

}  // namespace vpr::cli
