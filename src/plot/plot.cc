#include "vpr/plot/plot.h"

#include "base/open_module.h"
#include "plot/plotter.h"

namespace vpr {
namespace {

const Plotter& Drawing() { return OpenOptionalInterface<const Plotter>(); }

}  // namespace

std::string PlotFeatures(const std::string& title, const std::vector<float>& samples,
                         const Matrix& features, const FeatureOptions& options) {
  return Drawing().features(title, samples, features, options);
}

std::string PlotInspection(const std::string& title, const std::vector<float>& samples,
                           const Matrix& mel, const Matrix& mfcc, const Matrix& chroma,
                           const FeatureOptions& options) {
  return Drawing().inspection(title, samples, mel, mfcc, chroma, options);
}

std::string PlotConfusion(const std::string& title, const std::vector<std::string>& labels,
                          const std::vector<std::vector<std::size_t>>& counts) {
  return Drawing().confusion(title, labels, counts);
}

std::string PlotDet(const std::string& title, const std::vector<Series>& curves) {
  return Drawing().det(title, curves);
}

std::string PlotTimeline(const std::string& title, const std::vector<Lane>& lanes, double seconds) {
  return Drawing().timeline(title, lanes, seconds);
}

std::string PlotCurves(const std::string& title, const std::vector<Panel>& panels) {
  return Drawing().curves(title, panels);
}

}  // namespace vpr
