// Paths for files of tests that run at the same time in processes of their own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace vpr::test {

// The beginning of the names of a process's files, which are removed when it ends.
class TempFiles {
 public:
  TempFiles() : owner_(::getpid()), begin_("vpr_" + std::to_string(owner_) + "_") {}
  ~TempFiles() {
    if (::getpid() != owner_) return;  // a child of the test
    std::error_code ignored;
    std::filesystem::directory_iterator files(::testing::TempDir(), ignored), end;
    for (; !ignored && files != end; files.increment(ignored)) {
      std::error_code gone;
      if (files->path().filename().string().starts_with(begin_))
        std::filesystem::remove_all(files->path(), gone);
    }
  }
  TempFiles(const TempFiles&) = delete;
  TempFiles& operator=(const TempFiles&) = delete;

  const std::string& begin() const { return begin_; }

 private:
  ::pid_t owner_;
  std::string begin_;
};

inline std::string TempPath(const std::string& name) {
  static const TempFiles files;
  return ::testing::TempDir() + files.begin() + name;
}

}  // namespace vpr::test
