#include "vpr/classify/classification_report.h"

#include <algorithm>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

double Ratio(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// Columns that text takes on a terminal: East Asian characters take two.
std::size_t Width(const std::string& text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0u) == 0x80u) continue;
    width += byte >= 0xE3u ? 2 : 1;  // U+3000 and above
  }
  return width;
}

std::string Padded(const std::string& text, std::size_t width, bool left) {
  const std::size_t own = Width(text);
  const std::string blanks(width > own ? width - own : 0, ' ');
  return left ? text + blanks : blanks + text;
}

}  // namespace

ClassificationReport MakeReport(const std::vector<std::string>& labels,
                                const std::vector<int>& truth, const std::vector<int>& predicted,
                                int majority) {
  VPR_CHECK(truth.size() == predicted.size() && !truth.empty());
  ClassificationReport report;
  report.labels = labels;
  report.total = truth.size();
  report.confusion.assign(labels.size(), std::vector<std::size_t>(labels.size()));
  for (std::size_t i = 0; i < truth.size(); ++i)
    ++report.confusion.at(static_cast<std::size_t>(truth[i]))
          .at(static_cast<std::size_t>(predicted[i]));
  std::size_t correct = 0, present = 0;
  for (std::size_t c = 0; c < labels.size(); ++c) {
    std::size_t claimed = 0;
    ClassScores scores;
    for (std::size_t k = 0; k < labels.size(); ++k) {
      claimed += report.confusion[k][c];
      scores.support += report.confusion[c][k];
    }
    const std::size_t right = report.confusion[c][c];
    correct += right;
    scores.precision = Ratio(right, claimed);
    scores.recall = Ratio(right, scores.support);
    scores.f1 = Ratio(2 * right, claimed + scores.support);
    present += claimed + scores.support > 0 ? 1 : 0;
    report.classes.push_back(scores);
  }
  for (const ClassScores& scores : report.classes) {
    const double share = Ratio(scores.support, report.total),
                 equal = 1 / static_cast<double>(present);
    for (auto [mean, weight] : {std::pair(&report.macro, equal), {&report.weighted, share}}) {
      mean->precision += weight * scores.precision;
      mean->recall += weight * scores.recall;
      mean->f1 += weight * scores.f1;
      mean->support = report.total;
    }
  }
  report.accuracy = Ratio(correct, report.total);
  report.baseline =
      Ratio(report.classes.at(static_cast<std::size_t>(majority)).support, report.total);
  return report;
}

std::string ReportText(const ClassificationReport& report) {
  std::size_t name = Width("weighted mean"), count = 7;
  for (const std::string& label : report.labels) {
    name = std::max(name, Width(label));
    count = std::max(count, Width(label));
  }
  std::string text = Padded("", name, true) + "  precision   recall       F1  support\n";
  auto line = [&](const std::string& what, const ClassScores& scores) {
    text += Padded(what, name, true) + Format("  %9.3f  %7.3f  %7.3f  %7zu\n", scores.precision,
                                              scores.recall, scores.f1, scores.support);
  };
  for (std::size_t c = 0; c < report.labels.size(); ++c) line(report.labels[c], report.classes[c]);
  line("macro mean", report.macro);
  line("weighted mean", report.weighted);
  text += "\nconfusion matrix (rows: what it is, columns: what it was taken for)\n" +
          Padded("", name, true);
  for (const std::string& label : report.labels) text += "  " + Padded(label, count, false);
  text += "\n";
  for (std::size_t c = 0; c < report.labels.size(); ++c) {
    text += Padded(report.labels[c], name, true);
    for (std::size_t n : report.confusion[c])
      text += "  " + Padded(std::to_string(n), count, false);
    text += "\n";
  }
  return text + Format(
                    "\naccuracy %.2f %% of %zu recordings; always saying the class most frequent "
                    "in training: %.2f %%\n",
                    100 * report.accuracy, report.total, 100 * report.baseline);
}

}  // namespace vpr
