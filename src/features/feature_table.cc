#include "vpr/features/feature_table.h"

#include "vpr/base/text.h"
#include "vpr/features/mel.h"

namespace vpr {
namespace {

constexpr char kSummary[] = "summary";

}  // namespace

FeatureOptions FeatureRequest::FramesAt(int sample_rate) const {
  FeatureOptions options = frames;
  options.sample_rate = sample_rate;
  options.fmax = fmax.value_or(sample_rate / 2.0);
  if (is_mel_kind()) options.kind = ParseFeatureKind(kind);
  return options;
}

AcousticOptions FeatureRequest::AcousticAt(int sample_rate) const {
  AcousticOptions acoustic;
  acoustic.frames = FramesAt(sample_rate);
  acoustic.n_mfcc = n_mfcc;
  if (kind == kSummary) return acoustic;
  for (std::string_view name : Split(kind, ','))
    acoustic.features.push_back(ParseAcousticFeature(name));
  return acoustic;
}

void FeatureRequest::Validate(int sample_rate) const {
  FeatureRequest checked = *this;
  if (sample_rate == 0) {
    checked.fmax.reset();
    checked.frames.fmin = 0;
    sample_rate = FeatureOptions().sample_rate;
  }
  if (is_mel_kind()) {
    checked.FramesAt(sample_rate).Validate();
  } else {
    checked.AcousticAt(sample_rate).Validate();
  }
}

FeatureTable ComputeFeatureTable(const FeatureRequest& request, std::span<const float> samples,
                                 int sample_rate) {
  FeatureTable table;
  if (request.kind == kSummary) {
    table.values.data = OverallSummary(samples, request.AcousticAt(sample_rate));
    table.names = OverallSummaryNames();
    table.frames = false;
  } else if (request.is_mel_kind()) {
    table.values = MelComputer(request.FramesAt(sample_rate)).Compute(samples);
    for (std::size_t i = 0; i < table.values.rows; ++i)
      table.names.push_back(request.kind + "_" + std::to_string(i));
  } else {
    const AcousticComputer computer(request.AcousticAt(sample_rate));
    table.values = computer.Compute(samples);
    table.names = computer.RowNames();
  }
  if (request.stats && table.frames) {
    const std::vector<Statistic> all = {Statistic::kMean, Statistic::kStd, Statistic::kMin,
                                        Statistic::kMax};
    table.values.data = Summarize(table.values, all);
    table.names = SummaryNames(table.names, all);
    table.frames = false;
  }
  if (!table.frames) {
    table.values.rows = 1;
    table.values.cols = table.values.data.size();
  }
  return table;
}

std::string ToCsv(const FeatureTable& table, double seconds_per_frame) {
  std::string text = table.frames ? "time" : "";
  for (const std::string& name : table.names) text += (text.empty() ? "" : ",") + name;
  text += "\n";
  const std::size_t lines = table.frames ? table.values.cols : 1;
  for (std::size_t t = 0; t < lines; ++t) {
    if (table.frames) text += Format("%.6f", static_cast<double>(t) * seconds_per_frame);
    for (std::size_t i = 0; i < table.names.size(); ++i) {
      const float value = table.frames ? table.values(i, t) : table.values(0, i);
      text += Format("%s%.9g", table.frames || i > 0 ? "," : "", static_cast<double>(value));
    }
    text += "\n";
  }
  return text;
}

}  // namespace vpr
