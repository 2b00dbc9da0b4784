// Parts of the program that are opened at first need.
#pragma once

#include <string>

#include "vpr/base/error.h"

namespace vpr {

// The entry point of lib/vpr/NAME.so (vpr/base/resources.h), which stays open as long as the
// program. Throws kNotFound with the reason if it cannot be opened, kIncompatible if it was built
// with other headers or another compiler, so that its types may not be ours.
void* OpenModule(const std::string& name, const char* entry);

// The same of a module that may be missing, since it was not built or a library that it needs is
// not installed: null, and in `missing` what to install; `packages`: what it is built with.
void* OpenOptionalModule(const std::string& name, const char* entry, const std::string& packages,
                         std::string& missing);

// What a module implements for one customer, opened at first need: `Interface` names the module
// (kModule) and the function there that returns it (kEntry). Throws as OpenModule.
template <typename Interface>
Interface& OpenInterface() {
  static Interface* const interface =
      reinterpret_cast<Interface* (*)()>(OpenModule(Interface::kModule, Interface::kEntry))();
  return *interface;
}

// The same of one that may be missing: `Interface` also names what it is built with (kPackages) and
// what cannot be done without it (kWithout), which kNotFound says together with what to install.
template <typename Interface>
Interface& OpenOptionalInterface() {
  static Interface* const interface = [] {
    std::string missing;
    void* const entry =
        OpenOptionalModule(Interface::kModule, Interface::kEntry, Interface::kPackages, missing);
    if (entry == nullptr)
      throw Error(ErrorCode::kNotFound, std::string(Interface::kWithout) + ": " + missing);
    return reinterpret_cast<Interface* (*)()>(entry)();
  }();
  return *interface;
}

// What every module exports (src/base/module_entry.cc) and is called first: tells it what
// ProcessIsOwned() says, and returns the BuildId() that it was built with.
using ModuleBegin = const char*(bool own_process);
inline constexpr const char* kModuleBegin = "vpr_module_begin";

}  // namespace vpr
