#include "cli/embedding_run.h"

#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <span>

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

std::string Percent(double rate) { return Format("%.6g%%", 100 * rate); }

}  // namespace

void AddNetworkOptions(CLI::App& command, NetworkOptions& options) {
  command
      .add_option("-m,--model", options.model,
                  "Model file (default: $VPR_MODEL, else the model that came with vpr)")
      ->type_name("FILE");
  command
      .add_option("--device", options.engine.device,
                  "Where the network runs: auto, cpu, cuda or cuda:N")
      ->check(CLI::Validator(CheckDevice, ""))
      ->type_name("NAME")
      ->capture_default_str();
  command
      .add_option("--threads", options.engine.threads,
                  "Files embedded at once; 0: as many as there are cores")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N")
      ->capture_default_str();
}

void AddThresholdOptions(CLI::App& command, ThresholdOptions& options) {
  CLI::Option* threshold = command
                               .add_option("-t,--threshold", options.threshold,
                                           "Same speaker from this score on (default: the model's "
                                           "own threshold)")
                               ->type_name("SCORE");
  command
      .add_option("--fmr", options.fmr,
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

DecisionThreshold ChooseThreshold(const ThresholdOptions& options, const ModelInfo& info,
                                  const std::string& model) {
  if (options.threshold) return {*options.threshold, 0, 0, ""};
  if (info.decision.basis.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "model '" + Printable(model) +
                    "' has no decision threshold, since it was trained without held-out speakers; "
                    "give one with --threshold");
  }
  if (options.fmr.empty()) return info.decision;
  const double wanted = ParseRate(options.fmr).value();
  std::string known;
  for (const FmrThreshold& one : info.fmr_thresholds) {
    if (std::abs(one.wanted_fmr - wanted) < 1e-9) {
      if (!one.supported) {
        spdlog::warn(
            "the model's trials were too few to measure a false match rate of {}: its threshold is "
            "a guess",
            Percent(wanted));
      }
      const std::string& basis = info.decision.basis;  // "equal error rate over ..."
      const std::size_t over = std::min(basis.find(" over "), basis.size());
      return {one.threshold, one.fmr, one.fnmr,
              "wanted false match rate " + Percent(wanted) + basis.substr(over)};
    }
    known += (known.empty() ? "" : ", ") + Percent(one.wanted_fmr);
  }
  throw Error(ErrorCode::kInvalidArgument,
              "model '" + Printable(model) + "' has no threshold for a false match rate of " +
                  Percent(wanted) + (known.empty() ? "" : "; it has them for " + known));
}

std::vector<std::string> ReadList(const std::string& path) {
  const std::string text = ReadFile(path);
  std::vector<std::string> entries;
  for (std::string_view line : Lines(text)) {
    if (line.find_first_not_of(" \t") != std::string_view::npos) entries.emplace_back(line);
  }
  return entries;
}

std::size_t FileScorer::Add(const std::string& path) {
  const auto [entry, inserted] = index_.try_emplace(path, paths_.size());
  if (inserted) paths_.push_back(path);
  return entry->second;
}

void FileScorer::Embed(const EmbeddingExtractor& extractor, Progress& progress,
                       const StopRequested& stop,
                       const std::function<void(const FailedFile&)>& on_bad) {
  std::vector<bool> usable(paths_.size(), true);
  const EmbeddedFiles embedded =
      EmbedFiles(paths_, extractor, progress, stop, [&](const FailedFile& failed) {
        usable[failed.index] = false;
        on_bad(failed);
      });
  scorer_ = &extractor.scorer();
  voiceprints_.assign(paths_.size(), std::nullopt);
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    if (!usable[i]) continue;
    const std::span<const float> row(embedded.embeddings.row(i), embedded.embeddings.cols);
    voiceprints_[i] = scorer_->MakeVoiceprint(row, embedded.seconds[i]);
  }
}

std::size_t FileScorer::num_usable() const {
  return static_cast<std::size_t>(std::count_if(voiceprints_.begin(), voiceprints_.end(),
                                                [](const auto& one) { return one.has_value(); }));
}

std::optional<vpr::Score> FileScorer::Score(std::size_t a, std::size_t b) const {
  if (!usable(a) || !usable(b)) return std::nullopt;
  return scorer_->Compare(*voiceprints_[a], *voiceprints_[b]);
}

}  // namespace vpr::cli
