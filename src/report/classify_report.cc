#include "vpr/report/classify_report.h"

#include <filesystem>

#include "report/html.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/plot/plot.h"
#include "vpr/print/classification.h"
#include "vpr/report/recording_picture.h"

namespace vpr {
namespace {

Picture DrawSection(const ClassifyReportPage& page, std::size_t number) {
  const ClassifyReportSection& section = page.sections[number - 1];
  return {Format("confusion-%zu.png", number),
          PlotConfusion(section.title, section.report.labels, section.report.confusion),
          "How often the recordings of each class (rows) were taken for each class (columns); the "
          "darker, the larger the share of the row."};
}

std::string ScoresRow(const std::string& name, const ClassScores& scores) {
  return "<tr><td>" + Escaped(name) + "</td>" +
         Format("<td>%.3f</td><td>%.3f</td><td>%.3f</td><td>%zu</td></tr>\n", scores.precision,
                scores.recall, scores.f1, scores.support);
}

std::string Section(const ClassifyReportPage& page, std::size_t number) {
  const ClassifyReportSection& section = page.sections[number - 1];
  const ClassificationReport& report = section.report;
  std::string html = "<h2>" + Escaped(section.title) + "</h2>\n";
  if (!section.note.empty()) html += "<p>" + Escaped(section.note) + "</p>\n";
  html += Format(
      "<p>Accuracy <b>%.2f&nbsp;%%</b> of %zu recordings; always saying the class most frequent in "
      "training would give %.2f&nbsp;%%.</p>\n<table>\n<tr><th></th><th>precision</th>"
      "<th>recall</th><th>F1</th><th>support</th></tr>\n",
      100 * report.accuracy, report.total, 100 * report.baseline);
  for (std::size_t c = 0; c < report.labels.size(); ++c)
    html += ScoresRow(report.labels[c], report.classes[c]);
  html += ScoresRow("macro mean", report.macro) + ScoresRow("weighted mean", report.weighted);
  return html + "</table>\n" + Image(DrawSection(page, number));
}

constexpr char kMeaning[] =
    "<h2>What the figures mean</h2>\n<dl>"
    "<dt>Precision</dt><dd>Share of the recordings given this label that are of the class.</dd>"
    "<dt>Recall</dt><dd>Share of the recordings of the class that are given this label.</dd>"
    "<dt>F1</dt><dd>Harmonic mean of the two.</dd>"
    "<dt>Support</dt><dd>Number of recordings of the class.</dd>"
    "<dt>Macro, weighted mean</dt><dd>Over the classes: plain, and by their support.</dd></dl>\n";

}  // namespace

ClassifyReportPage MakePage(const ClassifierTrainOptions& options,
                            const ClassifierTrainResult& result, Progress& progress) {
  ClassifyReportPage page;
  page.facts = {{"classifier", options.output},
                {"fingerprint", result.info.fingerprint},
                {"trained on", options.source},
                {"what", Describe(result)},
                {"program", result.info.training.program}};
  if (result.test)
    page.sections.push_back({"Recordings held out",
                             "These took no part in the training or in the choice of any setting.",
                             *result.test});
  if (result.cross_validation) {
    const CrossValidation& cv = *result.cross_validation;
    page.sections.push_back(
        {"Cross-validation",
         Format("%zu folds of the recordings trained on, each tested by a classifier that was "
                "trained on the others: accuracy %.2f %% on average, standard deviation %.2f.",
                cv.accuracies.size(), 100 * cv.mean, 100 * cv.std),
         cv.report});
  }
  constexpr std::size_t kMostPictures = 12;
  for (const auto& [label, path] : result.samples) {
    if (page.pictures.size() == kMostPictures) break;
    const std::string title = label + ": " + RecordingTitle(path);
    page.pictures.push_back({title, [title, recording = path, &progress] {
                               return DrawRecording(recording, title, {}, progress);
                             }});
  }
  return page;
}

ClassifyReportPage MakePage(const std::string& model, const ClassifierInfo& info,
                            const std::string& source, const std::string& by,
                            const ClassifierEvaluation& evaluation) {
  ClassifyReportPage page{{{"classifier", model},
                           {"fingerprint", info.fingerprint},
                           {"kind", ToString(info.kind)},
                           {"recordings", source},
                           {"program", info.training.program}},
                          {{"All recordings", "", evaluation.report}},
                          {}};
  for (const auto& [value, report] : evaluation.by)
    page.sections.push_back({by + ": " + value, "", report});
  return page;
}

void WriteClassifyPlots(const std::string& dir, const ClassifyReportPage& page) {
  MakeFolders(dir);
  for (std::size_t number = 1; number <= page.sections.size(); ++number) {
    const Picture picture = DrawSection(page, number);
    WriteFileAtomically((std::filesystem::path(dir) / picture.name).string(), picture.png);
  }
}

void WriteClassifyHtml(const std::string& path, const ClassifyReportPage& page) {
  std::string html = PageHead("Classification report") + "<table>\n";
  for (const auto& [name, value] : page.facts)
    html += "<tr><td>" + Escaped(name) + "</td><td>" + Escaped(value) + "</td></tr>\n";
  html += "</table>\n";
  for (std::size_t number = 1; number <= page.sections.size(); ++number)
    html += Section(page, number);
  html += kMeaning;
  if (!page.pictures.empty()) html += "<h2>Recordings</h2>\n";
  for (const ReportPicture& picture : page.pictures)
    html += Image({"", picture.draw(), picture.caption});
  WriteFileAtomically(path, html + PageEnd());
}

}  // namespace vpr
