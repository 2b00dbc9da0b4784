// vpr eval: error rates on trial lists.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/command.h"
#include "cli/embedding_run.h"
#include "cli/read_options.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/identify/gallery.h"
#include "vpr/report/eval_report.h"

namespace vpr::cli {
namespace {

using Json = nlohmann::ordered_json;

struct EvalOptions {
  TrialOptions trials;
  std::vector<std::string> scores, by;
  std::string scores_out, metadata, plot_dir, html;
  std::optional<double> threshold;
  bool llr = false, intervals = true, json = false;
  NetworkOptions network;
};

Evaluation EvaluateNamed(const std::string& list, const ScoredList& scored, double threshold,
                         bool intervals) {
  try {
    return Evaluate(scored, threshold, intervals);
  } catch (const Error& error) {
    throw Error(error.code(), "cannot evaluate '" + Printable(list) + "': " + error.what());
  }
}

// A part of a list may hold one kind of trial only: then FMR or FNMR is all that can be said.
Evaluation EvaluatePart(const ScoredList& scored, double threshold, bool intervals) {
  std::size_t targets = 0, accepted = 0;
  for (const ScoredTrial& trial : scored.scores) {
    targets += trial.target ? 1 : 0;
    accepted += trial.score >= threshold ? 1 : 0;
  }
  const std::size_t all = scored.scores.size();
  if (targets > 0 && targets < all) return Evaluate(scored, threshold, intervals);
  Evaluation part;
  part.targets = targets;
  part.nontargets = all - targets;
  part.rates.assign(kNumRates, kNoRate);
  part.intervals.assign(kNumRates, {kNoRate, kNoRate});
  part.eer_threshold = kNoRate;
  part.decision_threshold = threshold;
  if (std::isnan(threshold)) return part;
  const double share = static_cast<double>(accepted) / static_cast<double>(all);
  part.rates[targets > 0 ? kFnmr : kFmr] = targets > 0 ? 1 - share : share;
  return part;
}

std::string DurationClass(double seconds) {
  return seconds < 2   ? "under 2 s"
         : seconds < 4 ? "2 to 4 s"
         : seconds < 8 ? "4 to 8 s"
                       : "over 8 s";
}

// The value of a property for each scored trial; both sides' where they differ.
using Property = std::pair<std::string, std::vector<std::string>>;

std::vector<ConditionReport> EvaluateConditions(const ScoredList& scored,
                                                const std::vector<Property>& properties,
                                                double threshold, bool intervals) {
  std::vector<ConditionReport> reports;
  for (const auto& [name, values] : properties) {
    for (const std::string& value : std::set(values.begin(), values.end())) {
      std::vector<bool> keep;
      for (const std::string& one : values) keep.push_back(one == value);
      reports.push_back({name, value, EvaluatePart(Select(scored, keep), threshold, intervals)});
    }
  }
  return reports;
}

// The threshold that 1:N is measured at: the one given, else that of vpr identify, else, where the
// model's trials were too few for that, the model's own.
double SearchThreshold(const EvalOptions& options, const EmbeddingExtractor& extractor,
                       std::size_t gallery, ListReport& report) {
  if (options.threshold) {
    report.identification_threshold = "of --threshold";
    return *options.threshold;
  }
  constexpr double kFpir = 0.05;
  try {
    const double threshold = FindOpenSetThreshold(extractor.info(), kFpir, gallery).threshold;
    report.identification_threshold = "of vpr identify for a FPIR of 5 %";
    return threshold;
  } catch (const Error&) {
    const DecisionThreshold& decision = extractor.info().decision;
    report.identification_threshold =
        decision.basis.empty() ? "none: the model has no calibration" : "of the model, at its EER";
    return decision.basis.empty() ? kNoRate : decision.threshold;
  }
}

// Each speaker's first file enrolls it; the others search for it. `sides`: of the speakers.
void Identify(const EvalOptions& options, const FileScorer& scorer,
              const EmbeddingExtractor& extractor,
              const std::vector<std::vector<std::size_t>>& sides_of, ListReport& report) {
  std::vector<std::vector<std::size_t>> gallery;
  for (const std::vector<std::size_t>& sides : sides_of) {
    if (sides.size() >= 2) gallery.push_back(sides);
  }
  if (gallery.size() < 2) {
    report.no_identification = "fewer than two speakers have two files";
    return;
  }
  std::vector<Search> searches;
  for (std::size_t s = 0; s < gallery.size(); ++s) {
    for (std::size_t i = 1; i < gallery[s].size(); ++i) {
      Search search{static_cast<std::uint32_t>(s), 0, -std::numeric_limits<double>::infinity()};
      for (std::size_t g = 0; g < gallery.size(); ++g) {
        const double score = scorer.Score(gallery[g][0], gallery[s][i])->value;
        if (g == s)
          search.own = score;
        else
          search.best_other = std::max(search.best_other, score);
      }
      searches.push_back(search);
    }
  }
  report.identification = EvaluateSearches(
      searches, gallery.size(), SearchThreshold(options, extractor, gallery.size(), report),
      options.intervals);
}

// The column "speaker" of the metadata, if there is one; "-" is nobody.
SpeakerFinder::Label SpeakerLabel(const Metadata& metadata) {
  static constexpr char kColumn[] = "speaker";
  if (std::find(metadata.columns.begin(), metadata.columns.end(), kColumn) ==
      metadata.columns.end())
    return nullptr;
  return [&metadata](std::string_view name) {
    std::string speaker = metadata.Value(std::string(name), kColumn);
    return speaker == "-" ? std::string() : speaker;
  };
}

std::string Describe(const FoundSpeakers& found) {
  return found.by == FoundSpeakers::By::kLabels  ? "the column \"speaker\" of the metadata"
         : found.by == FoundSpeakers::By::kNames ? found.rule
                                                 : "the target trials";
}

// Trial by trial what a list of files gives.
ListReport EvaluateList(const EvalOptions& options, const TrialList& list, const FileScorer& scorer,
                        const EmbeddingExtractor& extractor, const Metadata& metadata,
                        Progress& progress, AtomicFile* scores_out) {
  const DecisionThreshold& decision = extractor.info().decision;
  const double threshold =
      options.threshold.value_or(decision.basis.empty() ? kNoRate : decision.threshold);
  ListReport report;
  report.list = list.path;
  ScoredList& scored = report.scored;
  std::vector<ScoredTrial> cosines;
  SpeakerFinder finder;
  std::vector<Property> properties;
  for (const std::string& name : options.by) properties.push_back({name, {}});
  const bool has_own = list.conditions.size() > 1;
  if (has_own) properties.push_back({"condition", {}});
  std::set<std::size_t> files;
  for (std::size_t side : list.sides)
    files.insert(scorer.Files(side).begin(), scorer.Files(side).end());
  // Millions of trials: vectors that grow would take twice the memory.
  scored.scores.reserve(list.trials.size());
  cosines.reserve(list.trials.size());
  if (extractor.scorer().calibrated()) scored.llrs.reserve(list.trials.size());
  for (const TrialList::Entry& trial : list.trials) {
    const std::size_t enroll = list.sides[trial.enroll], test = list.sides[trial.test];
    const std::string &enroll_name = list.names[trial.enroll], &test_name = list.names[trial.test];
    const std::optional<Score> score = scorer.Score(enroll, test);
    if (!score) continue;
    scored.scores.push_back({score->value, trial.target});
    cosines.push_back({score->cosine, trial.target});
    if (extractor.scorer().calibrated()) scored.llrs.push_back({score->llr, trial.target});
    finder.Add(enroll_name, test_name, trial.target);
    for (std::size_t k = 0; k < options.by.size(); ++k) {
      auto& [name, values] = properties[k];
      if (name == "duration") {
        values.push_back(DurationClass(std::min(scorer.Seconds(enroll), scorer.Seconds(test))));
        continue;
      }
      std::string a = metadata.Value(enroll_name, name), b = metadata.Value(test_name, name);
      if (b < a) std::swap(a, b);
      values.push_back(a == b ? a : a + " / " + b);
    }
    if (has_own) {
      const std::string& condition = list.conditions[trial.condition];
      properties.back().second.push_back(condition.empty() ? "-" : condition);
    }
    if (scores_out != nullptr) {
      scores_out->Write(Format("%s\t%s\t%.9g\t%s\n", enroll_name.c_str(), test_name.c_str(),
                               score->value, trial.target ? "target" : "nontarget"));
    }
  }
  const FoundSpeakers found = finder.Take(SpeakerLabel(metadata));
  scored.speakers = found.speakers;
  report.speakers_by = Describe(found);
  if (found.contradictions > 0)
    progress.Warn(
        Format("%zu of the %zu trials of '%s' contradict the column \"speaker\" of the "
               "metadata",
               found.contradictions, list.trials.size(), Printable(list.path).c_str()));
  // First, as the memory is given back then; without trials of both kinds EvaluateNamed says so.
  auto is_target = [](const ScoredTrial& trial) { return trial.target; };
  if (std::any_of(cosines.begin(), cosines.end(), is_target) &&
      !std::all_of(cosines.begin(), cosines.end(), is_target))
    report.cosine_eer = ComputeEer(ComputeDet(std::move(cosines))).eer;
  report.whole = EvaluateNamed(list.path, scored, threshold, options.intervals);
  report.conditions = EvaluateConditions(scored, properties, threshold, options.intervals);

  std::vector<std::vector<std::size_t>> sides_of;
  std::set<std::size_t> known;
  std::size_t i = 0;  // of the trials that were scored
  for (const TrialList::Entry& trial : list.trials) {
    const std::size_t enroll = list.sides[trial.enroll], test = list.sides[trial.test];
    if (!scorer.usable(enroll) || !scorer.usable(test)) continue;
    const TrialSpeakers& speakers = scored.speakers[i++];
    for (auto [side, speaker] :
         {std::pair(enroll, speakers.enroll), std::pair(test, speakers.test)}) {
      if (!known.insert(side).second) continue;
      if (!found.known[speaker]) {
        ++report.unknown_names;
        continue;
      }
      sides_of.resize(std::max<std::size_t>(sides_of.size(), speaker + 1));
      sides_of[speaker].push_back(side);
    }
  }
  if (found.untold_pairs > 0) {
    report.no_identification = Format(
        "of %zu of the %zu pairs of its speakers no trial says whether they are two people; "
        "name them in a column \"speaker\" of --metadata",
        found.untold_pairs, found.pairs);
  } else {
    Identify(options, scorer, extractor, sides_of, report);
  }
  report.files = files.size();
  for (std::size_t file : files) report.unusable_files += scorer.file_usable(file) ? 0 : 1;
  report.excluded_trials = list.trials.size() - scored.scores.size();
  const TrainingOverlap overlap = FindTrainingOverlap(scorer, files, extractor.info().training);
  report.training_files = overlap.files;
  report.training_speakers = overlap.speakers;
  return report;
}

using Facts = std::vector<std::pair<std::string, std::string>>;

std::vector<ListReport> EvaluateTrials(const EvalOptions& options, const Context& context,
                                       Facts& facts) {
  Metadata metadata;
  if (!options.metadata.empty()) metadata = ReadMetadata(options.metadata);
  for (const std::string& name : options.by) {
    if (name != "duration") metadata.Value("", name);  // throws for an unknown one
  }
  const std::string path = FindModel(options.network.model);
  const EmbeddingExtractor extractor = EmbeddingExtractor::Open(path, options.network.engine);
  const TrainingProvenance& training = extractor.info().training;
  facts = {
      {"model", path},
      {"fingerprint", extractor.info().fingerprint},
      {"network", extractor.info().architecture},
      {"trained on", Format("%llu speakers, %llu utterances, %.1f h",
                            static_cast<unsigned long long>(training.speakers),
                            static_cast<unsigned long long>(training.utterances), training.hours)},
      {"threshold", extractor.info().decision.basis},
      {"program", training.program}};
  const auto progress = MakeConsoleProgress(context);
  FileScorer scorer;
  const std::vector<TrialList> lists = EmbedTrials(options.trials, extractor, *progress, scorer);
  std::optional<AtomicFile> scores_out;
  if (!options.scores_out.empty()) scores_out.emplace(options.scores_out);
  std::vector<ListReport> reports;
  for (const TrialList& list : lists)
    reports.push_back(EvaluateList(options, list, scorer, extractor, metadata, *progress,
                                   scores_out ? &*scores_out : nullptr));
  if (scores_out) scores_out->Commit();
  return reports;
}

std::string Percent(double rate) { return std::isnan(rate) ? "-" : Format("%.2f %%", 100 * rate); }

// One line of the first table: errors; of the second: costs. Both fit 80 columns but for the name.
std::string ErrorRow(const std::string& name, const Evaluation& e) {
  const ConfidenceInterval& eer = e.intervals[kEer];
  return Format(
      "%8zu %7zu %8s %17s %9s %8s %8s  %s\n", e.targets + e.nontargets, e.targets,
      Percent(e.rates[kEer]).c_str(),
      std::isnan(eer.low) ? "-" : Format("%.2f .. %.2f %%", 100 * eer.low, 100 * eer.high).c_str(),
      std::isnan(e.eer_threshold) ? "-" : Format("%.4f", e.eer_threshold).c_str(),
      Percent(e.rates[kFmr]).c_str(), Percent(e.rates[kFnmr]).c_str(), Printable(name).c_str());
}

std::string CostRow(const std::string& name, const Evaluation& e, const std::string& fta) {
  auto number = [](double value) { return std::isnan(value) ? "-" : Format("%.3f", value); };
  return Format("%12s %12s %12s %7s %8s %8s  %s\n", number(e.rates[kMinDcf01]).c_str(),
                number(e.rates[kMinDcf05]).c_str(), number(e.rates[kActDcf01]).c_str(),
                number(e.rates[kCllr]).c_str(), number(e.rates[kMinCllr]).c_str(), fta.c_str(),
                Printable(name).c_str());
}

void PrintTable(const std::vector<ListReport>& reports) {
  auto condition_name = [](const ConditionReport& condition) {
    return "  " + condition.property + ": " + condition.value;
  };
  std::string table = Format("%8s %7s %8s %17s %9s %8s %8s  %s\n", "trials", "targets", "EER",
                             "95 % interval", "threshold", "FMR", "FNMR", "list");
  for (const ListReport& report : reports) {
    table += ErrorRow(report.list, report.whole);
    for (const ConditionReport& condition : report.conditions)
      table += ErrorRow(condition_name(condition), condition.evaluation);
  }
  table += Format("%12s %12s %12s %7s %8s %8s  %s\n", "minDCF(0.01)", "minDCF(0.05)",
                  "actDCF(0.01)", "Cllr", "min Cllr", "FTA", "list");
  for (const ListReport& report : reports) {
    table += CostRow(report.list, report.whole, report.files == 0 ? "-" : Percent(report.fta()));
    for (const ConditionReport& condition : report.conditions)
      table += CostRow(condition_name(condition), condition.evaluation, "");
  }
  for (const ListReport& report : reports) {
    if (report.files == 0) continue;
    table += Printable(report.list) + ": ";
    if (!report.identification) {
      table += "1:N not measured: " + report.no_identification + "\n";
      continue;
    }
    const Identification& found = *report.identification;
    table +=
        Format("1:N, %zu searches among %zu enrolled, speakers by %s: rank-1 %s", found.searches,
               found.gallery, report.speakers_by.c_str(), Percent(found.rank1).c_str());
    if (!std::isnan(found.threshold))
      table += Format("; FNIR %s, FPIR %s at %.4f, the threshold %s", Percent(found.fnir).c_str(),
                      Percent(found.fpir).c_str(), found.threshold,
                      report.identification_threshold.c_str());
    if (report.unknown_names > 0)
      table += Format("; %zu names whose speaker is not known were left out", report.unknown_names);
    table += "\n";
  }
  Print(table);
}

void AddRate(Json& json, const std::string& name, double rate, const ConfidenceInterval& interval) {
  json[name] = nullptr;
  json[name + "_ci95"] = nullptr;
  if (std::isnan(rate)) return;
  json[name] = rate;
  if (!std::isnan(interval.low)) json[name + "_ci95"] = {interval.low, interval.high};
}

void AddEvaluation(Json& json, const Evaluation& e) {
  for (std::size_t k = 0; k < kNumRates; ++k)
    AddRate(json, kRateNames[k], e.rates[k], e.intervals[k]);
  json["trials"] = e.targets + e.nontargets;
  json["targets"] = e.targets;
  json["nontargets"] = e.nontargets;
  json["threshold"] = nullptr;
  if (!std::isnan(e.eer_threshold)) json["threshold"] = e.eer_threshold;
  json["decision_threshold"] = nullptr;
  if (!std::isnan(e.decision_threshold)) json["decision_threshold"] = e.decision_threshold;
}

void PrintReports(const std::vector<ListReport>& reports) {
  for (const ListReport& report : reports) {
    Json json = {{"list", report.list}};
    AddEvaluation(json, report.whole);
    json["fta"] = nullptr;
    if (report.files > 0) {
      json["fta"] = report.fta();
      json["files"] = report.files;
      json["unusable_files"] = report.unusable_files;
      json["excluded_trials"] = report.excluded_trials;
      json["eer_cosine"] = report.cosine_eer;
      json["training_files"] = report.training_files;
      json["training_speakers"] = report.training_speakers;
    }
    if (report.files > 0) {
      json["speakers_by"] = report.speakers_by;
      json["unknown_names"] = report.unknown_names;
      json["identification"] = nullptr;
      if (!report.identification) json["no_identification"] = report.no_identification;
    }
    if (report.identification) {
      const Identification& found = *report.identification;
      Json& one = json["identification"] = {{"gallery", found.gallery},
                                            {"searches", found.searches},
                                            {"threshold", nullptr},
                                            {"threshold_is", report.identification_threshold}};
      if (!std::isnan(found.threshold)) one["threshold"] = found.threshold;
      AddRate(one, "rank1", found.rank1, found.rank1_interval);
      AddRate(one, "fnir", found.fnir, found.fnir_interval);
      AddRate(one, "fpir", found.fpir, found.fpir_interval);
    }
    for (const ConditionReport& condition : report.conditions) {
      Json one = {{"property", condition.property}, {"value", condition.value}};
      AddEvaluation(one, condition.evaluation);
      json["conditions"].push_back(std::move(one));
    }
    PrintJson(json);
  }
}

int Run(const EvalOptions& options, const Context& context) {
  std::vector<ListReport> reports;
  Facts facts;
  if (options.scores.empty()) {
    reports = EvaluateTrials(options, context, facts);
  } else {
    for (const std::string& path : options.scores) {
      ScoreList read = ReadScores(path);
      ListReport& report = reports.emplace_back();
      report.list = path;
      report.scored = {std::move(read.scores), {}, std::move(read.speakers)};
      if (options.llr) report.scored.llrs = report.scored.scores;
      report.whole = EvaluateNamed(path, report.scored, options.threshold.value_or(kNoRate),
                                   options.intervals);
    }
  }
  if (!options.plot_dir.empty()) WriteEvalPlots(options.plot_dir, reports);
  if (!options.html.empty()) WriteHtmlReport(options.html, reports, facts);
  if (options.json) {
    PrintReports(reports);
  } else {
    PrintTable(reports);
  }
  return kExitDone;
}

}  // namespace

void AddEvalCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App* command = app.add_subcommand("eval", "Error rates on trial lists");
  AddTrialOptions(*command, options->trials);
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
      ->add_option(
          "--by", options->by,
          "Also by a property of the trials: duration (of the shorter side), or a column of "
          "--metadata; may be repeated. A fourth field of a list is one by itself")
      ->type_name("NAME");
  command
      ->add_option("--metadata", options->metadata,
                   "A table with a line of column names, one of them \"path\", as in the lists")
      ->type_name("FILE");
  command
      ->add_option("--plot", options->plot_dir,
                   "Draw the DET curve, the scores and the calibration into this folder (PNG)")
      ->type_name("DIR");
  command->add_option("--html", options->html, "Write everything as one self-contained page")
      ->check(FileEnding({".html", ".htm"}))
      ->type_name("FILE");
  command
      ->add_option("-t,--threshold", options->threshold,
                   "FMR and FNMR at this score (default: the model's own threshold)")
      ->type_name("SCORE");
  command->add_flag("!--no-intervals", options->intervals, "Leave the confidence intervals out");
  command->add_flag("--json", options->json, "One JSON object a list, each on a line");
  AddNetworkOptions(*command, options->network);
  AddReadOptions(*command, options->network.engine.read);
  command->footer(
      "EER: equal error rate, interpolated, with a 95 % interval from resampling the speakers.\n"
      "minDCF(p): smallest detection cost at target prior p, both errors costing 1, normalised;\n"
      "actDCF(p): the cost when deciding by the calibrated LLR. Cllr: cost of the LLR in bits, "
      "and\n"
      "what the best calibration of these scores would give. Threshold: at the EER. FMR, FNMR: at\n"
      "the model's own threshold. FTA: share of files that could not be used; their trials are\n"
      "left out. 1:N: each speaker's first file in the list enrolls it, the others search; "
      "rank-1:\n"
      "the right one scores highest; FNIR: not found at the threshold of vpr identify; FPIR: "
      "another\n"
      "one is found when the right one is not enrolled. Who the speakers are is read from a "
      "column\n"
      "\"speaker\" of --metadata, else from the part of the names that agrees with all trials, "
      "else\n"
      "from the trials themselves if they tell all speakers apart; how is said.\n"
      "Example:\n"
      "  vpr eval --trials veri_test2.txt --audio-root voxceleb1/wav --html report.html");
  command->callback([options, &context] {
    const bool audio = !options->trials.lists.empty();
    if (audio == !options->scores.empty())
      throw CLI::ValidationError("eval", "give either --trials or --scores");
    if (!options->scores_out.empty() && options->trials.lists.size() != 1)
      throw CLI::ValidationError("eval", "--scores-out goes with exactly one --trials LIST");
    if (!audio && !options->by.empty())
      throw CLI::ValidationError("eval", "--by goes with --trials");
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
