// Labelled recordings, and fair ways to divide them into parts to learn from and parts to test on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "vpr/audio/folder.h"

namespace vpr {

struct Example {
  std::string key;   // the path below the folder, or as written in the list
  std::string path;  // audio file
  std::string label;
  std::string group;                    // the speaker or session; without groups its own key
  std::string by;                       // value of the column asked for
  std::vector<std::string> paths = {};  // of the columns asked for; empty: none there
};

struct ExampleListOptions {
  std::string label_column;  // of a list; empty: "label", else "speaker"
  std::string group_by;      // of a list: a column; of a folder: any word, and the group is the
                             // folder below the class's, CLASS/GROUP/**/FILE; empty: no groups
  std::string by_column;     // of a list: a column for Example::by; empty: none
  // Of a list: the columns for Example::paths, in the place of "path"; the same file may be in
  // several lines.
  std::vector<std::string> path_columns = {};
};

struct ExampleList {
  std::vector<Example> examples;  // sorted by key
  std::size_t unlabelled = 0;     // lines of the list with an empty label or "-", left out
};

// The labelled recordings of a folder with a folder per class, or of a tab-separated list with a
// line of column names. Throws what ListUtterances and ReadRecordingTable throw; kInvalidArgument
// for a column that is not there, a recording without a group, or --by of a folder. `wanted`: which
// files of a folder; null: recordings.
ExampleList ListExamples(const std::string& source, const ExampleListOptions& options,
                         WantedFile wanted = nullptr);

// The labels, each once, sorted by their bytes: a class's number is its place here.
std::vector<std::string> LabelsOf(const std::vector<Example>& examples);
// The class number of each example. Throws kInternal for a label that is not in `labels`.
std::vector<int> ClassesOf(const std::vector<Example>& examples,
                           const std::vector<std::string>& labels);

// Recordings that must stay together, numbered.
std::vector<int> GroupsOf(const std::vector<Example>& examples);

// Divides examples into parts of the given shares (which sum to 1): the part's number of each
// example. Groups stay whole, and every class is spread over the parts by their shares as well as
// whole groups allow; a class of at least as many groups as there are parts is in each. Same input
// and seed, same parts.
std::vector<int> AssignParts(const std::vector<int>& classes, const std::vector<int>& groups,
                             const std::vector<double>& shares, std::uint64_t seed);

}  // namespace vpr
