#include "vpr/base/file_list.h"

#include <algorithm>
#include <utility>

#include "vpr/base/error.h"

namespace vpr {

FileList::FileList(std::vector<std::string> named, const std::string& list, const Shard& shard) {
  if (!list.empty()) {
    if (list != "-" && IsRegularFile(list)) {
      mapped_.emplace(list);
    } else {
      read_ = ReadFile(list);
    }
  }
  auto for_each_entry = [&](const auto& use) {
    const std::string_view all = text();
    for (std::size_t begin = 0; begin < all.size();) {
      const std::size_t end = std::min(all.find('\n', begin), all.size());
      if (all.substr(begin, end - begin).find_first_not_of(" \t\r") != std::string_view::npos)
        use(begin);
      begin = end + 1;
    }
  };
  std::size_t listed = 0;
  for_each_entry([&](std::size_t) { ++listed; });
  if (named.size() + listed == 0) {
    throw Error(ErrorCode::kUnusable, "list '" + Printable(list) + "' holds no files");
  }
  const auto range = shard.Range(named.size() + listed);
  const std::size_t first = range.first, last = range.second;  // Clang 14 captures no bindings
  if (first == last) {
    throw Error(ErrorCode::kUnusable,
                Format("shard %zu/%zu of %zu files holds none; use fewer shards", shard.index,
                       shard.count, named.size() + listed));
  }
  std::size_t number = named.size();
  begins_.reserve(last - std::min(last, std::max(first, number)));
  for_each_entry([&](std::size_t begin) {
    if (number >= first && number < last) begins_.push_back(begin);
    ++number;
  });
  for (std::size_t i = first; i < std::min(last, named.size()); ++i)
    named_.push_back(std::move(named[i]));
}

std::string FileList::operator[](std::size_t i) const {
  if (i < named_.size()) return named_[i];
  const std::string_view line = text().substr(begins_[i - named_.size()]);
  std::string path(line.substr(0, line.find('\n')));
  if (path.ends_with('\r')) path.pop_back();
  return path;
}

std::vector<std::string> FileList::all() const {
  std::vector<std::string> files;
  for (std::size_t i = 0; i < size(); ++i) files.push_back((*this)[i]);
  return files;
}

}  // namespace vpr
