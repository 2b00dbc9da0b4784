// Search for settings: trial after trial, each with settings that what is known so far makes
// promising, hopeless ones ended early. A study is one file; one that was interrupted goes on as if
// it had not been.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "vpr/base/progress.h"

namespace vpr {

struct TuneParameter {
  std::string name;
  double low = 0, high = 1;  // both included
  bool log = false;          // searched on a logarithmic scale; low must be positive then

  bool operator==(const TuneParameter&) const = default;
};

struct StudyTrial {
  int number = 0;                  // from 0 on
  std::vector<double> settings;    // by parameter
  std::map<int, double> reported;  // values on the way, by step (epoch, fold)
  bool pruned = false;             // ended early
  double value = 0;                // of a pruned one the last that was reported
};

struct Study {
  std::vector<TuneParameter> parameters;
  bool maximize = true;
  std::uint64_t seed = 1;
  std::string subject;  // what is tuned, on which data: trials of another are not continued
  std::vector<StudyTrial> trials;

  // The best trial that was not pruned, the first of equal ones; null: none.
  const StudyTrial* best() const;
};

// The settings of trial number study.trials.size(): at first (10 trials) drawn evenly, then by the
// tree-structured Parzen estimator (Bergstra, Bardenet, Bengio and Kegl, "Algorithms for
// hyper-parameter optimization", NIPS 2011), each parameter for itself: the tenth of the trials
// that is best gives one density, the others another, and of 24 draws from the first the one that
// is likeliest under it against the second is taken. Pruned trials count as worse than the others,
// the earlier they ended the more. A function of the study alone.
std::vector<double> SuggestSettings(const Study& study);

// Whether a trial that has reported what `trial` has should be ended: its best value so far is
// worse than the median of what the completed trials had reported at the same step, of which there
// must be five (the median stopping rule of Golovin et al., "Google Vizier", KDD 2017).
bool ShouldPrune(const Study& study, const StudyTrial& trial);

// Mixture of normal distributions cut off at [low, high], one at each observation, as wide as the
// farther neighbour is away, and a broad one over everything; observations before the latest 25
// weigh less.
class ParzenEstimator {
 public:
  ParzenEstimator(const std::vector<double>& observations, double low, double high);

  double LogDensity(double x) const;
  // `uniform` gives numbers in [0, 1).
  double Sample(const std::function<double()>& uniform) const;

  const std::vector<double>& weights() const { return weights_; }  // the broad one's last
  const std::vector<double>& widths() const { return widths_; }

 private:
  double low_, high_;
  std::vector<double> centers_, widths_, weights_;
};

// Reads a study. Throws kNotFound, kIo, kCorrupt for what is none.
Study ReadStudy(const std::string& path);
// JSON, atomically; the same study gives the same bytes. Throws kIo.
void WriteStudy(const std::string& path, const Study& study);

// Runs one trial: returns its value. `report(step, value)` takes a value on the way, steps rising;
// true means that the trial is pruned and should return at once (what it returns does not count).
using Report = std::function<bool(int step, double value)>;
using Objective = std::function<double(const StudyTrial& trial, const Report& report)>;

// Runs trials until there are `trials` of them, and writes `path` after each. If `path` is there it
// is continued. Throws kIncompatible if that has other parameters, another seed or subject, what
// the objective throws, kInterrupted; the trial under way is then run again from its start.
Study RunStudy(const std::string& path, const Study& fresh, int trials, const Objective& objective,
               Progress& progress, const StopRequested& stop);

// A line a trial, the best first, pruned ones last: number, value, settings.
std::string StudyTable(const Study& study);

}  // namespace vpr
