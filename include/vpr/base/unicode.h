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
// zero-width spaces, marks of direction, soft hyphens, tags), so that two texts differ and look the
// same. Not counted are those that shape what is written: joiners after a virama or between Arabic
// letters (as in RFC 5892, appendix A, for names of hosts), and variation selectors after a symbol.
std::optional<char32_t> FindInvisible(std::string_view text);

// The first character in UTF-8 text that looks like a blank and is none (Unicode's class Zs beside
// U+0020, and the empty Braille pattern).
std::optional<char32_t> FindOddBlank(std::string_view text);

}  // namespace vpr
