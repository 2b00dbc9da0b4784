// What a call complains of.
#pragma once

#include <functional>
#include <string>

#include "vpr/base/error.h"

namespace vpr::test {

// The message of the vpr::Error it throws; empty if it throws none.
inline std::string FailureOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace vpr::test
