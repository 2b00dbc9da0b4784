#include "vpr/report/eval_report.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "report/html.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/plot/plot.h"

namespace vpr {
namespace {

namespace fs = std::filesystem;

std::string ShortName(const ListReport& report) { return fs::path(report.list).stem().string(); }

// At most `most` of the points, evenly spread, the last one included.
Series Thinned(Series series, std::size_t most) {
  const std::size_t count = series.x.size();
  if (count <= most) return series;
  Series thin{series.name, {}, {}};
  for (std::size_t i = 0; i < most; ++i) {
    const std::size_t at = i * (count - 1) / (most - 1);
    thin.x.push_back(series.x[at]);
    thin.y.push_back(series.y[at]);
  }
  return thin;
}

std::string PlotDetOf(const std::vector<ListReport>& reports) {
  std::vector<Series> curves;
  for (const ListReport& report : reports) {
    Series curve{ShortName(report), {}, {}};
    for (const DetPoint& point : ComputeDet(report.scored.scores)) {
      curve.x.push_back(point.p_fa);
      curve.y.push_back(point.p_miss);
    }
    curves.push_back(Thinned(std::move(curve), 4000));
  }
  return PlotDet("Detection error trade-off", curves);
}

// Shares of targets and of nontargets in 60 equal stretches of the scores, as steps.
std::string PlotScores(const ListReport& report) {
  constexpr std::size_t kBins = 60;
  double low = report.scored.scores[0].score, high = low;
  for (const ScoredTrial& trial : report.scored.scores) {
    low = std::min(low, trial.score);
    high = std::max(high, trial.score);
  }
  const double width = high > low ? (high - low) / kBins : 1;
  std::vector<double> counts[2] = {std::vector<double>(kBins), std::vector<double>(kBins)};
  for (const ScoredTrial& trial : report.scored.scores) {
    const auto bin = static_cast<std::size_t>((trial.score - low) / width);
    counts[trial.target ? 1 : 0][std::min(bin, kBins - 1)] += 1;
  }
  Panel panel{"score", "share of the trials (%)", {}};
  double top = 0;
  for (int target : {1, 0}) {
    const double all = static_cast<double>(target ? report.whole.targets : report.whole.nontargets);
    Series series{target ? "targets" : "nontargets", {}, {}};
    for (std::size_t b = 0; b < kBins; ++b) {
      const double share = 100 * counts[target][b] / all;
      top = std::max(top, share);
      series.x.insert(series.x.end(), {low + static_cast<double>(b) * width,
                                       low + static_cast<double>(b + 1) * width});
      series.y.insert(series.y.end(), {share, share});
    }
    panel.series.push_back(std::move(series));
  }
  auto line = [&](const char* name, double at) {
    if (std::isfinite(at)) panel.series.push_back({name, {at, at}, {0, top}});
  };
  line("at the EER", report.whole.eer_threshold);
  line("threshold used", report.whole.decision_threshold);
  return PlotCurves("Scores: " + ShortName(report), {panel});
}

// The normalised Bayes error rate (Bruemmer and de Villiers, "The BOSARIS toolkit", 2011).
std::string PlotCalibration(const ListReport& report) {
  const std::vector<ScoreBin> bins = BinScores(report.scored.llrs);
  const std::vector<DetPoint> det = ComputeDet(bins);
  Series actual{"actual", {}, {}}, least{"least possible", {}, {}};
  for (double log_odds = -7; log_odds <= 3.01; log_odds += 0.25) {
    const double prior = 1 / (1 + std::exp(-log_odds));
    actual.x.push_back(log_odds);
    actual.y.push_back(std::min(2.0, ComputeDcf(ErrorsAt(bins, BayesThreshold(prior)), prior)));
    least.x.push_back(log_odds);
    least.y.push_back(ComputeMinDcf(det, prior));
  }
  return PlotCurves("Cost of decisions by the LLR: " + ShortName(report),
                    {{"ln odds of a target", "normalised cost", {actual, least}}});
}

// The pictures of one list, or with `number` 0 the one of all.
std::vector<Picture> DrawPictures(const std::vector<ListReport>& reports, std::size_t number) {
  if (number == 0) {
    return {
        {"det.png", PlotDetOf(reports),
         "False matches against false non-matches at every threshold, on probit axes: the closer "
         "to the lower left corner the better; the EER is where a curve crosses the diagonal."}};
  }
  const ListReport& report = reports[number - 1];
  std::vector<Picture> pictures;
  pictures.push_back(
      {Format("scores-%zu.png", number), PlotScores(report), "How targets and nontargets score."});
  if (!report.scored.llrs.empty()) {
    pictures.push_back(
        {Format("calibration-%zu.png", number), PlotCalibration(report),
         "What decisions by the calibrated LLR cost, and the least that any threshold "
         "on these scores would, over the odds of a target; 1 is the cost of deciding "
         "without listening."});
  }
  return pictures;
}

std::string Percent(double rate) {
  return std::isnan(rate) ? "-" : Format("%.2f&nbsp;%%", 100 * rate);
}

std::string WithInterval(double rate, const ConfidenceInterval& interval, bool percent) {
  std::string text = percent ? Percent(rate) : std::isnan(rate) ? "-" : Format("%.3f", rate);
  if (std::isnan(rate) || std::isnan(interval.low)) return text;
  const double unit = percent ? 100 : 1;
  return text + Format(" <small>%.*f to %.*f</small>", percent ? 2 : 3, unit * interval.low,
                       percent ? 2 : 3, unit * interval.high);
}

constexpr char kTableHead[] =
    "<tr><th></th><th>targets</th><th>nontargets</th><th>EER</th><th>minDCF(0.01)</th>"
    "<th>minDCF(0.05)</th><th>actDCF(0.01)</th><th>Cllr</th><th>min Cllr</th><th>FMR</th>"
    "<th>FNMR</th></tr>\n";

std::string TableRow(const std::string& name, const Evaluation& e) {
  std::string row = "<tr><td>" + Escaped(name) + "</td>" +
                    Format("<td>%zu</td><td>%zu</td>", e.targets, e.nontargets);
  for (Rate rate : {kEer, kMinDcf01, kMinDcf05, kActDcf01, kCllr, kMinCllr, kFmr, kFnmr}) {
    const bool percent = rate == kEer || rate == kFmr || rate == kFnmr;
    row += "<td>" + WithInterval(e.rates[rate], e.intervals[rate], percent) + "</td>";
  }
  return row + "</tr>\n";
}

std::string ListSection(const std::vector<ListReport>& reports, std::size_t number) {
  const ListReport& report = reports[number - 1];
  std::string html = "<h2>" + Escaped(report.list) + "</h2>\n";
  if (report.training_files > 0 || report.training_speakers > 0)
    html += Format(
        "<p class=\"warning\">The model was trained on %zu of the files and on speakers "
        "named like %zu of the folders: these figures say nothing about unknown "
        "speakers.</p>\n",
        report.training_files, report.training_speakers);
  if (report.files > 0)
    html += Format(
        "<p>%zu files, %zu of which could not be used (failure to acquire %s; %zu trials "
        "left out). EER of the plain cosines: %s.</p>\n",
        report.files, report.unusable_files, Percent(report.fta()).c_str(), report.excluded_trials,
        Percent(report.cosine_eer).c_str());
  if (!std::isnan(report.whole.decision_threshold))
    html += Format("<p>Threshold used: %.4f; at the EER: %.4f.</p>\n",
                   report.whole.decision_threshold, report.whole.eer_threshold);
  if (report.identification) {
    const Identification& found = *report.identification;
    html += Format(
        "<p>Identification, %zu searches among %zu enrolled speakers (told by %s): rank-1 rate %s",
        found.searches, found.gallery, Escaped(report.speakers_by).c_str(),
        WithInterval(found.rank1, found.rank1_interval, true).c_str());
    if (!std::isnan(found.threshold))
      html += Format("; at %.4f, the threshold %s, FNIR %s, FPIR %s", found.threshold,
                     Escaped(report.identification_threshold).c_str(),
                     WithInterval(found.fnir, found.fnir_interval, true).c_str(),
                     WithInterval(found.fpir, found.fpir_interval, true).c_str());
    html += ".</p>\n";
  } else if (!report.no_identification.empty()) {
    html += "<p>Identification was not measured: " + Escaped(report.no_identification) + ".</p>\n";
  }
  for (const Picture& picture : DrawPictures(reports, number)) html += Image(picture);
  std::string property;
  for (const ConditionReport& condition : report.conditions) {
    if (condition.property != property) {
      if (!property.empty()) html += "</table>\n";
      property = condition.property;
      html += "<h3>By " + Escaped(property) + "</h3>\n<table>\n" + kTableHead;
    }
    html += TableRow(condition.value, condition.evaluation);
  }
  if (!property.empty()) html += "</table>\n";
  return html;
}

constexpr char kMeaning[] =
    "<h2>What the figures mean</h2>\n<dl>"
    "<dt>EER</dt><dd>The rate at the threshold where as many strangers are taken for one speaker "
    "as "
    "one speaker for strangers.</dd>"
    "<dt>FMR, FNMR</dt><dd>False match rate, strangers accepted, and false non-match rate, the "
    "same "
    "speaker rejected, at the threshold used.</dd>"
    "<dt>minDCF(p), actDCF(p)</dt><dd>Cost of the errors where a share p of the trials are "
    "targets: "
    "the least of any threshold, and that of decisions by the calibrated log-likelihood ratio "
    "(LLR). "
    "1 is the cost of deciding without listening.</dd>"
    "<dt>Cllr, min Cllr</dt><dd>How much the LLR leaves unknown, in bits, and how much the best "
    "calibration of these scores would: 0 nothing, 1 everything, more: misleading.</dd>"
    "<dt>FNIR, FPIR</dt><dd>Searches for one of many: the right speaker not first or below the "
    "threshold; a speaker who is not enrolled taken for one who is.</dd>"
    "<dt>Small figures</dt><dd>95 % intervals, from drawing the speakers anew.</dd></dl>\n";

}  // namespace

void WriteEvalPlots(const std::string& dir, const std::vector<ListReport>& reports) {
  MakeFolders(dir);
  for (std::size_t number = 0; number <= reports.size(); ++number)
    for (const Picture& picture : DrawPictures(reports, number))
      WriteFileAtomically((fs::path(dir) / picture.name).string(), picture.png);
}

std::vector<std::pair<std::string, std::string>> ModelFacts(const std::string& path,
                                                            const ModelInfo& info) {
  const TrainingProvenance& training = info.training;
  return {
      {"model", path},
      {"fingerprint", info.fingerprint},
      {"network", info.architecture},
      {"trained on", Format("%llu speakers, %llu utterances, %.1f h",
                            static_cast<unsigned long long>(training.speakers),
                            static_cast<unsigned long long>(training.utterances), training.hours)},
      {"threshold", info.decision.basis},
      {"program", training.program}};
}

void WriteHtmlReport(const std::string& path, const std::vector<ListReport>& reports,
                     const std::vector<std::pair<std::string, std::string>>& facts) {
  std::string html = PageHead("Speaker verification report") + "<table>\n";
  for (const auto& [name, value] : facts)
    html += "<tr><td>" + Escaped(name) + "</td><td>" + Escaped(value) + "</td></tr>\n";
  html += "</table>\n<table>\n" + std::string(kTableHead);
  for (const ListReport& report : reports) html += TableRow(ShortName(report), report.whole);
  html += "</table>\n";
  for (const Picture& picture : DrawPictures(reports, 0)) html += Image(picture);
  for (std::size_t number = 1; number <= reports.size(); ++number)
    html += ListSection(reports, number);
  html += kMeaning;
  html += PageEnd();
  WriteFileAtomically(path, html);
}

}  // namespace vpr
