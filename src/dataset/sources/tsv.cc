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

std::vector<Utterance> List(const std::string& list) {
  namespace fs = std::filesystem;
  std::string content = ReadFile(list);
  std::string_view text = content;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.find('\0') != std::string_view::npos)
    throw Error(ErrorCode::kCorrupt,
                "cannot use list '" + Printable(list) +
                    "': it is not a text file; expected lines of path<TAB>speaker");
  std::vector<std::string_view> lines = Lines(text);

  std::size_t path_column = 0, speaker_column = 1, columns = 2, first_line = 0;
  if (!lines.empty()) {
    std::vector<std::string_view> names = Split(lines[0], '\t');
    auto column = [&](const char* name) {
      return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    };
    std::size_t path = column("path"), speaker = std::min(column("speaker"), column("label"));
    if (path < names.size() && speaker < names.size()) {
      path_column = path;
      speaker_column = speaker;
      columns = names.size();
      first_line = 1;
    }
  }

  fs::path folder = fs::path(list).parent_path();
  std::vector<Utterance> utterances;
  std::unordered_map<std::string, std::size_t> line_of;
  for (std::size_t i = first_line; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    std::vector<std::string_view> fields = Split(lines[i], '\t');
    if (fields.size() != columns)
      Bad(list, i + 1,
          Format("found %zu columns, expected %zu", fields.size(), columns) +
              (first_line == 0 ? " (path<TAB>speaker); name more columns in a first line"
                               : " as in the first line"));
    std::string_view path = fields[path_column], speaker = fields[speaker_column];
    if (path.empty() || speaker.empty())
      Bad(list, i + 1, std::string("found an empty ") + (path.empty() ? "path" : "speaker"));
    std::string key = Printable(path);
    auto [entry, added] = line_of.try_emplace(key, i + 1);
    if (!added) Bad(list, i + 1, Format("the path is already in line %zu: ", entry->second) + key);
    fs::path file(path);
    std::error_code error;
    if (file.is_relative() && (fs::exists(folder / file, error) || !fs::exists(file, error)))
      file = folder / file;
    utterances.push_back({std::move(key), file.string(), Printable(speaker)});
  }
  return utterances;
}

}  // namespace

extern const SourceLayout kTsv;
const SourceLayout kTsv = {"tsv",
                           "a list of path<TAB>speaker, or with named columns path and speaker",
                           [](const std::string& path) { return IsRegularFile(path); }, List};

}  // namespace vpr
