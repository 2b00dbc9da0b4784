#include "vpr/base/shard.h"

#include <charconv>

namespace vpr {

std::optional<Shard> ParseShard(std::string_view text) {
  constexpr std::size_t kMost = 1'000'000'000;
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto parse = [](std::string_view digits, std::size_t& value) {
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    return error == std::errc() && stop == end;
  };
  Shard shard;
  if (!parse(text.substr(0, slash), shard.index) || !parse(text.substr(slash + 1), shard.count) ||
      shard.index < 1 || shard.index > shard.count || shard.count > kMost)
    return std::nullopt;
  return shard;
}

}  // namespace vpr
