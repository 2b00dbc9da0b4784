// For tests of trainings.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support/synthetic_speech.h"
#include "support/temp_path.h"
#include "vpr/base/file_io.h"
#include "vpr/base/progress.h"
#include "vpr/base/text.h"
#include "vpr/train/train_config.h"

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

// A folder for one test, with small packed sets: train, and train-dev of other speakers.
class TrainingFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = TempPath(std::string(test.test_suite_name()) + "_") + test.name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    PackSynthetic(folder_ + "/train", 0, 6, 4, 1.2);
    PackSynthetic(folder_ + "/train-dev", 6, 4, 3, 1.2);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Crops of half a second, to NAME.vpr in the folder.
  TrainConfig SmallConfig(const std::string& name) const {
    TrainConfig config = DefaultTrainConfig("resnet");
    config.train = folder_ + "/train";
    config.output = folder_ + "/" + name + ".vpr";
    config.run_dir = config.output + ".run";
    config.crop_seconds = 0.512;
    config.crops_per_epoch = 48;
    config.batch_size = 8;
    return config;
  }

  std::string folder_;
};

}  // namespace vpr::test
