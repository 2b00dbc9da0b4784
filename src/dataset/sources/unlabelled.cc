// Recordings of which nobody says who speaks: any folder, all files below it. Never found by
// itself, since every folder looks like this.
#include "dataset/sources/sources.h"
#include "vpr/dataset/packed_dataset.h"

namespace vpr {

extern const SourceLayout kUnlabelledFolder;
const SourceLayout kUnlabelledFolder = {
    "unlabelled", "recordings at any depth, the speakers not known: **/FILE",
    [](const std::string&) { return false; },
    [](const std::string& path, LeftOut* left_out) {
      return ListTree(
          path, [](const TreeFile&) { return std::optional<std::string>(kUnlabelled); }, left_out);
    }};

}  // namespace vpr
