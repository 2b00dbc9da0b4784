#include "vpr/base/unicode.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>
#include <new>

namespace vpr {
namespace {

constexpr char32_t kNonJoiner = 0x200C, kJoiner = 0x200D;
constexpr int kVirama = 9;  // canonical combining class

std::string Mapped(std::string_view text, int options) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                             static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                                             static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, void (*)(void*)> owner(mapped, std::free);
  if (size == UTF8PROC_ERROR_NOMEM) throw std::bad_alloc();
  if (size < 0) return std::string(text);
  return {reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size)};
}

bool IsArabicLetter(char32_t c) {
  const bool arabic = (c >= 0x0600 && c <= 0x077F) || (c >= 0x08A0 && c <= 0x08FF) ||
                      (c >= 0xFB50 && c <= 0xFDFF) || (c >= 0xFE70 && c <= 0xFEFC);
  return arabic && utf8proc_category(static_cast<utf8proc_int32_t>(c)) == UTF8PROC_CATEGORY_LO;
}

bool IsVariationSelector(char32_t c) { return c == 0xFE0E || c == 0xFE0F; }
bool IsMark(utf8proc_propval_t category) {
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME;
}

// The first character and its bytes. 0: none, or the end.
char32_t First(std::string_view text, std::size_t& length) {
  utf8proc_int32_t c = 0;
  const utf8proc_ssize_t size =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                       static_cast<utf8proc_ssize_t>(text.size()), &c);
  length = size > 0 ? static_cast<std::size_t>(size) : 1;
  return size > 0 ? static_cast<char32_t>(c) : 0;
}

}  // namespace

std::string ToNfc(std::string_view text) {
  return Mapped(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

std::string ToNfd(std::string_view text) {
  return Mapped(text, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
}

std::string WithPlainBlanks(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    std::size_t length = 1;
    const char32_t c = First(text, length);
    if (utf8proc_category(static_cast<utf8proc_int32_t>(c)) == UTF8PROC_CATEGORY_ZS)
      plain += ' ';
    else
      plain += text.substr(0, length);
    text.remove_prefix(length);
  }
  return plain;
}

std::string NormalName(std::string_view typed) { return ToNfc(WithPlainBlanks(typed)); }

std::optional<char32_t> FindInvisible(std::string_view text) {
  constexpr char32_t kEmptyBraille = 0x2800;
  char32_t before = 0;
  while (!text.empty()) {
    std::size_t length = 1, ignored = 1;
    const char32_t c = First(text, length);
    text.remove_prefix(length);
    const auto property = [](char32_t of) {
      return utf8proc_get_property(static_cast<utf8proc_int32_t>(of));
    };
    if (c == kEmptyBraille || (before == 0 && IsMark(property(c)->category))) return c;
    if (property(c)->ignorable) {
      const bool shapes =
          c == kJoiner || c == kNonJoiner
              ? property(before)->combining_class == kVirama ||
                    (IsArabicLetter(before) && !text.empty() &&
                     IsArabicLetter(First(text, ignored)))
              : IsVariationSelector(c) && property(before)->category == UTF8PROC_CATEGORY_SO;
      if (!shapes) return c;
    }
    before = c;
  }
  return std::nullopt;
}

}  // namespace vpr
