// vpr eval: error rates on trial lists.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/command.h"
#include "cli/embedding_run.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/eval/metrics.h"
#include "vpr/eval/trials.h"

namespace vpr::cli {
namespace {

struct EvalOptions {
  std::vector<std::string> trials, scores;
  std::string audio_root = ".", scores_out;
  bool json = false;
  NetworkOptions network;
};

// What one list gives.
struct Row {
  std::string list;
  Eer eer;
  double min_dcf_001 = 0, min_dcf_005 = 0;
  std::size_t targets = 0, nontargets = 0;
  // With audio only: files named by the list, those that could not be used, trials lost with them.
  std::size_t files = 0, unusable_files = 0, excluded_trials = 0;

  double fta() const { return static_cast<double>(unusable_files) / static_cast<double>(files); }
};

Row Evaluate(const std::string& list, const std::vector<ScoredTrial>& trials) {
  Row row;
  row.list = list;
  for (const ScoredTrial& trial : trials) ++(trial.target ? row.targets : row.nontargets);
  try {
    const std::vector<DetPoint> det = ComputeDet(trials);
    row.eer = ComputeEer(det);
    row.min_dcf_001 = ComputeMinDcf(det, 0.01);
    row.min_dcf_005 = ComputeMinDcf(det, 0.05);
  } catch (const Error& error) {
    throw Error(error.code(), "cannot evaluate '" + Printable(list) + "': " + error.what());
  }
  return row;
}

// The rows of trial lists; every file is embedded once for all of them.
std::vector<Row> EvaluateTrials(const EvalOptions& options, const Context& context) {
  struct List {
    std::vector<Trial> trials;
    std::vector<std::pair<std::size_t, std::size_t>> files;  // of each trial
  };
  std::vector<List> lists;
  FileScorer scorer;
  for (const std::string& path : options.trials) {
    List& list = lists.emplace_back();
    list.trials = ReadTrials(path);
    auto add = [&](const std::string& name) {
      return scorer.Add((std::filesystem::path(options.audio_root) / name).string());
    };
    for (const Trial& trial : list.trials)
      list.files.emplace_back(add(trial.enroll), add(trial.test));
  }
  EmbeddingExtractor extractor =
      EmbeddingExtractor::Open(FindModel(options.network.model), options.network.engine);
  const auto progress = MakeConsoleProgress(context);
  std::string first_reason;
  scorer.Embed(extractor, *progress, CatchInterrupts(), [&](const FailedFile& failed) {
    if (first_reason.empty()) first_reason = failed.reason;
    progress->Warn(failed.reason);
  });
  if (scorer.num_usable() == 0) {
    throw Error(ErrorCode::kUnusable,
                "no file of the trials can be used (is --audio-root right?), the first because: " +
                    first_reason);
  }

  std::vector<Row> rows;
  std::optional<AtomicFile> scores_out;
  if (!options.scores_out.empty()) scores_out.emplace(options.scores_out);
  for (std::size_t i = 0; i < lists.size(); ++i) {
    std::vector<ScoredTrial> scored;
    std::set<std::size_t> files;
    for (std::size_t j = 0; j < lists[i].trials.size(); ++j) {
      const Trial& trial = lists[i].trials[j];
      const auto [enroll, test] = lists[i].files[j];
      files.insert({enroll, test});
      const std::optional<double> score = scorer.Score(enroll, test);
      if (!score) continue;
      scored.push_back({*score, trial.target});
      if (scores_out) {
        scores_out->Write(Format("%s\t%s\t%.9g\t%s\n", trial.enroll.c_str(), trial.test.c_str(),
                                 *score, trial.target ? "target" : "nontarget"));
      }
    }
    Row row = Evaluate(options.trials[i], scored);
    row.files = files.size();
    for (std::size_t file : files) row.unusable_files += scorer.usable(file) ? 0 : 1;
    row.excluded_trials = lists[i].trials.size() - scored.size();
    rows.push_back(row);
  }
  if (scores_out) scores_out->Commit();
  return rows;
}

void PrintTable(const std::vector<Row>& rows) {
  std::string table =
      Format("%8s %8s %10s %9s %12s %12s %9s %8s  %s\n", "trials", "targets", "nontargets", "EER",
             "minDCF(0.01)", "minDCF(0.05)", "threshold", "FTA", "list");
  for (const Row& row : rows) {
    table += Format("%8zu %8zu %10zu %7.2f %% %12.4f %12.4f %9.4f %8s  %s\n",
                    row.targets + row.nontargets, row.targets, row.nontargets, 100 * row.eer.eer,
                    row.min_dcf_001, row.min_dcf_005, row.eer.threshold,
                    row.files == 0 ? "-" : Format("%.2f %%", 100 * row.fta()).c_str(),
                    Printable(row.list).c_str());
  }
  Print(table);
}

void PrintJson(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    nlohmann::ordered_json json = {{"list", row.list},
                                   {"eer", row.eer.eer},
                                   {"min_dcf_0.01", row.min_dcf_001},
                                   {"min_dcf_0.05", row.min_dcf_005},
                                   {"fta", nullptr},
                                   {"trials", row.targets + row.nontargets},
                                   {"targets", row.targets},
                                   {"nontargets", row.nontargets},
                                   {"threshold", row.eer.threshold}};
    if (row.files > 0) {
      json["fta"] = row.fta();
      json["files"] = row.files;
      json["unusable_files"] = row.unusable_files;
      json["excluded_trials"] = row.excluded_trials;
    }
    Print(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  }
}

int Run(const EvalOptions& options, const Context& context) {
  std::vector<Row> rows;
  if (options.scores.empty()) {
    rows = EvaluateTrials(options, context);
  } else {
    for (const std::string& path : options.scores) rows.push_back(Evaluate(path, ReadScores(path)));
  }
  if (options.json) {
    PrintJson(rows);
  } else {
    PrintTable(rows);
  }
  return kExitDone;
}

}  // namespace

void AddEvalCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App* command = app.add_subcommand("eval", "Error rates on trial lists");
  command
      ->add_option("--trials", options->trials,
                   "Lists of \"1|0 enroll test\" (VoxCeleb) or \"enroll test target|nontarget\" "
                   "(Kaldi); each gives a row")
      ->type_name("LIST");
  command->add_option("--audio-root", options->audio_root, "The folder the lists' names are below")
      ->type_name("DIR")
      ->capture_default_str();
  command
      ->add_option("--scores", options->scores,
                   "Instead of --trials: lists of \"enroll test score target|nontarget\" or "
                   "\"target|nontarget score\"; needs no audio and no model")
      ->type_name("FILE");
  command
      ->add_option("--scores-out", options->scores_out,
                   "Write the scores of the one list of trials, in the form --scores reads")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "One JSON object a list, each on a line");
  AddNetworkOptions(*command, options->network);
  command->footer(
      "EER: equal error rate, interpolated. minDCF(p): smallest detection cost at target prior p,\n"
      "both errors costing 1, normalised. Threshold: at the EER. FTA: share of files that could "
      "not\n"
      "be used; their trials are left out.\n"
      "Example:\n"
      "  vpr eval --trials veri_test2.txt --audio-root voxceleb1/wav");
  command->callback([options, &context] {
    if (options->trials.empty() == options->scores.empty()) {
      throw CLI::ValidationError("eval", "give either --trials or --scores");
    }
    if (!options->scores_out.empty() && options->trials.size() != 1) {
      throw CLI::ValidationError("eval", "--scores-out goes with exactly one --trials LIST");
    }
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
