#include "vpr/recognize/pairs.h"

#include "base/testing.h"

namespace vpr {
namespace {

TEST(Pairs, OfALine) {
  TestFolder folder;
  WriteTestFile(folder / "list", "a.wav b.wav\n\nc d.wav\te.wav\r\n");
  EXPECT_EQ(ReadPairs(folder / "list"),
            (std::vector<Recognizer::Pair>{{"a.wav", "b.wav"}, {"c d.wav", "e.wav"}}));
  WriteTestFile(folder / "list", "a b\na b c\n");
  EXPECT_NE(MessageOf(ErrorCode::kCorrupt, [&] { ReadPairs(folder / "list"); }).find("line 2"),
            std::string::npos);
  WriteTestFile(folder / "list", " \n");
  MessageOf(ErrorCode::kCorrupt, [&] { ReadPairs(folder / "list"); });
}

TEST(Pairs, EachWithEach) {
  EXPECT_EQ(CrossPairs({"a#1", "a#2"}, {"b"}),
            (std::vector<Recognizer::Pair>{{"a#1", "b"}, {"a#2", "b"}}));
}

}  // namespace
}  // namespace vpr
