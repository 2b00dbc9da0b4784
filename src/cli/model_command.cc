// vpr model: about model files.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/model_import_command.h"
#include "cli/read_options.h"
#include "cli/usage.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/model/average.h"
#include "vpr/model/fusion.h"
#include "vpr/model/model_file.h"
#include "vpr/network/export.h"

namespace vpr::cli {
namespace {

using Json = nlohmann::ordered_json;

void AddModelArgument(CLI::App& command, std::string& model) {
  command
      .add_option("model", model,
                  "Model file (default: $VPR_MODEL, else the model that came with vpr)")
      ->type_name("MODEL");
}

struct InfoOptions {
  std::string model;
  bool json = false;
};

// A leaf, or a list of leaves, as it is read: "16, 32, 64".
std::string Shown(const Json& value) {
  if (value.is_string()) return Printable(value.get<std::string>());
  if (value.is_number_float()) return Format("%.10g", value.get<double>());
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const Json& one : value) text += (text.empty() ? "" : ", ") + Shown(one);
  return text.empty() ? "none" : text;
}

// Every leaf as "training.epochs  20", those of a list as "networks.1.architecture  resnet".
void AppendLines(const Json& json, const std::string& prefix, std::string& text) {
  std::size_t number = 0;
  for (const auto& [key, value] : json.items()) {
    const std::string name = prefix + (json.is_array() ? std::to_string(++number) : key);
    const bool is_list =
        value.is_array() && std::any_of(value.begin(), value.end(),
                                        [](const Json& one) { return one.is_structured(); });
    if (value.is_object() || is_list) {
      AppendLines(value, name + ".", text);
    } else {
      text += Format("%-34s %s\n", Printable(name).c_str(), Shown(value).c_str());
    }
  }
}

int RunInfo(const InfoOptions& options) {
  const std::string path = FindModel(options.model);
  const Model model = LoadModel(path);
  Json json = {{"model", path}};
  json.update(Json::parse(InfoAsJson(model.info)));
  std::size_t weights = 0;
  for (const Tensor& tensor : model.tensors) weights += tensor.data.size();
  json["weights"] = weights;
  if (options.json) {
    Print(ToLine(json, 1));
    return kExitDone;
  }
  std::string text;
  AppendLines(json, "", text);
  Print(text);
  return kExitDone;
}

struct AverageOptions {
  std::vector<std::string> models;
  std::vector<double> weights;
  std::string output;
};

int RunAverage(const AverageOptions& options) {
  std::vector<Model> models;
  for (const std::string& path : options.models) models.push_back(LoadModel(path));
  std::vector<double> weights = options.weights;
  if (weights.empty()) weights.assign(models.size(), 1.0);
  Model mean = AverageModels(models, weights);
  SaveModel(options.output, mean);
  Print(Format("%s: the average of %zu networks, without thresholds; next: vpr adapt\n",
               Printable(options.output).c_str(), models.size()));
  return kExitDone;
}

struct ExportOptions {
  std::string model, onnx, torchscript;
};

int RunExport(const ExportOptions& options) {
  const Model model = LoadModel(FindModel(options.model));
  if (!options.onnx.empty()) WriteFileAtomically(options.onnx, OnnxFile(model));
  if (!options.torchscript.empty())
    WriteFileAtomically(options.torchscript, TorchScriptFile(model));
  return kExitDone;
}

void AddExportCommand(CLI::App& model, Context& context) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command =
      model.add_subcommand("export", "The network for other programs: ONNX, TorchScript");
  AddModelArgument(*command, options->model);
  command->add_option("--onnx", options->onnx, "Write an ONNX file")
      ->check(FileEnding({".onnx"}))
      ->type_name("OUT");
  command->add_option("--torchscript", options->torchscript, "Write a TorchScript file")
      ->check(FileEnding({".pt", ".pth", ".ts"}))
      ->type_name("OUT");
  command->footer(
      "The network takes the features [batch, frames, bands] that \"vpr features\" makes with the "
      "model's\n"
      "settings, which are in the file, and gives embeddings [batch, dimensions] before they are "
      "scaled\n"
      "to length 1.\n"
      "Example:\n"
      "  vpr model export --onnx voices.onnx --torchscript voices.pt");
  command->callback([options, &context] {
    if (options->onnx.empty() && options->torchscript.empty()) {
      throw CLI::ValidationError("export", "give --onnx OUT or --torchscript OUT");
    }
    context.run = [options] { return RunExport(*options); };
  });
}

struct FuseOptions {
  std::vector<std::string> models;
  std::string output;
};

int RunFuse(const FuseOptions& options) {
  std::vector<Model> models;
  for (const std::string& path : options.models) models.push_back(LoadModel(path));
  Model fusion = FuseModels(models);
  SaveModel(options.output, fusion);
  Print(Format("%s: %zu networks, without thresholds; next: vpr adapt\n",
               Printable(options.output).c_str(), models.size()));
  return kExitDone;
}

void AddFuseCommand(CLI::App& model, Context& context) {
  auto options = std::make_shared<FuseOptions>();
  CLI::App* command =
      model.add_subcommand("fuse", "Several networks, of any kinds, that make embeddings together");
  command->add_option("models", options->models, "Model files")
      ->required()
      ->expected(2, 16)
      ->type_name("MODEL...");
  command->add_option("-o,--output", options->output, "Model file to write")
      ->required()
      ->type_name("MODEL");
  command->footer(
      "The networks must have been trained on the same features. A recording's embedding is "
      "theirs, "
      "each\n"
      "of length 1, one after the other.\n"
      "Example:\n  vpr model fuse resnet.vpr ecapa.vpr -o both.vpr\n"
      "  vpr adapt data/mine --model both.vpr -o mine.vpr    # PLDA, cohort and thresholds for it");
  command->callback([options, &context] { context.run = [options] { return RunFuse(*options); }; });
}

struct PartOptions {
  std::string model, output;
  std::size_t number = 1;
};

int RunPart(const PartOptions& options) {
  const std::string path = FindModel(options.model);
  const Model model = LoadModel(path);
  if (model.info.architecture != kFusion)
    throw Error(ErrorCode::kIncompatible,
                "'" + Printable(path) + "' is one network (" + model.info.architecture +
                    "), not a fusion: there is nothing to take out of it");
  std::vector<Model> parts = PartsOf(model);
  if (options.number < 1 || options.number > parts.size())
    throw Error(ErrorCode::kInvalidArgument,
                Format("'%s' has networks 1 to %zu, not %zu", Printable(path).c_str(), parts.size(),
                       options.number));
  SaveModel(options.output, parts[options.number - 1]);
  Print(Format("%s: %s, without thresholds; next: vpr adapt\n", Printable(options.output).c_str(),
               parts[options.number - 1].info.architecture.c_str()));
  return kExitDone;
}

void AddPartCommand(CLI::App& model, Context& context) {
  auto options = std::make_shared<PartOptions>();
  CLI::App* command =
      model.add_subcommand("part", "One of the networks of a fusion, as a model of its own");
  AddModelArgument(*command, options->model);
  command->add_option("--number", options->number, "Which one, in their order, from 1")
      ->type_name("N")
      ->capture_default_str();
  command->add_option("-o,--output", options->output, "Model file to write")
      ->required()
      ->type_name("OUT");
  command->footer(
      "Example:\n  vpr model part both.vpr --number 2 -o ecapa.vpr\n"
      "  vpr model fuse resnet.vpr ecapa.vpr -o other.vpr");
  command->callback([options, &context] { context.run = [options] { return RunPart(*options); }; });
}

struct QuantizeOptions {
  std::string model, output, type = "int8";
};

int RunQuantize(const QuantizeOptions& options) {
  Model model = LoadModel(FindModel(options.model));
  QuantizeWeights(model, options.type == "int8" ? WeightType::kInt8 : WeightType::kFloat16);
  SaveModel(options.output, model);
  return kExitDone;
}

void AddQuantizeCommand(CLI::App& model, Context& context) {
  auto options = std::make_shared<QuantizeOptions>();
  CLI::App* command =
      model.add_subcommand("quantize", "A smaller model: weights in float16 or int8");
  AddModelArgument(*command, options->model);
  command->add_option("-o,--output", options->output, "The new model file")
      ->required()
      ->type_name("OUT");
  command->add_option("--type", options->type, "Of the weights")
      ->type_name("NAME")
      ->check(OneOf({"float16", "int8"}))
      ->capture_default_str();
  command->footer(
      "int8: weights take a quarter of the space, and convolutions run in int8 on a CPU, which is\n"
      "faster on processors with AVX512-VNNI. float16: half the space, computed with as before.\n"
      "Embeddings are slightly different: enroll anew, and \"vpr calibrate\" for exact "
      "thresholds.\n"
      "Example:\n"
      "  vpr model quantize voices.vpr -o voices-int8.vpr");
  command->callback(
      [options, &context] { context.run = [options] { return RunQuantize(*options); }; });
}

}  // namespace

void AddModelCommand(CLI::App& app, Context& context) {
  CLI::App* model = app.add_subcommand("model", "About model files");
  model->require_subcommand(1);
  auto options = std::make_shared<InfoOptions>();
  CLI::App* info = model->add_subcommand("info", "Everything a model file says of itself");
  AddModelArgument(*info, options->model);
  info->add_flag("--json", options->json, "As JSON");
  auto average_options = std::make_shared<AverageOptions>();
  CLI::App* average = model->add_subcommand(
      "average", "The mean of the weights of several stages, or fine-tunings, of one training");
  average->add_option("models", average_options->models, "Model files")
      ->required()
      ->expected(2, 1000)
      ->type_name("MODEL...");
  average->add_option("--weights", average_options->weights, "One for each model (all the same)")
      ->delimiter(',')
      ->type_name("W,W,...");
  average->add_option("-o,--output", average_options->output, "Model file to write")
      ->required()
      ->type_name("MODEL");
  average->footer(
      "Example:\n  vpr model average voices.vpr tuned.vpr -o both.vpr\n"
      "  vpr adapt data/mine --model both.vpr -o mine.vpr    # PLDA, cohort and thresholds for it");
  average->callback([average_options, &context] {
    context.run = [average_options] { return RunAverage(*average_options); };
  });
  model->footer("Example:\n  vpr model info voices.vpr");
  info->footer("Example:\n  vpr model info voices.vpr --json");
  AddExportCommand(*model, context);
  AddFuseCommand(*model, context);
  AddPartCommand(*model, context);
  AddModelImportCommands(*model, context);
  AddQuantizeCommand(*model, context);
  info->callback([options, &context] { context.run = [options] { return RunInfo(*options); }; });
}

}  // namespace vpr::cli
