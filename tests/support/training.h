// For tests of trainings.
#pragma once

#include <string>
#include <vector>

#include "vpr/base/file_io.h"
#include "vpr/base/progress.h"
#include "vpr/base/text.h"

namespace vpr::test {

// Keeps what is said.
struct Recorder : Progress {
  std::string text;
  void Info(const std::string& line) override { text += line + "\n"; }
  void Warn(const std::string& line) override { text += "warning: " + line + "\n"; }
};

// RUN_DIR/metrics.csv without the columns that measure time.
inline std::vector<std::string> TrainingFigures(const std::string& run_dir) {
  std::vector<std::string> rows;
  const std::string text = ReadFile(run_dir + "/metrics.csv");
  for (std::string_view line : Lines(text)) {
    const std::vector<std::string_view> fields = Split(line, ',');
    std::string row;
    for (std::size_t i = 0; i < 6; ++i) row += std::string(fields.at(i)) + ",";
    rows.push_back(row);
  }
  return rows;
}

}  // namespace vpr::test
