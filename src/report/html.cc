#include "report/html.h"

#include <algorithm>

#include "vpr/base/text.h"

namespace vpr {
namespace {

std::string Base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
    unsigned word = 0;
    for (std::size_t k = 0; k < 3; ++k)
      word = word << 8 | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      text += k <= left ? kDigits[word >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

constexpr char kStyle[] =
    "body{font-family:sans-serif;margin:2em auto;max-width:72em;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;margin:1em 0;font-size:90%}"
    "th,td{border-bottom:1px solid #ddd;padding:.3em .6em;text-align:right}"
    "td:first-child,th:first-child{text-align:left}small{color:#666;white-space:nowrap}"
    "figure{margin:1em 0}img{max-width:100%}figcaption{color:#555;font-size:90%}"
    ".warning{background:#fdd;padding:.6em}dt{font-weight:bold}";

}  // namespace

std::string Escaped(std::string_view text) {
  std::string html;
  for (char c : Printable(text)) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

std::string Image(const Picture& picture) {
  return "<figure><img alt=\"" + Escaped(picture.caption) + "\" src=\"data:image/png;base64," +
         Base64(picture.png) + "\"><figcaption>" + Escaped(picture.caption) +
         "</figcaption></figure>\n";
}

std::string PageHead(const std::string& title) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
         Escaped(title) + "</title>\n<style>" + kStyle + "</style></head><body>\n<h1>" +
         Escaped(title) + "</h1>\n";
}

std::string PageEnd() { return "</body></html>\n"; }

}  // namespace vpr
