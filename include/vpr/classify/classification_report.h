// How well recordings were classified. Definitions as in scikit-learn's classification_report.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace vpr {

struct ClassScores {
  double precision = 0, recall = 0, f1 = 0;  // 0 where nothing can be divided by
  std::size_t support = 0;                   // recordings of the class
};

struct ClassificationReport {
  std::vector<std::string> labels;
  std::vector<std::vector<std::size_t>> confusion;  // [true class][predicted class]
  std::vector<ClassScores> classes;
  ClassScores macro, weighted;  // mean over the classes there are: plain, by support
  double accuracy = 0;
  double baseline = 0;  // share of the recordings that are of the class most frequent in training
  std::size_t total = 0;
};

// `truth` and `predicted` are class numbers, below labels.size(); `majority` is the class most
// frequent in training. At least one recording.
ClassificationReport MakeReport(const std::vector<std::string>& labels,
                                const std::vector<int>& truth, const std::vector<int>& predicted,
                                int majority);

// As a table of plain text, with the confusion matrix below.
std::string ReportText(const ClassificationReport& report);

}  // namespace vpr
