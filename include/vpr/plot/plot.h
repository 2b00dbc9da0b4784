// Pictures (PNG), drawn with PLplot.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/features/feature_options.h"

namespace vpr {

// Waveform above, spectrogram below with axes in seconds and Hz. `features` is [n_mels, frames] of
// `options.kind`; power mels are shown in dB. `title` is UTF-8. Throws kIo.
void PlotFeatures(const std::string& png_path, const std::string& title,
                  const std::vector<float>& samples, const Matrix& features,
                  const FeatureOptions& options);

// One above the other: waveform, mel spectrogram in dB, MFCC and chroma, all of frames of
// `options`: power mel [n_mels, frames], [coefficients, frames], [12, frames]. `title` is UTF-8.
// Throws kIo.
void PlotInspection(const std::string& png_path, const std::string& title,
                    const std::vector<float>& samples, const Matrix& mel, const Matrix& mfcc,
                    const Matrix& chroma, const FeatureOptions& options);

// Counts[true class][predicted class] as a square of numbers, each row coloured by its shares.
// Labels are UTF-8. Throws kIo.
void PlotConfusion(const std::string& png_path, const std::string& title,
                   const std::vector<std::string>& labels,
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
// to 60 %. Throws kIo.
void PlotDet(const std::string& png_path, const std::string& title,
             const std::vector<Series>& curves);

// Panels one above the other. Throws kIo.
void PlotCurves(const std::string& png_path, const std::string& title,
                const std::vector<Panel>& panels);

}  // namespace vpr
