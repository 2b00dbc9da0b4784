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

// `path` with control characters, and bytes that are not UTF-8, replaced, for messages of one line.
std::string Printable(std::string_view path);

// True if the text is well-formed UTF-8.
bool IsUtf8(std::string_view text);

}  // namespace vpr
