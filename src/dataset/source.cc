#include "vpr/dataset/source.h"

#include <sys/stat.h>

#include <algorithm>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

extern const SourceLayout kTsv, kKaldi, kLibriSpeech, kVoxCeleb, kAishell, kVctk, kStCmds,
    kUnlabelledFolder, kFolders;

const std::vector<SourceLayout>& SourceLayouts() {
  // In the order in which "auto" asks; what matches every folder comes last.
  static const std::vector<SourceLayout> layouts = {
      kTsv, kKaldi, kLibriSpeech, kVoxCeleb, kAishell, kVctk, kStCmds, kUnlabelledFolder, kFolders,
  };
  return layouts;
}

std::vector<Utterance> ListUtterances(const std::string& path, const std::string& layout,
                                      std::string* used_layout, LeftOut* left_out) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    throw Error(ErrorCode::kNotFound,
                "cannot find '" + Printable(path) + "': expected a folder or a list of recordings");
  const SourceLayout* chosen = nullptr;
  std::string names;
  for (const SourceLayout& candidate : SourceLayouts()) {
    names += std::string(", ") + candidate.name;
    if (chosen == nullptr &&
        (layout == "auto" ? candidate.matches(path) : layout == candidate.name))
      chosen = &candidate;
  }
  if (chosen == nullptr)
    throw Error(
        ErrorCode::kInvalidArgument,
        layout == "auto"
            ? "cannot list '" + Printable(path) + "': it is neither a folder nor a readable file"
            : "unknown layout '" + Printable(layout) + "', expected auto" + names);
  if (used_layout != nullptr) *used_layout = chosen->name;
  std::vector<Utterance> utterances = chosen->list(path, left_out);
  if (std::all_of(utterances.begin(), utterances.end(),
                  [](const Utterance& utterance) { return utterance.speaker.empty(); }))
    throw Error(ErrorCode::kUnusable, "no recording in '" + Printable(path) + "' as layout " +
                                          chosen->name + " (" + chosen->description + ") expects");
  std::sort(utterances.begin(), utterances.end(),
            [](const Utterance& a, const Utterance& b) { return a.key < b.key; });
  auto same =
      std::adjacent_find(utterances.begin(), utterances.end(),
                         [](const Utterance& a, const Utterance& b) { return a.key == b.key; });
  if (same != utterances.end())
    throw Error(ErrorCode::kCorrupt, "cannot list '" + Printable(path) +
                                         "': two utterances of key '" + Printable(same->key) + "'");
  return utterances;
}

}  // namespace vpr
