// Trial lists scored with a model: the files are embedded, the trials scored one by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/model/file_scorer.h"
#include "vpr/score/calibration.h"

namespace vpr {

struct TrialSource {
  std::vector<std::string> lists;
  std::string enroll;            // file with the enrollments that the lists name; empty: none
  std::string audio_root = ".";  // folder that the lists' names are below
};

// Names and conditions are there once each, so that a trial takes 16 bytes.
struct TrialList {
  struct Entry {
    std::uint32_t enroll, test;  // in `names`
    std::uint32_t condition;     // in `conditions`
    bool target;
  };
  std::string path;
  std::vector<std::string> names, conditions;  // the first condition is ""
  std::vector<std::size_t> sides;              // of the names, in the scorer
  std::vector<Entry> trials;
};

// Reads the lists, adds their sides to `scorer` and embeds all of them. Files that cannot be used
// are warned of; kUnusable if that is all of them. Warns of files and speakers that the model was
// trained on.
std::vector<TrialList> EmbedTrials(const TrialSource& source, const EmbeddingExtractor& extractor,
                                   Progress& progress, const StopRequested& stop,
                                   FileScorer& scorer);

// The scored trials of all lists together; those of files that cannot be used are left out, which
// is warned of. kUnusable if that is all of them.
std::vector<CalibrationTrial> ScoreTrials(const TrialSource& source,
                                          const EmbeddingExtractor& extractor, Progress& progress,
                                          const StopRequested& stop);

// What of these files the model was trained on: files by their speech, speakers by the name of the
// folder a file is in.
struct TrainingOverlap {
  std::size_t files = 0, speakers = 0;
};
TrainingOverlap FindTrainingOverlap(const FileScorer& scorer, const std::set<std::size_t>& files,
                                    const TrainingProvenance& training);

}  // namespace vpr
