#include "vpr/base/text.h"

#include <gmock/gmock.h>

#include "base/printable_name.h"

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

TEST(Text, PrintableNamesAreShort) {
  EXPECT_EQ(PrintableName("conv\n1"), "conv\\x0a1");
  EXPECT_EQ(PrintableName(std::string(101, 'n')), std::string(100, 'n') + "...");
  EXPECT_EQ(PrintableName(std::string(99, 'n') + "ü"), std::string(99, 'n') + "...");
}

TEST(Text, PrintableIsOneCleanLine) {
  EXPECT_EQ(Printable("a\nb\tc\x1B[31m\x7F"), "a\\x0ab\\x09c\\x1b[31m\\x7f");
  EXPECT_EQ(Printable("李达康 ü"), "李达康 ü");
  EXPECT_EQ(Printable("\xFFx\xC3"), "\\xffx\\xc3");
  EXPECT_EQ(Printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Text, PrintableHidesNothing) {
  // C1 (which a terminal obeys as ESC), zero width, bidi, byte order mark, tags.
  EXPECT_EQ(Printable("a\xC2\x9B"
                      "2Jb"),
            "a\\u009b2Jb");
  EXPECT_EQ(Printable("\xC2\x80\xC2\x9F\xC2\xA0"), "\\u0080\\u009f\xC2\xA0");
  EXPECT_EQ(Printable("fdp\xE2\x80\xAE"
                      "exe"),
            "fdp\\u202eexe");
  EXPECT_EQ(Printable("A\xE2\x80\x8B"
                      "da"),
            "A\\u200bda");
  EXPECT_EQ(Printable("\xE2\x81\xA6\xE2\x81\xA9\xD8\x9C"), "\\u2066\\u2069\\u061c");
  EXPECT_EQ(Printable("\xEF\xBB\xBFx"), "\\ufeffx");
  EXPECT_EQ(Printable("\xF3\xA0\x81\x81"), "\\udb40\\udc41");  // U+E0041, as JSON writes it
  EXPECT_EQ(Printable("é ж ა 한 日 🎤"), "é ж ა 한 日 🎤");
}

TEST(Text, PrintableTextKeepsLines) {
  EXPECT_EQ(PrintableText("a\tb\nc\x1B[2J\r\xE2\x80\xAE"), "a\tb\nc\\x1b[2J\\x0d\\u202e");
}

TEST(Text, Nearest) {
  const std::vector<std::string> commands = {"compare", "enroll", "verify", "identify", "db"};
  EXPECT_EQ(Nearest("comapre", commands), "compare");  // neighbours swapped: one edit
  EXPECT_EQ(Nearest("enrol", commands), "enroll");
  EXPECT_EQ(Nearest("VERIFY", commands), "verify");
  EXPECT_EQ(Nearest("ident", commands), "identify");
  EXPECT_EQ(Nearest("bd", commands), "db");
  EXPECT_EQ(Nearest("transcribe", commands), "");
  EXPECT_EQ(Nearest("x", commands), "");
  EXPECT_EQ(Nearest("", commands), "");
  EXPECT_EQ(Nearest(std::string(5000, 'c'), commands), "");
  EXPECT_EQ(DidYouMean("comapre", commands), "; did you mean 'compare'?");
  EXPECT_EQ(DidYouMean("--mdoel", {"--model", "--mode"}), "; did you mean '--model'?");
  EXPECT_EQ(DidYouMean("zzz", commands), "");
}

TEST(Text, ByteOrderMark) {
  EXPECT_EQ(WithoutByteOrderMark("\xEF\xBB\xBF"
                                 "a\xEF\xBB\xBF"),
            "a\xEF\xBB\xBF");
  EXPECT_EQ(WithoutByteOrderMark("\xEF\xBB"), "\xEF\xBB");
  EXPECT_EQ(WithoutByteOrderMark(""), "");
}

}  // namespace
}  // namespace vpr
