// A part of a job that several machines share.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace vpr {

// Part `index` of `count` equal ones. The parts of a list follow one another and are the whole list
// together.
struct Shard {
  std::size_t index = 1;  // 1 .. count
  std::size_t count = 1;

  bool whole() const { return count == 1; }

  // Of `size` items those from .first on that lie before .second.
  std::pair<std::size_t, std::size_t> Range(std::size_t size) const {
    // The first size % count parts have one item more.
    const std::size_t each = size / count, longer = size % count;
    auto begin = [&](std::size_t part) { return part * each + (part < longer ? part : longer); };
    return {begin(index - 1), begin(index)};
  }
};

// "I/N" with 1 <= I <= N <= 1,000,000,000; nothing for other text.
std::optional<Shard> ParseShard(std::string_view text);

}  // namespace vpr
