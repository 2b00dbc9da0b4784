#include "vpr/live/resource_monitor.h"

#include <gtest/gtest.h>

#include "base/testing.h"

namespace vpr {
namespace {

TEST(ProcessorLoad, CountsWhatIsNotIdle) {
  TestFolder folder;
  const std::string path = folder / "stat";
  ProcessorLoad load(path);
  EXPECT_FALSE(load.Measure());  // no such file
  // user nice system idle iowait irq softirq steal guest guest_nice
  WriteTestFile(path, "cpu  100 10 50 800 40 0 0 0 0 0\ncpu0 1 2 3 4\n");
  EXPECT_FALSE(load.Measure());
  WriteTestFile(path, "cpu  160 10 70 900 60 0 0 0 30 0\ncpu0 1 2 3 4\n");
  ASSERT_TRUE(load.Measure());
  WriteTestFile(path, "cpu  220 20 80 910 70 5 5 0 60 0\n");
  // 60 + 10 + 10 + 5 + 5 of those and of 10 + 10 idle.
  const std::optional<double> busy = load.Measure();
  ASSERT_TRUE(busy);
  EXPECT_NEAR(*busy, 90.0 / 110, 1e-12);
  EXPECT_FALSE(load.Measure());  // no time has passed
  WriteTestFile(path, "cpu  1 1 1 1 1 1 1 1\n");
  EXPECT_FALSE(load.Measure());  // the counters went back
  for (const char* text : {"", "cpu", "cpu 1 2 three 4 5", "processor 1 2 3 4 5"}) {
    WriteTestFile(path, text);
    EXPECT_FALSE(load.Measure()) << text;
  }
}

TEST(ProcessorLoad, OfThisMachine) {
  ProcessorLoad load;
  load.Measure();
  std::optional<double> busy;
  for (int i = 0; i < 200 && !busy; ++i) busy = load.Measure();
  if (!busy) GTEST_SKIP() << "SKIPPED: no /proc/stat, or its clock stands still";
  EXPECT_GE(*busy, 0);
  EXPECT_LE(*busy, 1);
}

TEST(QualityControl, GoesDownAtOnceAndUpWhenItIsCalm) {
  QualityControl control;
  EXPECT_EQ(control.quality(), PictureQuality::kHigh);
  EXPECT_EQ(PixelsOf(control.quality()), 224);
  EXPECT_EQ(control.Update(0.7), PictureQuality::kHigh);
  EXPECT_EQ(control.Update(0.71), PictureQuality::kMedium);
  EXPECT_EQ(PixelsOf(control.quality()), 160);
  // Between 60 and 70 % it stays: else its own work would take it to and fro.
  for (int i = 0; i < 10; ++i) EXPECT_EQ(control.Update(0.65), PictureQuality::kMedium);
  EXPECT_EQ(control.Update(0.5), PictureQuality::kMedium);
  EXPECT_EQ(control.Update(0.5), PictureQuality::kMedium);
  EXPECT_EQ(control.Update(0.65), PictureQuality::kMedium);  // the row is broken
  EXPECT_EQ(control.Update(0.5), PictureQuality::kMedium);
  EXPECT_EQ(control.Update(0.5), PictureQuality::kMedium);
  EXPECT_EQ(control.Update(0.5), PictureQuality::kHigh);

  EXPECT_EQ(control.Update(0.95), PictureQuality::kLow);
  EXPECT_EQ(PixelsOf(control.quality()), 128);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(control.Update(0.85), PictureQuality::kLow);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(control.Update(0.75), PictureQuality::kLow);
  EXPECT_EQ(control.Update(0.75), PictureQuality::kMedium);  // one step at a time
  for (int i = 0; i < 2; ++i) EXPECT_EQ(control.Update(0), PictureQuality::kMedium);
  EXPECT_EQ(control.Update(0), PictureQuality::kHigh);
}

}  // namespace
}  // namespace vpr
