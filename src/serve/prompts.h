// Words that were asked for, so that a recording made before does not do.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace vpr {

// Thread-safe.
class Prompts {
 public:
  static constexpr std::chrono::seconds kValid{120};
  static constexpr std::size_t kMost = 10000;

  // A number that nobody can guess, for these words. Of too many the oldest one goes.
  std::string Add(std::string words);
  // The words of a number, once; nothing for one that is not known, was taken, or is too old.
  std::optional<std::string> Take(const std::string& number);

 private:
  struct Prompt {
    std::string words;
    std::chrono::steady_clock::time_point made;
  };
  std::mutex mutex_;
  std::map<std::string, Prompt> open_;
};

}  // namespace vpr
