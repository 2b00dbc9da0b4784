// Parts of the program that are opened at first need.
#pragma once

#include <string>

namespace vpr {

// The entry point of lib/vpr/NAME.so beside the program's bin folder, which stays open as long as
// the program. Throws kNotFound with the reason if it cannot be opened, kIncompatible if it is of
// another version of vpr.
void* OpenModule(const std::string& name, const char* entry);

}  // namespace vpr
