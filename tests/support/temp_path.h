// Paths for files of tests that run at the same time in processes of their own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace vpr::test {

inline std::string TempPath(const std::string& name) {
  return ::testing::TempDir() + "vpr_" + std::to_string(::getpid()) + "_" + name;
}

}  // namespace vpr::test
