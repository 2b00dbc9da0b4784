// Where utterances come from: folders and lists of the layouts people have.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vpr/audio/folder.h"

namespace vpr {

struct Utterance {
  std::string key;      // unique within a data set; by default the path below the source's root
  std::string path;     // audio file
  std::string speaker;  // label; empty for a file that lies where the layout knows no speaker
};

// A layout of recordings on disk. One file in src/dataset/sources/ and one line in its registry
// each.
struct SourceLayout {
  const char* name;         // for --layout
  const char* description;  // one line, for --help
  // True if `path` looks like this layout; asked in registry order by "auto".
  bool (*matches)(const std::string& path);
  // The utterances, sorted by key, and what other files there are in a folder that is searched.
  // Throws kNotFound, kCorrupt (with the line number of a list).
  std::vector<Utterance> (*list)(const std::string& path, LeftOut* left_out);
};

const std::vector<SourceLayout>& SourceLayouts();

// Lists `path` with the layout of that name, or with the first that matches for "auto".
// Throws kNotFound for a missing path, kInvalidArgument for an unknown layout or when none matches,
// kUnusable when there is not one utterance, kCorrupt for keys used twice.
std::vector<Utterance> ListUtterances(const std::string& path, const std::string& layout = "auto",
                                      std::string* used_layout = nullptr,
                                      LeftOut* left_out = nullptr);

// A list of recordings with named columns, "path" among them: a line of tab-separated names, then a
// line a recording. Without a line of names the columns are path and speaker. Relative paths are
// looked up from the list's folder, then from the working directory.
struct RecordingTable {
  std::vector<std::string> columns;
  struct Row {
    std::string key;                  // the path as written
    std::string path;                 // audio file
    std::vector<std::string> values;  // one a column
    std::size_t line = 0;             // of the list
  };
  std::vector<Row> rows;

  // The number of a column; columns.size() if there is none of that name.
  std::size_t Column(const std::string& name) const;
};

// `path_column`: a column of another name in the place of "path", which must then be named; its
// paths may come again. Throws kNotFound, kIo; kCorrupt with the line number, also for a path that
// is there twice.
RecordingTable ReadRecordingTable(const std::string& path, const std::string& path_column = "");

// Where a path that a list names is: from the list's folder, else from the working directory.
std::string PathInList(const std::string& list, std::string_view path);

}  // namespace vpr
