#include "vpr/report/study_report.h"

#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "vpr/base/text.h"
#include "vpr/plot/plot.h"
#include "vpr/tensorboard/event_writer.h"

namespace vpr {

std::string DrawStudy(const Study& study) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  Series value{"trial", {}, {}}, pruned{"pruned", {}, {}}, best{"best so far", {}, {}};
  double highest = none;
  for (const StudyTrial& trial : study.trials) {
    if (!trial.pruned) highest = highest >= trial.value ? highest : trial.value;
    for (Series* series : {&value, &pruned, &best}) series->x.push_back(trial.number + 1);
    value.y.push_back(trial.pruned ? none : trial.value);
    pruned.y.push_back(trial.pruned ? trial.value : none);
    best.y.push_back(highest);
  }
  std::vector<Panel> panels = {{"", "F1, mean of folds", {value, pruned, best}}};
  for (std::size_t p = 0; p < study.parameters.size(); ++p) {
    const TuneParameter& parameter = study.parameters[p];
    Series setting{parameter.name, {}, {}};
    for (const StudyTrial& trial : study.trials) {
      setting.x.push_back(trial.number + 1);
      setting.y.push_back(parameter.log ? std::log10(trial.settings[p]) : trial.settings[p]);
    }
    panels.push_back({p + 1 == study.parameters.size() ? "trial" : "",
                      parameter.log ? "log10 " + parameter.name : parameter.name,
                      {setting}});
  }
  return PlotCurves("Search for settings", panels);
}

void WriteStudyEvents(const std::string& folder, const Study& study) {
  for (const StudyTrial& trial : study.trials) {
    EventWriter writer(folder + Format("/trial-%03d", trial.number + 1));
    std::map<std::string, HyperParameter> settings = {{"pruned", trial.pruned}};
    for (std::size_t p = 0; p < study.parameters.size(); ++p)
      settings[study.parameters[p].name] = trial.settings[p];
    writer.Settings(settings, {"F1/folds"});
    for (const auto& [fold, value] : trial.reported) writer.Scalar("F1/folds", value, fold);
  }
}

}  // namespace vpr
