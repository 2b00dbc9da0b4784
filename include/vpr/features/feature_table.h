// The features of a recording that somebody asked for by their names, as a table.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/features/acoustic.h"
#include "vpr/features/feature_options.h"

namespace vpr {

struct FeatureRequest {
  // "mel", "logmel" or "db", as networks take them; or acoustic features with commas between; or
  // "summary", a recording in 33 numbers (OverallSummary).
  std::string kind = "mel";
  bool stats = false;          // mean, std, minimum and maximum over time instead of the frames
  std::optional<double> fmax;  // Hz; nothing: half the rate
  int n_mfcc = AcousticOptions().n_mfcc;
  FeatureOptions frames;  // rate, fmax and kind apart

  bool is_mel_kind() const { return kind == "mel" || kind == "logmel" || kind == "db"; }
  FeatureOptions FramesAt(int sample_rate) const;
  AcousticOptions AcousticAt(int sample_rate) const;
  // Throws kInvalidArgument. `sample_rate` 0: not known yet, so only what does not depend on it.
  void Validate(int sample_rate) const;
};

struct FeatureTable {
  Matrix values;                   // [rows, frames], or without frames [1, columns]
  std::vector<std::string> names;  // of the rows, or of the columns
  bool frames = true;
};

FeatureTable ComputeFeatureTable(const FeatureRequest& request, std::span<const float> samples,
                                 int sample_rate);

// A line of column names, then a line a frame with its time in seconds, or one line of statistics.
std::string ToCsv(const FeatureTable& table, double seconds_per_frame);

}  // namespace vpr
