#include "vpr/base/text.h"

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <iterator>

namespace vpr {

std::string Format(const char* format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int size = std::vsnprintf(nullptr, 0, format, args);
  va_end(args);
  std::string text(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
  std::vsnprintf(text.data(), text.size() + 1, format, again);
  va_end(again);
  return text;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> fields;
  for (std::size_t begin = 0;;) {
    std::size_t end = text.find(separator, begin);
    if (end == std::string_view::npos) {
      fields.push_back(text.substr(begin));
      return fields;
    }
    fields.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
}

std::vector<std::string_view> SplitBlanks(std::string_view text) {
  std::vector<std::string_view> fields;
  for (std::size_t begin = text.find_first_not_of(" \t"); begin != std::string_view::npos;) {
    std::size_t end = text.find_first_of(" \t", begin);
    fields.push_back(text.substr(begin, end == std::string_view::npos ? end : end - begin));
    begin = end == std::string_view::npos ? end : text.find_first_not_of(" \t", end);
  }
  return fields;
}

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) end = text.size();
    std::string_view line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    begin = end + 1;
  }
  return lines;
}

namespace {

// Length of the well-formed UTF-8 sequence at the start of `text` (Unicode 15, table 3-7), else 0.
std::size_t Utf8Length(std::string_view text) {
  auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  auto continues = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    if (first == 0xE0 && second < 0xA0) return 0;
    if (first == 0xED && second > 0x9F) return 0;
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (first == 0xF0 && second < 0x90) return 0;
    if (first == 0xF4 && second > 0x8F) return 0;
    return 4;
  }
  return 0;
}

// The code point of a well-formed sequence.
std::uint32_t CodePoint(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first;
  std::uint32_t point = first & (0x7Fu >> sequence.size());
  for (char byte : sequence.substr(1))
    point = point << 6 | (static_cast<unsigned char>(byte) & 0x3Fu);
  return point;
}

// Characters above ASCII that show nothing themselves but change what a terminal does or how the
// text around them looks: the controls C1, and of Unicode's class Cf and the line separators those
// that hide, join or turn round (UAX #9, UTR #36).
bool IsInvisible(std::uint32_t point) {
  struct Range {
    std::uint32_t first, last;
  };
  static constexpr Range kInvisible[] = {
      {0x80, 0x9F},       {0xAD, 0xAD},       {0x34F, 0x34F},     {0x61C, 0x61C},
      {0x70F, 0x70F},     {0x115F, 0x1160},   {0x17B4, 0x17B5},   {0x180B, 0x180F},
      {0x200B, 0x200F},   {0x2028, 0x202E},   {0x2060, 0x206F},   {0x3164, 0x3164},
      {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},
      {0x13430, 0x13440}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}};
  return std::any_of(std::begin(kInvisible), std::end(kInvisible), [&](const Range& range) {
    return point >= range.first && point <= range.last;
  });
}

// `kept`: control characters that stay.
std::string Escape(std::string_view text, std::string_view kept) {
  std::string escaped;
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    const auto first = static_cast<unsigned char>(text[0]);
    const bool control = first < 0x20 || first == 0x7F;
    if (length == 0 || (control && kept.find(text[0]) == std::string_view::npos)) {
      escaped += Format("\\x%02x", first);
      text.remove_prefix(1);
      continue;
    }
    const std::uint32_t point = CodePoint(text.substr(0, length));
    if (!IsInvisible(point)) {
      escaped += text.substr(0, length);
    } else if (point < 0x10000) {
      escaped += Format("\\u%04x", point);
    } else {  // as JSON writes it
      escaped += Format("\\u%04x\\u%04x", 0xD7C0 + (point >> 10), 0xDC00 + (point & 0x3FF));
    }
    text.remove_prefix(length);
  }
  return escaped;
}

}  // namespace

std::string Printable(std::string_view text) { return Escape(text, ""); }

std::string PrintableText(std::string_view text) { return Escape(text, "\n\t"); }

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    std::size_t length = Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

namespace {

// Edits that turn one into the other: a character inserted, removed, replaced, or two neighbours
// swapped (Damerau-Levenshtein, optimal string alignment). Small and capital ASCII letters are one.
std::size_t Distance(std::string_view a, std::string_view b) {
  auto same = [&](std::size_t i, std::size_t k) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return lower(a[i]) == lower(b[k]);
  };
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t k = 0; k <= b.size(); ++k) last[k] = k;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t k = 1; k <= b.size(); ++k) {
      row[k] = std::min({last[k] + 1, row[k - 1] + 1, last[k - 1] + (same(i - 1, k - 1) ? 0 : 1)});
      if (i > 1 && k > 1 && same(i - 1, k - 2) && same(i - 2, k - 1))
        row[k] = std::min(row[k], before[k - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string_view Nearest(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t kLongest = 200;  // longer ones are no slips of the finger
  std::string_view nearest;
  std::size_t least = std::min<std::size_t>(3, (word.size() + 2) / 3) + 1;  // 1 to 3 edits
  if (word.empty() || word.size() > kLongest) return nearest;
  for (const std::string& one : known) {
    if (one.empty() || one.size() > kLongest) continue;
    // Of "ident" and "identify" the shorter one begins the longer one.
    const bool begins = word.size() >= 3 && one.starts_with(word);
    const std::size_t distance = begins ? 1 : Distance(word, one);
    if (distance < least && distance < one.size()) {
      least = distance;
      nearest = one;
    }
  }
  return nearest;
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& known) {
  const std::string_view nearest = Nearest(word, known);
  return nearest.empty() ? "" : "; did you mean '" + Printable(nearest) + "'?";
}

std::string_view WithoutByteOrderMark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

}  // namespace vpr
