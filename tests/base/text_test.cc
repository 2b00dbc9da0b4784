#include "vpr/base/text.h"

#include <gmock/gmock.h>

namespace vpr {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Text, Format) {
  EXPECT_EQ(Format("%d of %s", 3, "ten"), "3 of ten");
  EXPECT_EQ(Format("%s", std::string(10000, 'x').c_str()), std::string(10000, 'x'));
}

TEST(Text, SplitKeepsEmptyFields) {
  EXPECT_THAT(Split("a\tb\t\tc", '\t'), ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(Split("", '\t'), ElementsAre(""));
  EXPECT_THAT(Split("\t", '\t'), ElementsAre("", ""));
}

TEST(Text, SplitBlanksKeepsNone) {
  EXPECT_THAT(SplitBlanks("  a \t b  "), ElementsAre("a", "b"));
  EXPECT_THAT(SplitBlanks(" \t "), IsEmpty());
}

TEST(Text, Lines) {
  EXPECT_THAT(Lines("a\nb\r\n\nc"), ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(Lines("a\n"), ElementsAre("a"));
  EXPECT_THAT(Lines(""), IsEmpty());
}

TEST(Text, Utf8) {
  // Rows of Unicode 15, table 3-7, at and beyond their borders.
  for (const char* good :
       {"", "abc", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "李达康 ü 🎤"})
    EXPECT_TRUE(IsUtf8(good)) << Printable(good);
  for (const char* bad :
       {"\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xE2\x82",
        "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "ok\xFE"})
    EXPECT_FALSE(IsUtf8(bad)) << Printable(bad);
}

TEST(Text, PrintableIsOneCleanLine) {
  EXPECT_EQ(Printable("a\nb\tc\x1B[31m\x7F"), "a\\x0ab\\x09c\\x1b[31m\\x7f");
  EXPECT_EQ(Printable("李达康 ü"), "李达康 ü");
  EXPECT_EQ(Printable("\xFFx\xC3"), "\\xffx\\xc3");
  EXPECT_EQ(Printable(std::string_view("\0", 1)), "\\x00");
}

}  // namespace
}  // namespace vpr
