// What tests of every module share.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "vpr/base/error.h"

namespace vpr {

// A new empty folder for the running test, removed with what is in it.
class TestFolder {
 public:
  // kMemory: on a file system in memory where there is one, for tests that sync a thousand times.
  enum Place { kDisk, kMemory };
  explicit TestFolder(Place place = kDisk) {
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string("vpr-") + test->test_suite_name() + "-" + test->name();
    for (char& c : name) c = c == '/' ? '-' : c;
    name += "-" + std::to_string(::getpid());  // the same test may run in another build
    constexpr const char* kMemoryFiles = "/dev/shm";
    bool memory = place == kMemory && ::access(kMemoryFiles, W_OK) == 0;
    path_ = std::filesystem::path(memory ? kMemoryFiles : testing::TempDir()) / name;
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Writes without syncing: for the many small files of a test.
inline void WriteTestFile(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  ASSERT_TRUE(file.good()) << path;
}

// Runs `body` and checks that it throws an Error of `code`; returns its message.
template <typename Body>
std::string MessageOf(ErrorCode code, const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(code)) << error.what();
    std::string message = error.what();
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_FALSE(message.ends_with('.')) << message;
    return message;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

}  // namespace vpr
