// vpr eval: error rates on trial lists.
#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/command.h"
#include "cli/embedding_run.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/eval/bootstrap.h"
#include "vpr/eval/metrics.h"
#include "vpr/eval/trials.h"

namespace vpr::cli {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct EvalOptions {
  std::vector<std::string> trials, scores;
  std::string audio_root = ".", scores_out;
  std::optional<double> threshold;
  bool llr = false, intervals = true, json = false;
  NetworkOptions network;
};

// The rates, each with an interval; NaN where there is none: act_dcf and cllr are of LLRs, fmr and
// fnmr at the model's decision threshold.
constexpr const char* kRateNames[] = {"eer",          "min_dcf_0.01", "min_dcf_0.05",
                                      "act_dcf_0.01", "act_dcf_0.05", "cllr",
                                      "min_cllr",     "fmr",          "fnmr"};

// What one list gives.
struct Row {
  std::string list;
  std::vector<double> rates;  // as kRateNames
  std::vector<Interval> intervals;
  double eer_threshold = 0, decision_threshold = kNone;
  std::size_t targets = 0, nontargets = 0;
  // With audio only: files named by the list, those that could not be used, trials lost with them.
  std::size_t files = 0, unusable_files = 0, excluded_trials = 0;

  double fta() const { return static_cast<double>(unusable_files) / static_cast<double>(files); }
};

// Scores, and LLRs (empty if there are none), of the same trials.
struct ScoredList {
  std::vector<ScoredTrial> scores, llrs;
  std::vector<TrialSpeakers> speakers;  // empty: unknown
};

Row Evaluate(const std::string& list, const ScoredList& scored, double decision_threshold,
             bool intervals) {
  Row row;
  row.list = list;
  row.decision_threshold = decision_threshold;
  for (const ScoredTrial& trial : scored.scores) ++(trial.target ? row.targets : row.nontargets);
  auto of_scores = [&](const std::vector<ScoreBin>& bins) -> std::vector<double> {
    const std::vector<DetPoint> det = ComputeDet(bins);
    const DetPoint errors = std::isnan(decision_threshold) ? DetPoint{kNone, kNone, kNone}
                                                           : ErrorsAt(bins, decision_threshold);
    return {ComputeEer(det).eer, ComputeMinDcf(det, 0.01), ComputeMinDcf(det, 0.05), errors.p_fa,
            errors.p_miss};
  };
  auto of_llrs = [&](const std::vector<ScoreBin>& bins) -> std::vector<double> {
    return {ComputeDcf(ErrorsAt(bins, BayesThreshold(0.01)), 0.01),
            ComputeDcf(ErrorsAt(bins, BayesThreshold(0.05)), 0.05), ComputeCllr(bins),
            ComputeMinCllr(bins)};
  };
  auto merge = [](const auto& a, const auto& b) {  // in the order of kRateNames
    return std::vector{a[0], a[1], a[2], b[0], b[1], b[2], b[3], a[3], a[4]};
  };
  const Interval no_interval{kNone, kNone};
  try {
    const std::vector<ScoreBin> bins = BinScores(scored.scores);
    row.eer_threshold = ComputeEer(ComputeDet(bins)).threshold;
    std::vector<double> llr_rates(4, kNone);
    std::vector<Interval> score_intervals(5, no_interval), llr_intervals(4, no_interval);
    if (intervals) score_intervals = BootstrapIntervals(scored.scores, scored.speakers, of_scores);
    if (!scored.llrs.empty()) {
      llr_rates = of_llrs(BinScores(scored.llrs));
      if (intervals) llr_intervals = BootstrapIntervals(scored.llrs, scored.speakers, of_llrs);
    }
    row.rates = merge(of_scores(bins), llr_rates);
    row.intervals = merge(score_intervals, llr_intervals);
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
  const EmbeddingExtractor extractor =
      EmbeddingExtractor::Open(FindModel(options.network.model), options.network.engine);
  const DecisionThreshold& decision = extractor.info().decision;
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
    ScoredList scored;
    SpeakerFinder finder;
    std::set<std::size_t> files;
    for (std::size_t j = 0; j < lists[i].trials.size(); ++j) {
      const Trial& trial = lists[i].trials[j];
      const auto [enroll, test] = lists[i].files[j];
      files.insert({enroll, test});
      const std::optional<Score> score = scorer.Score(enroll, test);
      if (!score) continue;
      scored.scores.push_back({score->value, trial.target});
      if (extractor.scorer().calibrated()) scored.llrs.push_back({score->llr, trial.target});
      finder.Add(trial.enroll, trial.test, trial.target);
      if (scores_out) {
        scores_out->Write(Format("%s\t%s\t%.9g\t%s\n", trial.enroll.c_str(), trial.test.c_str(),
                                 score->value, trial.target ? "target" : "nontarget"));
      }
    }
    scored.speakers = finder.Speakers();
    const double threshold =
        options.threshold.value_or(decision.basis.empty() ? kNone : decision.threshold);
    Row row = Evaluate(options.trials[i], scored, threshold, options.intervals);
    row.files = files.size();
    for (std::size_t file : files) row.unusable_files += scorer.usable(file) ? 0 : 1;
    row.excluded_trials = lists[i].trials.size() - scored.scores.size();
    rows.push_back(row);
  }
  if (scores_out) scores_out->Commit();
  return rows;
}

void PrintTable(const std::vector<Row>& rows) {
  auto percent = [](double rate) { return std::isnan(rate) ? "-" : Format("%.2f %%", 100 * rate); };
  auto number = [](double value) { return std::isnan(value) ? "-" : Format("%.3f", value); };
  std::string table =
      Format("%8s %8s %9s %18s %12s %12s %12s %7s %8s %9s %9s %9s %8s  %s\n", "trials", "targets",
             "EER", "95 % interval", "minDCF(0.01)", "minDCF(0.05)", "actDCF(0.01)", "Cllr",
             "min Cllr", "threshold", "FMR", "FNMR", "FTA", "list");
  for (const Row& row : rows) {
    const std::vector<double>& r = row.rates;
    const Interval& eer = row.intervals[0];
    table += Format(
        "%8zu %8zu %9s %18s %12s %12s %12s %7s %8s %9.4f %9s %9s %8s  %s\n",
        row.targets + row.nontargets, row.targets, percent(r[0]).c_str(),
        std::isnan(eer.low) ? "-"
                            : Format("%.2f .. %.2f %%", 100 * eer.low, 100 * eer.high).c_str(),
        number(r[1]).c_str(), number(r[2]).c_str(), number(r[3]).c_str(), number(r[5]).c_str(),
        number(r[6]).c_str(), row.eer_threshold, percent(r[7]).c_str(), percent(r[8]).c_str(),
        row.files == 0 ? "-" : Format("%.2f %%", 100 * row.fta()).c_str(),
        Printable(row.list).c_str());
  }
  Print(table);
}

void PrintJson(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    nlohmann::ordered_json json = {{"list", row.list}};
    for (std::size_t k = 0; k < row.rates.size(); ++k) {
      const std::string name = kRateNames[k];
      json[name] = nullptr;
      json[name + "_ci95"] = nullptr;
      if (std::isnan(row.rates[k])) continue;
      json[name] = row.rates[k];
      if (!std::isnan(row.intervals[k].low))
        json[name + "_ci95"] = {row.intervals[k].low, row.intervals[k].high};
    }
    json["fta"] = nullptr;
    json["trials"] = row.targets + row.nontargets;
    json["targets"] = row.targets;
    json["nontargets"] = row.nontargets;
    json["threshold"] = row.eer_threshold;
    json["decision_threshold"] = nullptr;
    if (!std::isnan(row.decision_threshold)) json["decision_threshold"] = row.decision_threshold;
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
    for (const std::string& path : options.scores) {
      ScoreList read = ReadScores(path);
      ScoredList scored{std::move(read.scores), {}, std::move(read.speakers)};
      if (options.llr) scored.llrs = scored.scores;
      rows.push_back(Evaluate(path, scored, options.threshold.value_or(kNone), options.intervals));
    }
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
  command->add_flag("--llr", options->llr,
                    "The scores of --scores are natural logarithms of likelihood ratios: also "
                    "actDCF and Cllr");
  command
      ->add_option("-t,--threshold", options->threshold,
                   "FMR and FNMR at this score (default: the model's own threshold)")
      ->type_name("SCORE");
  command->add_flag("!--no-intervals", options->intervals, "Leave the confidence intervals out");
  command->add_flag("--json", options->json, "One JSON object a list, each on a line");
  AddNetworkOptions(*command, options->network);
  command->footer(
      "EER: equal error rate, interpolated, with a 95 % interval from resampling the speakers.\n"
      "minDCF(p): smallest detection cost at target prior p, both errors costing 1, normalised;\n"
      "actDCF(p): the cost when deciding by the calibrated LLR. Cllr: cost of the LLR in bits, "
      "and\n"
      "what the best calibration of these scores would give. Threshold: at the EER. FMR, FNMR: at\n"
      "the model's own threshold. FTA: share of files that could not be used; their trials are\n"
      "left out.\n"
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
