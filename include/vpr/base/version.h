#pragma once

namespace vpr {

// "MAJOR.MINOR.PATCH", as in CMakeLists.txt.
const char* Version();

}  // namespace vpr
