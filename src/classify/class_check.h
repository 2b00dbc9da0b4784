// Whether there is enough to learn from.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "vpr/classify/example.h"

namespace vpr {

// How many groups (or, without groups, examples) the class with the fewest has, and its label.
std::pair<std::size_t, std::string> FewestGroups(const std::vector<Example>& examples);

// Throws kUnusable for fewer than two classes, or a class of which there is a single example (or
// group). `what`: what messages call the examples.
void CheckClasses(const std::vector<Example>& examples, const std::string& source,
                  const std::string& group_by, const char* what);

}  // namespace vpr
