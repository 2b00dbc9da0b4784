// vpr model: about model files.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/model/model_file.h"

namespace vpr::cli {
namespace {

using Json = nlohmann::ordered_json;

struct InfoOptions {
  std::string model;
  bool json = false;
};

// Every leaf as "training.epochs  20".
void AppendLines(const Json& json, const std::string& prefix, std::string& text) {
  for (const auto& [name, value] : json.items()) {
    if (value.is_object()) {
      AppendLines(value, prefix + name + ".", text);
      continue;
    }
    const std::string shown = value.is_string()         ? Printable(value.get<std::string>())
                              : value.is_number_float() ? Format("%.10g", value.get<double>())
                                                        : value.dump();
    text += Format("%-34s %s\n", (prefix + name).c_str(), shown.c_str());
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
    Print(json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
    return kExitDone;
  }
  std::string text;
  AppendLines(json, "", text);
  Print(text);
  return kExitDone;
}

}  // namespace

void AddModelCommand(CLI::App& app, Context& context) {
  CLI::App* model = app.add_subcommand("model", "About model files");
  model->require_subcommand(1);
  auto options = std::make_shared<InfoOptions>();
  CLI::App* info = model->add_subcommand("info", "Everything a model file says of itself");
  info->add_option("model", options->model,
                   "Model file (default: $VPR_MODEL, else the model that came with vpr)")
      ->type_name("MODEL");
  info->add_flag("--json", options->json, "As JSON");
  model->footer("Example:\n  vpr model info voices.vpr");
  info->footer("Example:\n  vpr model info voices.vpr --json");
  info->callback([options, &context] { context.run = [options] { return RunInfo(*options); }; });
}

}  // namespace vpr::cli
