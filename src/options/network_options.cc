#include "options/network_options.h"

#include <cmath>

#include "options/declare.h"
#include "vpr/base/rate.h"

namespace vpr::cli {
namespace {

bool IsDevice(const std::string& device) {
  const std::string digits = device.starts_with("cuda:") ? device.substr(5) : "";
  return device == "auto" || device == "cpu" || device == "cuda" ||
         (!digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos);
}

CLI::Validator RateBetween(double least, double most, const std::string& wanted) {
  return MustBe("a rate " + wanted, [least, most](const std::string& text) {
    const std::optional<double> rate = ParseRate(text);
    return rate && *rate >= least && *rate <= most;
  });
}

}  // namespace

CLI::Validator FiniteNumber() {
  return MustBe("a number", [](const std::string& text) {
    double value = 0;
    return CLI::detail::lexical_cast(text, value) && std::isfinite(value);
  });
}

CLI::Option* AddFpirOption(CLI::App& command, double& fpir) {
  return command
      .add_option_function<std::string>(
          "--fpir", [&fpir](const std::string& text) { fpir = ParseRate(text).value(); },
          "Of strangers, this share may be taken for somebody enrolled, as 5% or 0.05")
      ->check(RateBetween(1e-9, 0.5, "up to 50%, as 5% or 0.05"))
      ->type_name("RATE")
      ->default_str("5%");
}

void AddModelOption(CLI::App& command, std::string& model) {
  Declare{command}("-m,--model", model, "FILE",
                   "Model file (default: $VPR_MODEL, else the model that came with vpr)");
}

void AddDeviceOptions(CLI::App& command, ExtractorOptions& engine) {
  const Declare add{command};
  add.Default("--device", engine.device, "NAME",
              "Where the network runs: auto (the CPU; with --backend libtorch a GPU if there is "
              "one), cpu, cuda or cuda:N",
              MustBe("auto, cpu, cuda or cuda:N", IsDevice));
  add.Default("--backend", engine.backend, "NAME",
              "What runs it: auto (oneDNN on a CPU, LibTorch on a GPU), onednn or libtorch",
              OneOf({"auto", "onednn", "libtorch"}));
  add.Default("--threads", engine.threads, "N",
              "Files worked on at once; 0: as many as there are cores", CLI::Range(0, 1024));
}

void AddNetworkOptions(CLI::App& command, NetworkOptions& options) {
  AddModelOption(command, options.model);
  AddDeviceOptions(command, options.engine);
}

void AddThresholdOptions(CLI::App& command, ThresholdChoice& choice,
                         const std::string& default_threshold) {
  const Declare add{command};
  add("-t,--threshold", choice.threshold, "SCORE",
      "Same speaker from this score on (default: " + default_threshold + ")", FiniteNumber());
  command
      .add_option_function<std::string>(
          "--fmr", [&choice](const std::string& text) { choice.fmr = ParseRate(text); },
          "The model's threshold for this false match rate: 1%, 0.1% or 0.01%")
      ->check(RateBetween(0, 1, "as 0.1% or 0.001"))
      ->type_name("RATE")
      ->excludes("--threshold");
}

DecisionThreshold Told(ChosenThreshold chosen) {
  if (!chosen.warning.empty()) Warn(chosen.warning);
  return std::move(chosen.decision);
}

void AddTrialOptions(CLI::App& command, TrialSource& options) {
  const Declare add{command};
  add("--trials", options.lists, "LIST",
      "Lists of \"1|0 enroll test\" (VoxCeleb), \"enroll test target|nontarget\" (Kaldi) or "
      "\"enroll test 1|0\" (CN-Celeb), of speakers the model was not trained on");
  add("--enroll", options.enroll, "FILE",
      "The files of the enrollments named in the lists: lines \"name file [file ...]\"; a name "
      "that is not in it is a file");
  add.Default("--audio-root", options.audio_root, "DIR", "The folder the lists' names are below");
}

}  // namespace vpr::cli
