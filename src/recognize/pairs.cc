#include "vpr/recognize/pairs.h"

#include <set>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {

std::vector<Recognizer::Pair> ReadPairs(const std::string& path) {
  std::vector<Recognizer::Pair> pairs;
  std::size_t number = 0;
  const std::string text = ReadFile(path);
  for (std::string_view line : Lines(WithoutByteOrderMark(text))) {
    ++number;
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    const bool tabs = line.find('\t') != std::string_view::npos;
    const auto fields = tabs ? Split(line, '\t') : SplitBlanks(line);
    if (fields.size() != 2 || fields[0].empty() || fields[1].empty()) {
      throw Error(
          ErrorCode::kCorrupt,
          Format("cannot read list '%s', line %zu: found \"%s\", expected two paths with a tab "
                 "or a blank between (a tab if a path holds blanks)",
                 Printable(path).c_str(), number, Printable(line.substr(0, 200)).c_str()));
    }
    pairs.emplace_back(fields[0], fields[1]);
  }
  if (pairs.empty()) {
    throw Error(ErrorCode::kCorrupt, "list '" + Printable(path) + "' holds no pairs");
  }
  return pairs;
}

std::vector<Recognizer::Pair> CrossPairs(const std::vector<std::string>& a,
                                         const std::vector<std::string>& b) {
  std::vector<Recognizer::Pair> pairs;
  for (const std::string& one : a)
    for (const std::string& other : b) pairs.emplace_back(one, other);
  return pairs;
}

bool ComparePairs(const Recognizer& recognizer, const std::vector<Recognizer::Pair>& pairs,
                  const DecisionThreshold& decision, Progress& progress, const StopRequested& stop,
                  const std::function<void(const Comparison&)>& use) {
  std::size_t not_compared = 0, different = 0;
  std::set<std::string> said;
  recognizer.Compare(pairs, decision, progress, stop, [&](Comparison&& comparison) {
    not_compared += comparison.score ? 0 : 1;
    if (!comparison.score && said.insert(comparison.failure).second)
      progress.Warn(comparison.failure);
    different += comparison.score && !comparison.same() ? 1 : 0;
    use(comparison);
  });
  if (not_compared > 0)
    throw Error(ErrorCode::kUnusable,
                Format("%zu of %zu pairs could not be compared", not_compared, pairs.size()));
  return different == 0;
}

}  // namespace vpr
