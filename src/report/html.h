// What the HTML pages share: one self-contained file each, with its pictures in it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace vpr {

struct Picture {
  std::string file, caption;
};

// Text as HTML; control characters replaced.
std::string Escaped(std::string_view text);

// The picture's file, as part of the page.
std::string Image(const Picture& picture);

// Everything before and after the page's content.
std::string PageHead(const std::string& title);
std::string PageEnd();

// Makes the folder if need be. Throws kIo.
void MakeFolder(const std::filesystem::path& path);

// A folder beside the page that lives as long as this, for pictures on their way into it.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& beside);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace vpr
