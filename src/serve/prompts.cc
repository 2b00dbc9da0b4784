#include "serve/prompts.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "vpr/base/error.h"

namespace vpr {

std::string Prompts::Add(std::string words) {
  if (::sodium_init() < 0)
    throw Error(ErrorCode::kInternal, "the library libsodium cannot be used");
  std::array<unsigned char, 16> bytes{};
  ::randombytes_buf(bytes.data(), bytes.size());
  std::string number(2 * bytes.size() + 1, '\0');
  ::sodium_bin2hex(number.data(), number.size(), bytes.data(), bytes.size());
  number.pop_back();
  const auto now = std::chrono::steady_clock::now();
  std::lock_guard lock(mutex_);
  if (open_.size() >= kMost) {
    std::erase_if(open_, [&](const auto& one) { return now - one.second.made > kValid; });
    if (open_.size() >= kMost)
      open_.erase(std::min_element(open_.begin(), open_.end(), [](const auto& a, const auto& b) {
        return a.second.made < b.second.made;
      }));
  }
  open_[number] = {std::move(words), now};
  return number;
}

std::optional<std::string> Prompts::Take(const std::string& number) {
  std::lock_guard lock(mutex_);
  const auto found = open_.find(number);
  if (found == open_.end()) return std::nullopt;
  Prompt prompt = std::move(found->second);
  open_.erase(found);
  if (std::chrono::steady_clock::now() - prompt.made > kValid) return std::nullopt;
  return std::move(prompt.words);
}

}  // namespace vpr
