#include "vpr/report/clip_report.h"

#include "vpr/base/text.h"
#include "vpr/plot/plot.h"
#include "vpr/print/clips.h"
#include "vpr/tensorboard/event_writer.h"

namespace vpr {
namespace {

void AddSides(const ClipReport& report, const std::string& title, const std::string& note,
              ClassifyReportPage& page) {
  page.sections.push_back({title, note, report.both});
  if (!report.image || !report.sound) return;
  page.sections.push_back(
      {title + ", by their pictures alone", "The image branch's own answer.", *report.image});
  page.sections.push_back(
      {title + ", by their sound alone", "The sound branch's own answer.", *report.sound});
}

}  // namespace

ClassifyReportPage MakePage(const ClipTrainOptions& options, const ClipTrainResult& result) {
  ClassifyReportPage page;
  page.facts = {{"classifier", options.output},
                {"fingerprint", result.info.fingerprint},
                {"trained on", options.source},
                {"what", Describe(result)},
                {"program", result.info.training.program}};
  if (result.test)
    AddSides(*result.test, "Clips held out",
             "These took no part in the training or in the choice of any setting.", page);
  if (result.cross_validation) {
    const CrossValidation& cv = *result.cross_validation;
    page.sections.push_back(
        {"Cross-validation",
         Format("%zu folds of the clips trained on, each tested by a classifier that was trained "
                "on the others: accuracy %.2f %% on average, standard deviation %.2f.",
                cv.accuracies.size(), 100 * cv.mean, 100 * cv.std),
         cv.report});
  }
  return page;
}

ClassifyReportPage MakePage(const std::string& model, const ClipClassifierInfo& info,
                            const std::string& source, const std::string& by,
                            const ClipEvaluation& evaluation) {
  ClassifyReportPage page{{{"classifier", model},
                           {"fingerprint", info.fingerprint},
                           {"kind", "clips"},
                           {"clips", source},
                           {"program", info.training.program}},
                          {},
                          {}};
  AddSides(evaluation.report, "All clips", "", page);
  for (const auto& [value, report] : evaluation.by)
    page.sections.push_back({by + ": " + value, "", report});
  return page;
}

struct ClipEvents::Impl {
  explicit Impl(const std::string& folder) : writer(folder) {}
  EventWriter writer;
};

ClipEvents::ClipEvents(const std::string& folder, ClipTrainOptions& options)
    : impl_(std::make_unique<Impl>(folder)) {
  EventWriter& writer = impl_->writer;
  const ClipTraining& training = options.training;
  writer.Settings({{"lr", training.lr},
                   {"weight_decay", training.weight_decay},
                   {"dropout", training.dropout},
                   {"epochs", static_cast<double>(training.epochs)},
                   {"image_network", options.image_network},
                   {"fusion", std::string(ToString(options.fusion))}},
                  {"Acc/val", "F1/val"});
  options.on_step = [&writer](std::int64_t step, double loss, double lr) {
    writer.Scalar("Loss/train", loss, step);
    writer.Scalar("lr", lr, step);
  };
  options.on_epoch = [&writer](int, std::int64_t step, double, const ClipReport* held_out) {
    if (held_out == nullptr) return;
    const auto add = [&](const ClassificationReport& report, const std::string& of) {
      writer.Scalar("Acc/val" + of, report.accuracy, step);
      writer.Scalar("F1/val" + of, report.weighted.f1, step);
    };
    add(held_out->both, "");
    if (held_out->image && held_out->sound) {
      add(*held_out->image, "-image");
      add(*held_out->sound, "-sound");
    }
    writer.Picture("confusion/val",
                   PlotConfusion("Clips held out", held_out->both.labels, held_out->both.confusion),
                   step);
  };
}
ClipEvents::~ClipEvents() = default;

}  // namespace vpr
