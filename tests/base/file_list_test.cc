#include "vpr/base/file_list.h"

#include "base/testing.h"

namespace vpr {
namespace {

TEST(FileList, NamedThenListedWithoutEmptyLines) {
  TestFolder folder;
  WriteTestFile(folder / "list",
                "\xEF\xBB\xBF"
                "b.wav\r\n\n \t\nc d.wav");
  const FileList files({"a.wav"}, folder / "list", {});
  EXPECT_EQ(files.all(), (std::vector<std::string>{"a.wav", "b.wav", "c d.wav"}));
}

TEST(FileList, ShardsAreOfAllTogether) {
  TestFolder folder;
  WriteTestFile(folder / "list", "c\nd\ne\n");
  std::vector<std::string> together;
  for (std::size_t index : {1, 2})
    for (const std::string& file : FileList({"a", "b"}, folder / "list", {index, 2}).all())
      together.push_back(file);
  EXPECT_EQ(together, (std::vector<std::string>{"a", "b", "c", "d", "e"}));
  EXPECT_EQ(FileList({"a", "b"}, folder / "list", {2, 2}).all(),
            (std::vector<std::string>{"d", "e"}));
}

TEST(FileList, RefusesNothing) {
  TestFolder folder;
  WriteTestFile(folder / "list", "\n");
  MessageOf(ErrorCode::kUnusable, [&] { FileList({}, folder / "list", {}); });
  MessageOf(ErrorCode::kUnusable, [&] { FileList({"a"}, "", {2, 2}); });
  MessageOf(ErrorCode::kNotFound, [&] { FileList({}, folder / "nowhere", {}); });
}

}  // namespace
}  // namespace vpr
