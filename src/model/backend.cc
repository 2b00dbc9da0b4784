#include "vpr/model/backend.h"

#include <dlfcn.h>

#include <mutex>

#include "model/open_module.h"
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

Backend& OpenBackend() {
  static std::mutex mutex;
  static Backend* backend = nullptr;
  std::lock_guard lock(mutex);
  if (backend == nullptr)
    backend = reinterpret_cast<Backend* (*)()>(OpenModule("vpr_torch", kBackendEntry))();
  return *backend;
}

std::unique_ptr<Network> MakeNetwork(Model model, const ExtractorOptions& options) {
  const std::string& backend = options.backend;
  if (backend != "auto" && backend != "onednn" && backend != "libtorch")
    throw Error(ErrorCode::kInvalidArgument, "backend '" + Printable(backend) +
                                                 "' is unknown; there are auto, onednn, libtorch");
  const bool on_cpu = options.device == "auto" || options.device == "cpu";
  if (backend == "onednn" && !on_cpu)
    throw Error(ErrorCode::kInvalidArgument, "backend onednn runs on the CPU, not on device '" +
                                                 Printable(options.device) +
                                                 "'; use --backend libtorch");
  if (backend != "libtorch" && on_cpu) {
    const auto make =
        reinterpret_cast<Network* (*)(Model&)>(OpenModule("vpr_onednn", kOneDnnEntry));
    if (std::unique_ptr<Network> network(make(model)); network != nullptr) return network;
    if (backend == "onednn")
      throw Error(ErrorCode::kIncompatible, "backend onednn does not know the architecture '" +
                                                Printable(model.info.architecture) +
                                                "'; use --backend libtorch");
  }
  return OpenBackend().MakeNetwork(model, options);
}

}  // namespace vpr
