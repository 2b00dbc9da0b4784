#include "vpr/base/logged_progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "support/temp_path.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::StartsWith;

struct Told : Progress {
  void Warn(const std::string& line) override { warnings.push_back(line); }
  std::vector<std::string> warnings;
};

// Without the times, "2026-11-21T16:40:05Z ".
std::vector<std::string> LinesOf(const std::string& path) {
  std::vector<std::string> lines;
  const std::string text = ReadFile(path);
  for (std::string_view line : Lines(text)) lines.emplace_back(line.substr(21));
  return lines;
}

TEST(LoggedProgress, WritesNewsAndPassesThemOn) {
  Told told;
  LoggedProgress progress(told, test::TempPath("news"));
  progress.Start("reading", "file", 7, 0);
  progress.Update(7, "2 skipped");
  progress.Finish();
  progress.Finish();  // a detail is told once
  progress.Info("one\ntwo");
  progress.Warn("odd");
  EXPECT_THAT(LinesOf(progress.path()),
              ElementsAre("reading: 7 files", "finished: 2 skipped", "one", "two", "warning: odd"));
  EXPECT_THAT(told.warnings, ElementsAre("odd"));
}

TEST(LoggedProgress, EachLogIsAFileOfItsOwn) {
  Progress none;
  const std::string prefix = test::TempPath("twice");
  LoggedProgress first(none, prefix), second(none, prefix);
  EXPECT_NE(first.path(), second.path());
  EXPECT_THAT(first.path(), StartsWith(prefix + ".2"));
  EXPECT_THAT(second.path(), EndsWith(".log"));
}

TEST(LoggedProgress, OnlyWhatWasStoppedKeepsItsLog) {
  Progress none;
  for (const ErrorCode code : {ErrorCode::kInterrupted, ErrorCode::kUnusable}) {
    LoggedProgress progress(none, test::TempPath("failed"));
    EXPECT_THROW(progress.Watch([&]() -> int { throw Error(code, "no more"); }), Error);
    EXPECT_EQ(std::filesystem::exists(progress.path()), code == ErrorCode::kInterrupted);
  }
  LoggedProgress progress(none, test::TempPath("done"));
  EXPECT_EQ(progress.Watch([] { return 3; }), 3);
}

}  // namespace
}  // namespace vpr
