#include "vpr/model/backend.h"

#include <dlfcn.h>

#include <mutex>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

Backend* Load() {
  // In the build tree and installed alike: PREFIX/bin/vpr, PREFIX/lib/vpr/vpr_torch.so.
  std::string path = ExecutableFolder() + "/../lib/vpr/vpr_torch.so";
  void* module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) {
    const char* reason = ::dlerror();
    throw Error(ErrorCode::kNotFound, "cannot load the network engine '" + Printable(path) +
                                          "': " + (reason != nullptr ? reason : "unknown reason"));
  }
  void* entry = ::dlsym(module, kBackendEntry);
  if (entry == nullptr)
    throw Error(ErrorCode::kIncompatible, "the network engine '" + Printable(path) +
                                              "' is of another version of vpr; install it again");
  return reinterpret_cast<Backend* (*)()>(entry)();
}

}  // namespace

Backend& OpenBackend() {
  static std::mutex mutex;
  static Backend* backend = nullptr;  // lives as long as the program: LibTorch cannot be unloaded
  std::lock_guard lock(mutex);
  if (backend == nullptr) backend = Load();
  return *backend;
}

}  // namespace vpr
