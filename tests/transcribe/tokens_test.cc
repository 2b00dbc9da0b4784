#include "vpr/transcribe/tokens.h"

#include <gtest/gtest.h>

#include "support/failure_of.h"

namespace vpr {
namespace {

TEST(TokenTable, CharactersAreThePublishedForty) {
  const TokenTable table = TokenTable::Characters();
  EXPECT_EQ(table.size(), 40);
  EXPECT_EQ(table.end(), 39);
  EXPECT_EQ(table.names()[0], "<blank>");
  EXPECT_EQ(table.names()[39], "<end>");
  const std::vector<int> tokens = table.Encode("  It's  2 late\t");
  EXPECT_EQ(table.Decode(tokens), "it's 2 late");
}

TEST(TokenTable, DigitsAreReadHoweverTheyAreWritten) {
  const TokenTable table = TokenTable::Digits();
  EXPECT_EQ(table.size(), 12);
  const std::vector<int> expected = {5, 8, 1};
  for (const char* text : {"470", "4 7 0", "four seven zero", "Four 70"})
    EXPECT_EQ(table.Encode(text), expected) << text;
  EXPECT_EQ(table.Decode(expected), "4 7 0");
  EXPECT_TRUE(table.Encode(" ").empty());
}

TEST(TokenTable, WordsAreThoseGiven) {
  const TokenTable table = TokenTable::Words({"ja", "nein"});
  EXPECT_EQ(table.Encode("nein ja"), (std::vector<int>{2, 1}));
  EXPECT_EQ(table.symbols(), (std::vector<std::string>{"ja", "nein"}));
}

TEST(TokenTable, RefusesWhatItHasNoTokenFor) {
  EXPECT_EQ(test::FailureOf([] { TokenTable::Digits().Encode("4 ten"); }),
            "there is no token for 'ten' in '4 ten'");
  EXPECT_EQ(test::FailureOf([] { TokenTable::Characters().Encode("a-b"); }),
            "there is no token for '-' in 'a-b'");
  EXPECT_EQ(test::FailureOf([] { TokenTable::Words({"a"}).Encode("a b"); }),
            "there is no token for 'b' in 'a b'");
  EXPECT_NE(test::FailureOf([] { TokenTable::Words({"a", "a"}); }), "");
  EXPECT_NE(test::FailureOf([] { TokenTable::Words({"a b"}); }), "");
  EXPECT_NE(test::FailureOf([] { TokenTable::Words({}); }), "");
  EXPECT_NE(test::FailureOf([] { ParseTokenKind("letters"); }), "");
}

}  // namespace
}  // namespace vpr
