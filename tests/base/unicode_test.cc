#include "vpr/base/unicode.h"

#include <gtest/gtest.h>

namespace vpr {
namespace {

// Expected values: python3 -c "import unicodedata; print(ascii(unicodedata.normalize('NFC', ...)))"
TEST(Unicode, NormalForms) {
  EXPECT_EQ(ToNfc("Jose\u0301"), "Jos\u00e9");
  EXPECT_EQ(ToNfd("Jos\u00e9"), "Jose\u0301");
  EXPECT_EQ(ToNfc("\u1112\u1161\u11ab"), "\ud55c");    // Hangul
  EXPECT_EQ(ToNfc("q\u0307\u0323"), "q\u0323\u0307");  // marks in their order
  EXPECT_EQ(ToNfc("\u212b"), "\u00c5");                // the unit Angstrom
  EXPECT_EQ(ToNfc("\ufb01\uff21"), "\ufb01\uff21");    // compatibility characters stay
  EXPECT_EQ(ToNfc("李达康 🎤"), "李达康 🎤");
  EXPECT_EQ(ToNfc(""), "");
  EXPECT_EQ(ToNfc("\xff e\xcc\x81"), "\xff e\xcc\x81");  // not UTF-8
}

TEST(Unicode, InvisibleCharactersAreFound) {
  EXPECT_EQ(FindInvisible("Ada O'Brien 李达康"), std::nullopt);
  EXPECT_EQ(FindInvisible("Ad\u200ba"), U'\u200b');
  EXPECT_EQ(FindInvisible("\ufeffAda"), U'\ufeff');
  EXPECT_EQ(FindInvisible("A\u200cda"), U'\u200c');        // joins nothing
  EXPECT_EQ(FindInvisible("علی\u200cرضا"), std::nullopt);  // does
  EXPECT_EQ(FindInvisible("علی\u200c"), U'\u200c');        // at the end
  EXPECT_EQ(FindInvisible("ක්\u200dෂ"), std::nullopt);      // after a virama
  EXPECT_EQ(FindInvisible("❤\ufe0f"), std::nullopt);
  EXPECT_EQ(FindInvisible("A\ufe0f"), U'\ufe0f');
  EXPECT_EQ(FindInvisible("\u2800"), U'\u2800');  // a Braille cell without dots
  EXPECT_EQ(FindInvisible("\u0301"), U'\u0301');  // an accent on whatever stands before
  EXPECT_EQ(FindInvisible("\u20ddA"), U'\u20dd');
  EXPECT_EQ(FindInvisible("e\u0301"), std::nullopt);
  EXPECT_EQ(FindInvisible("\xff"), std::nullopt);
}

TEST(Unicode, EveryBlankBecomesAPlainOne) {
  EXPECT_EQ(WithPlainBlanks("Ada Lovelace 李达康"), "Ada Lovelace 李达康");
  EXPECT_EQ(WithPlainBlanks("Ada\u00a0L\u2009M\u202fN"), "Ada L M N");
  EXPECT_EQ(WithPlainBlanks("山田\u3000太郎"), "山田 太郎");
  EXPECT_EQ(WithPlainBlanks("\t\u200b"), "\t\u200b");
  EXPECT_EQ(WithPlainBlanks("\xff\u3000\xe3\x80"), "\xff \xe3\x80");
  EXPECT_EQ(WithPlainBlanks(""), "");
}

}  // namespace
}  // namespace vpr
