#include "vpr/report/classify_report.h"

#include "report/html.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/plot/plot.h"

namespace vpr {
namespace {

namespace fs = std::filesystem;

Picture PlotSection(const fs::path& dir, const ClassifyReportPage& page, std::size_t number) {
  const ClassifyReportSection& section = page.sections[number - 1];
  const std::string file = (dir / Format("confusion-%zu.png", number)).string();
  PlotConfusion(file, section.title, section.report.labels, section.report.confusion);
  return {file,
          "How often the recordings of each class (rows) were taken for each class (columns); the "
          "darker, the larger the share of the row."};
}

std::string ScoresRow(const std::string& name, const ClassScores& scores) {
  return "<tr><td>" + Escaped(name) + "</td>" +
         Format("<td>%.3f</td><td>%.3f</td><td>%.3f</td><td>%zu</td></tr>\n", scores.precision,
                scores.recall, scores.f1, scores.support);
}

std::string Section(const fs::path& dir, const ClassifyReportPage& page, std::size_t number) {
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
  return html + "</table>\n" + Image(PlotSection(dir, page, number));
}

constexpr char kMeaning[] =
    "<h2>What the figures mean</h2>\n<dl>"
    "<dt>Precision</dt><dd>Share of the recordings given this label that are of the class.</dd>"
    "<dt>Recall</dt><dd>Share of the recordings of the class that are given this label.</dd>"
    "<dt>F1</dt><dd>Harmonic mean of the two.</dd>"
    "<dt>Support</dt><dd>Number of recordings of the class.</dd>"
    "<dt>Macro, weighted mean</dt><dd>Over the classes: plain, and by their support.</dd></dl>\n";

}  // namespace

void WriteClassifyPlots(const std::string& dir, const ClassifyReportPage& page) {
  MakeFolder(dir);
  for (std::size_t number = 1; number <= page.sections.size(); ++number)
    PlotSection(dir, page, number);
}

void WriteClassifyHtml(const std::string& path, const ClassifyReportPage& page) {
  const ScratchFolder scratch(path);
  std::string html = PageHead("Classification report") + "<table>\n";
  for (const auto& [name, value] : page.facts)
    html += "<tr><td>" + Escaped(name) + "</td><td>" + Escaped(value) + "</td></tr>\n";
  html += "</table>\n";
  for (std::size_t number = 1; number <= page.sections.size(); ++number)
    html += Section(scratch.path(), page, number);
  html += kMeaning;
  if (!page.pictures.empty()) html += "<h2>Recordings</h2>\n";
  for (std::size_t i = 0; i < page.pictures.size(); ++i) {
    const std::string file = (scratch.path() / Format("picture-%zu.png", i + 1)).string();
    page.pictures[i].draw(file);
    html += Image({file, page.pictures[i].caption});
  }
  WriteFileAtomically(path, html + PageEnd());
}

}  // namespace vpr
