// Small text helpers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vpr {

// printf into a std::string.
std::string Format(const char* format, ...) __attribute__((format(printf, 1, 2)));

// Splits at every occurrence of `separator`; keeps empty fields.
std::vector<std::string_view> Split(std::string_view text, char separator);

// Splits at runs of blanks (space, tab); no empty fields.
std::vector<std::string_view> SplitBlanks(std::string_view text);

// Lines without their line end (\n or \r\n); a last line without one counts, a last empty one not.
std::vector<std::string_view> Lines(std::string_view text);

// For one line on a terminal: control characters and bytes that are not UTF-8 become "\x1b", and
// characters that only hide or turn round others (C1, zero width, bidi) "\u202e", as in JSON.
std::string Printable(std::string_view text);
// The same for several lines: line ends and tabs stay.
std::string PrintableText(std::string_view text);

// Of the words known the one that `word`, which is none of them, may have been meant to be: at most
// three edits away (one in three characters), or begun by it. Empty if there is none.
std::string_view Nearest(std::string_view word, const std::vector<std::string>& known);
// "; did you mean 'compare'?", or nothing, for the end of a message.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& known);

// `text` without the byte order mark that some editors put before it.
std::string_view WithoutByteOrderMark(std::string_view text);

// True if the text is well-formed UTF-8.
bool IsUtf8(std::string_view text);

}  // namespace vpr
