// Pictures, drawn with PLplot. Each function returns a PNG file's bytes and throws kIo where it
// cannot be drawn, kInvalidArgument for what does not fit together.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/features/feature_options.h"

namespace vpr {

// Waveform above, spectrogram below with axes in seconds and Hz. `features` is [n_mels, frames] of
// `options.kind`; power mels are shown in dB. `title` is UTF-8.
std::string PlotFeatures(const std::string& title, const std::vector<float>& samples,
                         const Matrix& features, const FeatureOptions& options);

// One above the other: waveform, mel spectrogram in dB, MFCC and chroma, all of frames of
// `options`: power mel [n_mels, frames], [coefficients, frames], [12, frames]. `title` is UTF-8.
//
std::string PlotInspection(const std::string& title, const std::vector<float>& samples,
                           const Matrix& mel, const Matrix& mfcc, const Matrix& chroma,
                           const FeatureOptions& options);

// Counts[true class][predicted class] as a square of numbers, each row coloured by its shares.
// Labels are UTF-8.
std::string PlotConfusion(const std::string& title, const std::vector<std::string>& labels,
                          const std::vector<std::vector<std::size_t>>& counts);

// One or more curves over a common x. Series of one panel share a y axis; NaN leaves a gap.
struct Series {
  std::string name;
  std::vector<double> x, y;
};
struct Panel {
  std::string x_label, y_label;
  std::vector<Series> series;
};
// Detection error trade-off (Martin et al., "The DET curve in assessment of detection task
// performance", Eurospeech 1997): x is P_fa, y P_miss, shares in [0, 1], on probit axes from 0.01 %
// to 60 %.
std::string PlotDet(const std::string& title, const std::vector<Series>& curves);

// Who speaks when: a lane each, with a bar from begin to end for every turn. Names are UTF-8; of
// more than 200 lanes the first 200 are drawn.
struct Lane {
  std::string name;
  std::vector<std::pair<double, double>> turns;  // seconds
};
std::string PlotTimeline(const std::string& title, const std::vector<Lane>& lanes, double seconds);

// Panels one above the other.
std::string PlotCurves(const std::string& title, const std::vector<Panel>& panels);

}  // namespace vpr
