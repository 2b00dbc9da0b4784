// What the HTML pages share: one self-contained file each, with its pictures in it.
#pragma once

#include <string>
#include <string_view>

namespace vpr {

struct Picture {
  std::string name;  // of its file, where it gets one
  std::string png;   // the bytes
  std::string caption;
};

// Text as HTML; control characters replaced.
std::string Escaped(std::string_view text);

// The picture, as part of the page.
std::string Image(const Picture& picture);

// Everything before and after the page's content.
std::string PageHead(const std::string& title);
std::string PageEnd();

}  // namespace vpr
