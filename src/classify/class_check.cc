#include "classify/class_check.h"

#include <map>
#include <set>
#include <utility>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

std::pair<std::size_t, std::string> FewestGroups(const std::vector<Example>& examples) {
  std::map<std::string, std::set<std::string>> groups;
  for (const Example& example : examples) groups[example.label].insert(example.group);
  std::pair<std::size_t, std::string> fewest{examples.size() + 1, ""};
  for (const auto& [label, own] : groups)
    if (own.size() < fewest.first) fewest = {own.size(), label};
  return fewest;
}

void CheckClasses(const std::vector<Example>& examples, const std::string& source,
                  const std::string& group_by, const char* what) {
  const std::vector<std::string> labels = LabelsOf(examples);
  if (labels.size() < 2)
    throw Error(ErrorCode::kUnusable,
                "cannot train on '" + Printable(source) + "': " +
                    (labels.empty()
                         ? std::string("no recording can be used")
                         : "all " + std::string(what) + " are of one class, '" + labels[0] + "'") +
                    "; at least two classes are needed");
  const auto [count, label] = FewestGroups(examples);
  if (count < 2)
    throw Error(ErrorCode::kUnusable,
                "cannot train on '" + Printable(source) + "': class '" + label + "' has " +
                    (group_by.empty() ? std::string("one recording that can be used")
                                      : "recordings of one " + Printable(group_by) + " only") +
                    "; at least two are needed, one to learn from and one to test on: add some, "
                    "or leave the class out");
}

}  // namespace vpr
