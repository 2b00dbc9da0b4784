#include "cli/model_import_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/embedding_run.h"
#include "cli/file_list.h"
#include "cli/read_options.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/npy.h"
#include "vpr/base/text.h"
#include "vpr/model/embed_each.h"
#include "vpr/model/known_score.h"
#include "vpr/network/import.h"
#include "vpr/score/cosine.h"

namespace vpr::cli {
namespace {

struct ImportCommandOptions {
  std::string input, output, score;
  ImportOptions import;
};

int RunImport(const ImportCommandOptions& options) {
  Model model =
      ImportNetwork(ReadFile(options.input),
                    std::filesystem::path(options.input).filename().string(), options.import);
  const std::vector<float> answer = NetworkAnswer(model);
  const std::string score = options.score.empty()
                                ? FindKnownScore(model.info.network_fingerprint, answer)
                                : options.score;
  if (!score.empty()) AttachKnownScore(score, answer, model);
  SaveModel(options.output, model);
  Print(
      Format("%s: %s, %d dimensions, %s\n", Printable(options.output).c_str(),
             Printable(model.info.architecture).c_str(), model.info.embedding_dim,
             score.empty() ? "uncalibrated; next: vpr calibrate" : "a known network: calibrated"));
  return kExitDone;
}

void AddImportCommand(CLI::App& model, Context& context) {
  auto options = std::make_shared<ImportCommandOptions>();
  CLI::App* command = model.add_subcommand("import", "A network trained elsewhere, as a model");
  command
      ->add_option("network", options->input,
                   "ONNX file; with --arch, weights written by PyTorch (torch.save)")
      ->required()
      ->type_name("FILE");
  command->add_option("-o,--output", options->output, "Model file to write")
      ->required()
      ->type_name("MODEL");
  command
      ->add_option("--arch", options->import.architecture,
                   "The family whose weights they are: campplus (3D-Speaker's CAM++)")
      ->type_name("NAME");
  command
      ->add_option("--front-end", options->import.front_end,
                   "The features it was trained on: wespeaker, 3dspeaker, titanet, speechbrain "
                   "(default: the family's, or what the ONNX file says)")
      ->type_name("NAME");
  command
      ->add_option("--score", options->score,
                   "Its score and thresholds, from vpr model score (default: those that came with "
                   "vpr, if it knows the network)")
      ->type_name("FILE");
  command->add_option("--licence", options->import.licence, "Of the weights, kept in the model")
      ->type_name("TEXT");
  command->add_option("--credit", options->import.credit, "Who made them, kept in the model")
      ->type_name("TEXT");
  command->footer(
      "The file is read as data: no code in it is ever run. Recordings are embedded whole, "
      "silence\n"
      "included, with the features that the family is trained on. ONNX files take features "
      "[batch,\n"
      "frames, bands] of any number of frames and give embeddings; what is not understood is "
      "named.\n"
      "Example:\n"
      "  vpr model import voxceleb_resnet34.onnx --front-end wespeaker -o resnet34.vpr\n"
      "  vpr model import campplus_cn_en_common.pt --arch campplus -o campplus.vpr \\\n"
      "    --licence Apache-2.0 --credit \"3D-Speaker, Alibaba\"");
  command->callback(
      [options, &context] { context.run = [options] { return RunImport(*options); }; });
}

struct ScoreOptions {
  std::string model, output;
};

int RunScore(const ScoreOptions& options) {
  const std::string path = FindModel(options.model);
  const Model model = LoadModel(path);
  SaveKnownScore(options.output, model, NetworkAnswer(model));
  return kExitDone;
}

void AddScoreCommand(CLI::App& model, Context& context) {
  auto options = std::make_shared<ScoreOptions>();
  CLI::App* command = model.add_subcommand(
      "score", "The score and thresholds of a calibrated model, without its network");
  command->add_option("model", options->model, "Model file")->required()->type_name("MODEL");
  command->add_option("-o,--output", options->output, "Score file to write")
      ->required()
      ->type_name("FILE");
  command->footer(
      "For whoever has the network already: vpr model import --score FILE.\n"
      "Example:\n  vpr model score campplus.vpr -o campplus.score");
  command->callback(
      [options, &context] { context.run = [options] { return RunScore(*options); }; });
}

struct CheckOptions {
  std::vector<std::string> files;
  std::string list, reference;
  double least = 0.9999;
  bool json = false;
  NetworkOptions network;
};

// Cosine, also with a reference that has another length than 1.
double CosineWith(std::vector<float> reference, const std::vector<float>& embedding) {
  Normalize(reference);
  double sum = 0;
  for (std::size_t i = 0; i < embedding.size(); ++i)
    sum += static_cast<double>(reference[i]) * static_cast<double>(embedding[i]);
  return sum;
}

int RunCheck(const CheckOptions& options, const Context& context) {
  const FileList files(options.files, options.list, {});
  const Matrix reference = ReadNpy(options.reference);
  const EmbeddingExtractor extractor =
      EmbeddingExtractor::Open(options.network.model, options.network.engine);
  const auto dim = static_cast<std::size_t>(extractor.info().embedding_dim);
  if (reference.rows != files.size() || reference.cols != dim)
    throw Error(
        ErrorCode::kIncompatible,
        Format("'%s' is %zu x %zu; %zu files and a network of %zu dimensions need %zu x %zu",
               Printable(options.reference).c_str(), reference.rows, reference.cols, files.size(),
               dim, files.size(), dim));
  const auto progress = MakeConsoleProgress(context);
  double lowest = 2, sum = 0;
  std::string worst;
  std::size_t compared = 0, left_out = 0, below = 0;
  EmbedEach(
      files.size(), [&](std::size_t i) { return files[i]; }, extractor, *progress,
      CatchInterrupts(),
      [&](const EmbeddedFile& file) {
        if (file.failure) {
          progress->Warn(*file.failure);
          ++left_out;
          return;
        }
        const float* row = reference.row(file.index);
        const double cosine = CosineWith({row, row + dim}, file.embedding);
        if (!std::isfinite(cosine))
          throw Error(ErrorCode::kUnusable,
                      Format("row %zu of '%s' has values that are no numbers", file.index + 1,
                             Printable(options.reference).c_str()));
        ++compared;
        sum += cosine;
        if (cosine < options.least) ++below;
        if (cosine >= lowest) return;
        lowest = cosine;
        worst = file.path;
      });
  if (compared == 0)
    throw Error(ErrorCode::kUnusable, Format("none of %zu files can be used", files.size()));
  const double mean = sum / static_cast<double>(compared);
  if (options.json) {
    const nlohmann::ordered_json json = {{"compared", compared}, {"left_out", left_out},
                                         {"lowest", lowest},     {"lowest_file", worst},
                                         {"mean", mean},         {"least", options.least},
                                         {"below", below}};
    PrintJson(json);
  } else {
    Print(Format("compared      %zu files (%zu left out)\n", compared, left_out) +
          Format("mean cosine   %.6f\nlowest cosine %.6f  %s\nbelow %-7.6g %zu files\n", mean,
                 lowest, Printable(worst).c_str(), options.least, below));
  }
  return below == 0 ? kExitDone : kExitFailed;
}

void AddCheckCommand(CLI::App& model, Context& context) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command = model.add_subcommand(
      "check", "Whether a model makes the embeddings that another program made");
  command->add_option("model", options->network.model, "Model file")
      ->required()
      ->type_name("MODEL");
  command->add_option("files", options->files, "Recordings, in the order of the rows")
      ->type_name("FILE");
  command->add_option("--list", options->list, "More files, one path a line; - for standard input")
      ->type_name("LIST");
  command
      ->add_option("--reference", options->reference,
                   "The other program's embeddings of them, a NumPy array [files, dimensions]")
      ->required()
      ->type_name("EMB.npy");
  command->add_option("--least", options->least, "Cosine that every file must reach")
      ->check(FiniteNumber())
      ->type_name("COSINE")
      ->capture_default_str();
  command->add_flag("--json", options->json, "As JSON");
  AddDeviceOptions(*command, options->network.engine);
  AddReadOptions(*command, options->network.engine.read);
  command->footer(
      "Ends with exit code 1 if one of them does not. Their lengths do not count.\n"
      "Example:\n  vpr model check campplus.vpr --reference theirs.npy recordings/*.wav");
  command->callback([options, &context] {
    if (options->files.empty() && options->list.empty())
      throw CLI::ValidationError("check", "give audio files, or --list LIST");
    context.run = [options, &context] { return RunCheck(*options, context); };
  });
}

}  // namespace

void AddModelImportCommands(CLI::App& model, Context& context) {
  AddImportCommand(model, context);
  AddCheckCommand(model, context);
  AddScoreCommand(model, context);
}

}  // namespace vpr::cli
