// What draws: the interface of a module that is opened at run time (lib/vpr/vpr_plplot.so), which
// defines the functions of vpr/plot/plot.h.
#pragma once

#include "vpr/plot/plot.h"

namespace vpr {

struct Plotter {
  static constexpr const char *kModule = "vpr_plplot", *kEntry = "vpr_plplot",
                              *kPackages = "libplplot-dev",
                              *kWithout = "cannot draw pictures, since PLplot is missing";
  decltype(&PlotFeatures) features;
  decltype(&PlotInspection) inspection;
  decltype(&PlotConfusion) confusion;
  decltype(&PlotDet) det;
  decltype(&PlotTimeline) timeline;
  decltype(&PlotCurves) curves;
};

}  // namespace vpr
