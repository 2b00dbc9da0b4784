// What a classifier is worth, as pictures and as a page to read and mail.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/classify/evaluate_classifier.h"
#include "vpr/classify/train_classifier.h"

namespace vpr {

struct ClassifyReportSection {
  std::string title, note;  // "Held out", one sentence
  ClassificationReport report;
};

// A picture that somebody else draws.
struct ReportPicture {
  std::string caption;
  std::function<std::string()> draw;  // a PNG file's bytes
};

struct ClassifyReportPage {
  std::vector<std::pair<std::string, std::string>> facts;  // shown first: {"classifier", "x.vpc"}
  std::vector<ClassifyReportSection> sections;
  std::vector<ReportPicture> pictures;  // shown last
};

// The page of a training, with pictures of a recording of each class; what is to be said of these
// goes to `progress`, which must outlive the page.
ClassifyReportPage MakePage(const ClassifierTrainOptions& options,
                            const ClassifierTrainResult& result, Progress& progress);
// The page of an evaluation. `model`: the classifier's file; `by`: what parts the recordings.
ClassifyReportPage MakePage(const std::string& model, const ClassifierInfo& info,
                            const std::string& source, const std::string& by,
                            const ClassifierEvaluation& evaluation);

// confusion-N.png of the N-th section into the folder `dir`, made if need be. Throws kIo.
void WriteClassifyPlots(const std::string& dir, const ClassifyReportPage& page);

// One self-contained HTML page. Throws kIo, and what the pictures throw.
void WriteClassifyHtml(const std::string& path, const ClassifyReportPage& page);

}  // namespace vpr
