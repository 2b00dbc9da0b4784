#include "train/curves.h"

#include <limits>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/plot/plot.h"

namespace vpr {
namespace {

constexpr char kHeader[] =
    "epoch,loss,accuracy,dev_eer,lr,margin,crops_per_second,wait_share,seconds";

}  // namespace

void WriteMetrics(const std::string& run_dir, const std::vector<EpochMetrics>& epochs) {
  std::string text = std::string(kHeader) + "\n";
  for (const EpochMetrics& e : epochs) {
    std::string eer = e.dev_eer < 0 ? "" : Format("%.6f", e.dev_eer);
    text += Format("%d,%.9g,%.6f,%s,%.6g,%.4f,%.1f,%.4f,%.1f\n", e.epoch, e.loss, e.accuracy,
                   eer.c_str(), e.lr, e.margin, e.crops_per_second, e.wait_share, e.seconds);
  }
  WriteFileAtomically(run_dir + "/metrics.csv", text);
}

void PlotTrainingCurves(const std::string& run_dir) {
  const std::string path = run_dir + "/metrics.csv";
  if (!IsRegularFile(path)) return;
  const std::string text = ReadFile(path);
  Series loss{"training", {}, {}}, accuracy{"training", {}, {}}, eer{"held out", {}, {}};
  for (std::string_view line : Lines(text)) {
    std::vector<std::string_view> fields = Split(line, ',');
    if (line == kHeader || fields.size() != 9) continue;
    auto number = [&](std::size_t i) {
      return fields[i].empty() ? std::numeric_limits<double>::quiet_NaN()
                               : std::strtod(std::string(fields[i]).c_str(), nullptr);
    };
    for (Series* series : {&loss, &accuracy, &eer}) series->x.push_back(number(0));
    loss.y.push_back(number(1));
    accuracy.y.push_back(100 * number(2));
    eer.y.push_back(100 * number(3));
  }
  if (loss.x.empty()) return;
  WriteFileAtomically(run_dir + "/curves.png",
                      PlotCurves("Training", {{"", "loss", {loss}},
                                              {"", "accuracy, %", {accuracy}},
                                              {"epoch", "EER, %", {eer}}}));
}

}  // namespace vpr
