// A list of files, "path<TAB>speaker" in each line, or any columns under a first line that names
// them, "path" and "speaker" (or "label") among them. Relative paths are looked up from the list's
// folder, then from the working directory.
#include <algorithm>
#include <filesystem>
#include <unordered_map>

#include "dataset/sources/sources.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

[[noreturn]] void Bad(const std::string& list, std::size_t line, const std::string& what) {
  throw Error(ErrorCode::kCorrupt,
              "cannot use list '" + Printable(list) + Format("': line %zu: ", line) + what);
}

std::vector<Utterance> List(const std::string& list, LeftOut*) {
  RecordingTable table = ReadRecordingTable(list);
  const std::size_t speaker = std::min(table.Column("speaker"), table.Column("label"));
  if (speaker == table.columns.size()) Bad(list, 1, "no column is named speaker or label");
  std::vector<Utterance> utterances;
  for (RecordingTable::Row& row : table.rows) {
    if (row.values[speaker].empty()) Bad(list, row.line, "found an empty speaker");
    utterances.push_back({std::move(row.key), std::move(row.path), Printable(row.values[speaker])});
  }
  return utterances;
}

}  // namespace

std::size_t RecordingTable::Column(const std::string& name) const {
  return static_cast<std::size_t>(std::find(columns.begin(), columns.end(), name) -
                                  columns.begin());
}

std::string PathInList(const std::string& list, std::string_view path) {
  namespace fs = std::filesystem;
  const fs::path file(path), folder = fs::path(list).parent_path();
  std::error_code error;
  if (file.is_relative() && (fs::exists(folder / file, error) || !fs::exists(file, error)))
    return (folder / file).string();
  return file.string();
}

RecordingTable ReadRecordingTable(const std::string& list, const std::string& path_column_name) {
  std::string content = ReadFile(list);
  const std::string_view text = WithoutByteOrderMark(content);
  if (text.find('\0') != std::string_view::npos)
    throw Error(ErrorCode::kCorrupt,
                "cannot use list '" + Printable(list) +
                    "': it is not a text file; expected lines of path<TAB>speaker");
  std::vector<std::string_view> lines = Lines(text);

  RecordingTable table;
  table.columns = {"path", "speaker"};
  std::size_t path_column = 0, first_line = 0;
  if (!lines.empty()) {
    std::vector<std::string_view> names = Split(lines[0], '\t');
    auto path =
        static_cast<std::size_t>(std::find(names.begin(), names.end(),
                                           path_column_name.empty() ? "path" : path_column_name) -
                                 names.begin());
    if (path < names.size() && names.size() > 1) {
      table.columns.assign(names.begin(), names.end());
      path_column = path;
      first_line = 1;
    }
  }

  std::unordered_map<std::string, std::size_t> line_of;
  for (std::size_t i = first_line; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    std::vector<std::string_view> fields = Split(lines[i], '\t');
    if (fields.size() != table.columns.size())
      Bad(list, i + 1,
          Format("found %zu columns, expected %zu", fields.size(), table.columns.size()) +
              (first_line == 0 ? " (path<TAB>speaker); name more columns in a first line"
                               : " as in the first line"));
    std::string_view path = fields[path_column];
    if (path.empty() && path_column_name.empty()) Bad(list, i + 1, "found an empty path");
    std::string key = Printable(path);
    auto [entry, added] = line_of.try_emplace(key, i + 1);
    if (!added && path_column_name.empty())
      Bad(list, i + 1, Format("the path is already in line %zu: ", entry->second) + key);
    table.rows.push_back(
        {std::move(key), PathInList(list, path), {fields.begin(), fields.end()}, i + 1});
  }
  return table;
}

extern const SourceLayout kTsv;
const SourceLayout kTsv = {"tsv",
                           "a list of path<TAB>speaker, or with named columns path and speaker",
                           [](const std::string& path) { return IsRegularFile(path); }, List};

}  // namespace vpr
