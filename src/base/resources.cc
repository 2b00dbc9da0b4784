#include "vpr/base/resources.h"

#include <dlfcn.h>
#include <link.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "vpr/base/file_io.h"

namespace vpr {
namespace {

std::mutex mutex;
std::string& Folder() {
  static std::string folder;
  return folder;
}

// Of the library or program that this code is in.
std::string CodeFolder() {
  Dl_info info{};
  link_map* map = nullptr;
  const auto here = reinterpret_cast<void*>(&ResourcePath);
  if (::dladdr1(here, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0 ||
      map == nullptr || map->l_name == nullptr || map->l_name[0] == '\0')
    return ExecutableFolder();
  std::error_code error;  // a link may lead into the installation
  const std::filesystem::path path = std::filesystem::canonical(map->l_name, error);
  return error ? ExecutableFolder() : path.parent_path().string();
}

}  // namespace

void SetResourceFolder(const std::string& folder) {
  std::lock_guard lock(mutex);
  Folder() = folder;
}

std::string ResourcePath(const std::string& relative) {
  {
    std::lock_guard lock(mutex);
    if (!Folder().empty()) return Folder() + "/" + relative;
  }
  if (const char* home = std::getenv("VPR_HOME"); home != nullptr && *home != '\0')
    return std::string(home) + "/" + relative;
  // Asked once: the working directory, which a relative name depends on, may change.
  static const std::string code = CodeFolder();
  // Programs lie in PREFIX/bin, libraries in PREFIX/lib or PREFIX/lib/x86_64-linux-gnu.
  const std::string likeliest = code + "/../" + relative;
  for (const std::string& path : {likeliest, code + "/" + relative, code + "/../../" + relative})
    if (IsRegularFile(path)) return path;
  return likeliest;
}

}  // namespace vpr
