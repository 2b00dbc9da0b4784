#include "base/open_module.h"

#include <dlfcn.h>

#include "vpr/base/build_id.h"
#include "vpr/base/error.h"
#include "vpr/base/process.h"
#include "vpr/base/resources.h"
#include "vpr/base/text.h"

namespace vpr {

void* OpenModule(const std::string& name, const char* entry_name) {
  const std::string path = ResourcePath("lib/vpr/" + name + ".so");
  // Never closed: LibTorch cannot be unloaded.
  void* module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) {
    const char* reason = ::dlerror();
    throw Error(ErrorCode::kNotFound, "cannot load '" + Printable(path) +
                                          "': " + (reason != nullptr ? reason : "unknown reason"));
  }
  // Of another build no other function can be called.
  const auto begin = reinterpret_cast<ModuleBegin*>(::dlsym(module, kModuleBegin));
  const std::string found = begin == nullptr ? "none" : begin(ProcessIsOwned());
  void* entry = ::dlsym(module, entry_name);
  if (found != BuildId() || entry == nullptr)
    throw Error(ErrorCode::kIncompatible,
                "'" + Printable(path) + "' is of another build of vpr: found build id " +
                    Printable(found) + ", expected " + BuildId() + "; install both together");
  return entry;
}

void* OpenOptionalModule(const std::string& name, const char* entry, const std::string& packages,
                         std::string& missing) {
  try {
    return OpenModule(name, entry);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    const std::string reason = error.what();
    // "libavformat.so.59: cannot open shared object file", of a module that is there.
    const std::size_t library = reason.rfind(": lib"), end = reason.find(".so.", library);
    if (library != std::string::npos && end != std::string::npos) {
      const std::string package = reason.substr(library + 2, end - library - 2);
      const std::size_t after = end + 4;
      missing =
          "install the package " + Printable(package) +
          Printable(reason.substr(after, reason.find_first_not_of("0123456789", after) - after));
    } else {
      missing = "install " + packages + " and build vpr again, which then makes its module " +
                name + ".so";
    }
    return nullptr;
  }
}

}  // namespace vpr
