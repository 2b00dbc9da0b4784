#include "vpr/tensorboard/event_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing.h"

namespace vpr {
namespace {

using ::testing::HasSubstr;

// RFC 3720, B.4.
TEST(Crc32c, KnownValues) {
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

// A file of PyPI's tensorboard 2.21.0, which has read it back: data/../make_golden.py.
TEST(EventWriter, WritesWhatTensorBoardWrites) {
  const std::string golden = ReadFile(VPR_TEST_DATA "/events.golden.tfevents");
  const std::size_t begin = golden.find("\x89PNG"), end = golden.find("IEND") + 8;
  ASSERT_LT(end, golden.size());
  TestFolder folder;
  int events = 0;
  // The first call names the file.
  EventWriter writer(folder / "runs/one", 300, [&] { return 1000 + 0.25 * (events++ - 1); });
  writer.Scalar("Loss/train", 2.5, 0);
  writer.Scalar("Loss/train", 0.125, 300);
  writer.Text("settings", "**lr** 0.1, größer");
  writer.Picture("confusion", std::string_view(golden).substr(begin, end - begin), 7);
  writer.Settings({{"arch", std::string("resnet")}, {"balance", false}, {"lr", 0.1}}, {"F1/val"});
  EXPECT_EQ(ReadFile(writer.path()), golden);
  EXPECT_THAT(writer.path(), HasSubstr("/runs/one/events.out.tfevents."));
}

TEST(EventWriter, RunsInOneFolderHaveFilesOfTheirOwn) {
  TestFolder folder;
  EventWriter one(folder.path().string()), two(folder.path().string());
  EXPECT_NE(one.path(), two.path());
  EXPECT_EQ(ReadFile(one.path()).size(), ReadFile(two.path()).size());
}

TEST(EventWriter, RefusesWhatCannotBeWritten) {
  TestFolder folder;
  WriteTestFile(folder / "file", "");
  EXPECT_THAT(MessageOf(ErrorCode::kIo, [&] { EventWriter writer(folder / "file"); }),
              HasSubstr("file"));
  EventWriter writer(folder.path().string());
  const std::size_t size = ReadFile(writer.path()).size();
  MessageOf(ErrorCode::kInvalidArgument, [&] { writer.Picture("x", "GIF89a"); });
  EXPECT_EQ(ReadFile(writer.path()).size(), size);
}

}  // namespace
}  // namespace vpr
