#include "cli/embedding_run.h"

#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>

#include "cli/command.h"
#include "cli/usage.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr::cli {
namespace {

std::string CheckDevice(const std::string& device) {
  const std::string digits = device.starts_with("cuda:") ? device.substr(5) : "";
  if (device == "auto" || device == "cpu" || device == "cuda" ||
      (!digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos)) {
    return {};
  }
  return "must be auto, cpu, cuda or cuda:N, found " + device;
}

}  // namespace

// "0.1%", "0.1 %" or "0.001" as 0.001; nothing if it is no rate.
std::optional<double> ParseRate(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  double rate = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (percent) rate /= 100;
  return rate > 0 && rate < 1 ? std::optional(rate) : std::nullopt;
}

CLI::Validator FiniteNumber() {
  return CLI::Validator(
      [](const std::string& text) {
        double value = 0;
        return CLI::detail::lexical_cast(text, value) && std::isfinite(value)
                   ? std::string()
                   : "must be a number, found " + text;
      },
      "");
}

CLI::Option* AddFpirOption(CLI::App& command, double& fpir) {
  return command
      .add_option_function<std::string>(
          "--fpir", [&fpir](const std::string& text) { fpir = ParseRate(text).value(); },
          "Of strangers, this share may be taken for somebody enrolled, as 5% or 0.05")
      ->check(CLI::Validator(
          [](const std::string& text) {
            const std::optional<double> rate = ParseRate(text);
            return rate && *rate >= 1e-9 && *rate <= 0.5
                       ? std::string()
                       : "must be a rate up to 50%, as 5% or 0.05, found " + text;
          },
          ""))
      ->type_name("RATE")
      ->default_str("5%");
}

void AddNetworkOptions(CLI::App& command, NetworkOptions& options) {
  command
      .add_option("-m,--model", options.model,
                  "Model file (default: $VPR_MODEL, else the model that came with vpr)")
      ->type_name("FILE");
  AddDeviceOptions(command, options.engine);
}

void AddDeviceOptions(CLI::App& command, ExtractorOptions& engine) {
  command
      .add_option("--device", engine.device,
                  "Where the network runs: auto (the CPU; with --backend libtorch a GPU if there "
                  "is one), cpu, cuda or cuda:N")
      ->check(CLI::Validator(CheckDevice, ""))
      ->type_name("NAME")
      ->capture_default_str();
  command
      .add_option("--backend", engine.backend,
                  "What runs it: auto (oneDNN on a CPU, LibTorch on a GPU), onednn or libtorch")
      ->check(OneOf({"auto", "onednn", "libtorch"}))
      ->type_name("NAME")
      ->capture_default_str();
  command
      .add_option("--threads", engine.threads,
                  "Files worked on at once; 0: as many as there are cores")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N")
      ->capture_default_str();
}

void AddThresholdOptions(CLI::App& command, ThresholdChoice& choice,
                         const std::string& default_threshold) {
  CLI::Option* threshold =
      command
          .add_option("-t,--threshold", choice.threshold,
                      "Same speaker from this score on (default: " + default_threshold + ")")
          ->check(FiniteNumber())
          ->type_name("SCORE");
  command
      .add_option_function<std::string>(
          "--fmr", [&choice](const std::string& text) { choice.fmr = ParseRate(text); },
          "The model's threshold for this false match rate: 1%, 0.1% or 0.01%")
      ->check(CLI::Validator(
          [](const std::string& text) {
            return ParseRate(text) ? std::string()
                                   : "must be a rate as 0.1% or 0.001, found " + text;
          },
          ""))
      ->type_name("RATE")
      ->excludes(threshold);
}

DecisionThreshold Told(ChosenThreshold chosen) {
  if (!chosen.warning.empty()) spdlog::warn("{}", chosen.warning);
  return std::move(chosen.decision);
}

void AddTrialOptions(CLI::App& command, TrialSource& options) {
  command
      .add_option(
          "--trials", options.lists,
          "Lists of \"1|0 enroll test\" (VoxCeleb), \"enroll test target|nontarget\" (Kaldi) "
          "or \"enroll test 1|0\" (CN-Celeb), of speakers the model was not trained on")
      ->type_name("LIST");
  command
      .add_option(
          "--enroll", options.enroll,
          "The files of the enrollments named in the lists: lines \"name file [file ...]\"; "
          "a name that is not in it is a file")
      ->type_name("FILE");
  command.add_option("--audio-root", options.audio_root, "The folder the lists' names are below")
      ->type_name("DIR")
      ->capture_default_str();
}

}  // namespace vpr::cli
