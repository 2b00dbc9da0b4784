// What names need of Unicode (library utf8proc).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vpr {

// Normalization form C (Unicode Standard Annex 15): one spelling of what can be typed composed or
// decomposed, "é" or "e" and an accent. What is not UTF-8 stays as it is.
std::string ToNfc(std::string_view text);
// The decomposed spelling of the same.
std::string ToNfd(std::string_view text);

// The first character in UTF-8 text that nothing shows of (Unicode's Default_Ignorable_Code_Point:
// zero-width spaces, marks of direction, soft hyphens, tags; the empty Braille pattern), or an
// accent at its beginning, which is drawn on what stands before, so that two texts differ and look
// the same. Not counted are those that shape what is written: joiners after a virama or between
// Arabic letters (as in RFC 5892, appendix A, for names of hosts), and variation selectors after a
// symbol.
std::optional<char32_t> FindInvisible(std::string_view text);

// UTF-8 text with every blank (Unicode's class Zs: U+00A0, U+2003, U+3000, ...) as U+0020.
std::string WithPlainBlanks(std::string_view text);

// A name as it is kept and looked up, so that what looks the same is one name: in normalization
// form C, with plain blanks ("山田　太郎" is what a Japanese keyboard types for "山田 太郎").
std::string NormalName(std::string_view typed);

}  // namespace vpr
