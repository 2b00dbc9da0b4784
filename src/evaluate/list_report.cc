#include "vpr/evaluate/list_report.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/eval/speakers.h"
#include "vpr/eval/trials.h"
#include "vpr/identify/gallery.h"

namespace vpr {
namespace {

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
double SearchThreshold(const EvaluationRequest& request, const EmbeddingExtractor& extractor,
                       std::size_t gallery, ListReport& report) {
  if (request.threshold) {
    report.identification_threshold = "of --threshold";
    return *request.threshold;
  }
  constexpr double kFpir = 0.05;
  if (HasOpenSetThreshold(extractor.info())) {
    report.identification_threshold = "of vpr identify for a FPIR of 5 %";
    return FindOpenSetThreshold(extractor.info(), kFpir, gallery).threshold;
  }
  const DecisionThreshold& decision = extractor.info().decision;
  report.identification_threshold =
      decision.basis.empty() ? "none: the model has no calibration" : "of the model, at its EER";
  return decision.basis.empty() ? kNoRate : decision.threshold;
}

// Each speaker's first file enrolls it; the others search for it. `sides`: of the speakers.
void Identify(const EvaluationRequest& request, const FileScorer& scorer,
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
      searches, gallery.size(), SearchThreshold(request, extractor, gallery.size(), report),
      request.intervals);
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
ListReport EvaluateList(const EvaluationRequest& request, const TrialList& list,
                        const FileScorer& scorer, const EmbeddingExtractor& extractor,
                        const Metadata& metadata, Progress& progress, AtomicFile* scores) {
  const DecisionThreshold& decision = extractor.info().decision;
  const double threshold =
      request.threshold.value_or(decision.basis.empty() ? kNoRate : decision.threshold);
  ListReport report;
  report.list = list.path;
  ScoredList& scored = report.scored;
  std::vector<ScoredTrial> cosines;
  SpeakerFinder finder;
  std::vector<Property> properties;
  for (const std::string& name : request.by) properties.push_back({name, {}});
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
    for (std::size_t k = 0; k < request.by.size(); ++k) {
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
    if (scores != nullptr)
      scores->Write(Format("%s\t%s\t%.9g\t%s\n", enroll_name.c_str(), test_name.c_str(),
                           score->value, trial.target ? "target" : "nontarget"));
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
  report.whole = EvaluateNamed(list.path, scored, threshold, request.intervals);
  report.conditions = EvaluateConditions(scored, properties, threshold, request.intervals);

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
    Identify(request, scorer, extractor, sides_of, report);
  }
  report.files = files.size();
  for (std::size_t file : files) report.unusable_files += scorer.file_usable(file) ? 0 : 1;
  report.excluded_trials = list.trials.size() - scored.scores.size();
  const TrainingOverlap overlap = FindTrainingOverlap(scorer, files, extractor.info().training);
  report.training_files = overlap.files;
  report.training_speakers = overlap.speakers;
  return report;
}

}  // namespace

std::vector<ListReport> EvaluateTrials(const EvaluationRequest& request,
                                       const EmbeddingExtractor& extractor, Progress& progress,
                                       const StopRequested& stop) {
  std::optional<AtomicFile> scores;
  if (!request.scores_out.empty()) scores.emplace(request.scores_out);
  Metadata metadata;
  if (!request.metadata.empty()) metadata = ReadMetadata(request.metadata);
  for (const std::string& name : request.by) {
    if (name != "duration") metadata.Value("", name);  // throws for an unknown one
  }
  FileScorer scorer;
  const std::vector<TrialList> lists =
      EmbedTrials(request.trials, extractor, progress, stop, scorer);
  std::vector<ListReport> reports;
  for (const TrialList& list : lists)
    reports.push_back(EvaluateList(request, list, scorer, extractor, metadata, progress,
                                   scores ? &*scores : nullptr));
  if (scores) scores->Commit();
  return reports;
}

ListReport EvaluateScores(const std::string& path, const std::optional<double>& threshold, bool llr,
                          bool intervals) {
  ScoreList read = ReadScores(path);
  ListReport report;
  report.list = path;
  report.scored = {std::move(read.scores), {}, std::move(read.speakers)};
  if (llr) report.scored.llrs = report.scored.scores;
  report.whole = EvaluateNamed(path, report.scored, threshold.value_or(kNoRate), intervals);
  return report;
}

}  // namespace vpr
