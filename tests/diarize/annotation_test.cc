#include "vpr/diarize/annotation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vpr/base/error.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(AnnotationTest, ReadsRttm) {
  const auto all = ParseRttm(
      ";; comment\r\n\n"
      "SPKR-INFO b 1 <NA> <NA> <NA> unknown A <NA>\n"
      "SPEAKER b 1 5.5 1.25 <NA> <NA> A <NA> <NA>\r\n"
      "SPEAKER  a 1\t0 1 <NA> <NA> B\n"
      "SPEAKER b 2 1e0 0.5 <NA> <NA> \xC3\x84 <NA> <NA>\n"
      "SPEAKER b 1 9 0 <NA> <NA> C <NA> <NA>",
      "x");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].recording, "b");
  EXPECT_THAT(all[0].turns, ElementsAre(Turn{1, 1.5, "\xC3\x84"}, Turn{5.5, 6.75, "A"}));
  EXPECT_THAT(all[1].turns, ElementsAre(Turn{0, 1, "B"}));
}

TEST(AnnotationTest, WrittenAndReadAgain) {
  const Annotation one = {"a meeting", {{0, 1.5, "speaker 1"}, {1.25, 3, "Ada"}}};
  const std::string text = ToRttm(one);
  EXPECT_EQ(text,
            "SPEAKER a_meeting 1 0.000 1.500 <NA> <NA> speaker_1 <NA> <NA>\n"
            "SPEAKER a_meeting 1 1.250 1.750 <NA> <NA> Ada <NA> <NA>\n");
  const auto read = ParseRttm(text, "x");
  ASSERT_EQ(read.size(), 1u);
  EXPECT_THAT(read[0].turns, ElementsAre(Turn{0, 1.5, "speaker_1"}, Turn{1.25, 3, "Ada"}));
}

TEST(AnnotationTest, RefusesWithLine) {
  for (const char* text :
       {"SPEAKER a 1 0 1 <NA> <NA>", "WORD a 1 0 1 <NA> <NA> A", "SPEAKER a 1 -1 1 <NA> <NA> A",
        "SPEAKER a 1 0 inf <NA> <NA> A", "SPEAKER a 1 0 1s <NA> <NA> A",
        "SPEAKER a 1 1e8 1 <NA> <NA> A", "SPEAKER a 1 0 1 <NA> <NA> \xC3"}) {
    try {
      ParseRttm(std::string("\n") + text, "file");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorrupt);
      EXPECT_THAT(error.what(), HasSubstr("file: line 2: "));
    }
  }
}

TEST(AnnotationTest, AnyBytesAreReadOrRefused) {
  const std::string seed = "SPEAKER a 1 0.5 1 <NA> <NA> A <NA> <NA>\na 1 0 5\n";
  for (std::uint64_t k = 0; k < 2000; ++k) {
    Rng rng(k, 6);
    std::string text = seed;
    for (int changes = 0; changes < 4; ++changes)
      text[rng.Below(text.size())] = static_cast<char>(rng.Below(256));
    try {
      ParseRttm(text, "x");
    } catch (const Error&) {
    }
    try {
      ParseUem(text, "x");
    } catch (const Error&) {
    }
  }
}

TEST(AnnotationTest, Uem) {
  const auto all = ParseUem("a 1 5 6\na 1 0 2\nb 1 0 1\na 1 1.5 3\n", "x");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_THAT(all[0].parts, ElementsAre(TimeSpan{0, 3}, TimeSpan{5, 6}));
  EXPECT_THROW(ParseUem("a 1 2 1\n", "x"), Error);
  EXPECT_THROW(ParseUem("a 1 2\n", "x"), Error);
}

}  // namespace
}  // namespace vpr
