#include "vpr/eval/trials.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Fields = std::vector<std::string_view>;

Fields SplitLine(std::string_view line) {
  return line.find('\t') == std::string_view::npos ? SplitBlanks(line) : Split(line, '\t');
}

[[noreturn]] void ThrowBadLine(const std::string& path, std::size_t number, std::string_view line,
                               const char* expected) {
  throw Error(
      ErrorCode::kCorrupt,
      Format("cannot read list '%s', line %zu: found \"%s\", expected %s", Printable(path).c_str(),
             number, Printable(line.substr(0, 200)).c_str(), expected));
}

// Calls parse(number, line, fields) for each line that is not empty.
template <typename Parse>
void ForEachLine(const std::string& path, const char* content, Parse parse) {
  std::optional<MappedFile> mapped;
  std::string read;  // what cannot be mapped
  if (path != "-" && IsRegularFile(path)) {
    mapped.emplace(path);
  } else {
    read = ReadFile(path);
  }
  const std::string_view text =
      WithoutByteOrderMark(mapped ? mapped->text() : std::string_view(read));
  std::size_t number = 0, used = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    parse(number, line, SplitLine(line));
    ++used;
  }
  if (used == 0) {
    throw Error(ErrorCode::kCorrupt, "list '" + Printable(path) + "' holds no " + content);
  }
}

// "target" and "nontarget" only.
std::optional<bool> ParseWord(std::string_view label) {
  if (label == "target") return true;
  if (label == "nontarget") return false;
  return std::nullopt;
}

// "1" and "0" only.
std::optional<bool> ParseDigit(std::string_view label) {
  if (label == "1") return true;
  if (label == "0") return false;
  return std::nullopt;
}

std::optional<double> ParseScore(std::string_view text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::vector<Trial> ReadTrials(const std::string& path) {
  std::vector<Trial> trials;
  ForEachTrial(path, [&](Trial&& trial) { trials.push_back(std::move(trial)); });
  return trials;
}

void ForEachTrial(const std::string& path, const std::function<void(Trial&&)>& use) {
  enum { kUnknown, kVoxCeleb, kKaldi, kCnCeleb } form = kUnknown;
  ForEachLine(path, "trials", [&](std::size_t number, std::string_view line, const Fields& fields) {
    const bool complete = fields.size() == 3 || fields.size() == 4;
    if (form == kUnknown && complete) {
      if (ParseWord(fields[2])) {
        form = kKaldi;
      } else if (ParseDigit(fields[0])) {
        form = kVoxCeleb;
      } else if (ParseDigit(fields[2])) {
        form = kCnCeleb;
      }
    }
    std::optional<bool> target;
    if (complete && form != kUnknown) {
      target = form == kKaldi      ? ParseWord(fields[2])
               : form == kVoxCeleb ? ParseDigit(fields[0])
                                   : ParseDigit(fields[2]);
    }
    const std::size_t first = form == kVoxCeleb ? 1 : 0;
    if (!target || fields[first].empty() || fields[first + 1].empty()) {
      ThrowBadLine(path, number, line,
                   form == kVoxCeleb  ? "\"1|0 enroll test\" as in the lines before"
                   : form == kKaldi   ? "\"enroll test target|nontarget\" as in the lines before"
                   : form == kCnCeleb ? "\"enroll test 1|0\" as in the lines before"
                                      : "\"1|0 enroll test\", \"enroll test target|nontarget\" or "
                                        "\"enroll test 1|0\"");
    }
    use({std::string(fields[first]), std::string(fields[first + 1]), *target,
         fields.size() == 4 ? std::string(fields[3]) : std::string()});
  });
}

std::map<std::string, std::vector<std::string>> ReadEnrollments(const std::string& path) {
  std::map<std::string, std::vector<std::string>> enrollments;
  ForEachLine(
      path, "enrollments", [&](std::size_t number, std::string_view line, const Fields& fields) {
        const bool empty = std::any_of(fields.begin(), fields.end(),
                                       [](std::string_view field) { return field.empty(); });
        if (fields.size() < 2 || empty)
          ThrowBadLine(path, number, line, "\"name file [file ...]\"");
        std::vector<std::string>& files = enrollments[std::string(fields[0])];
        files.insert(files.end(), fields.begin() + 1, fields.end());
      });
  return enrollments;
}

std::string Metadata::Value(const std::string& path, const std::string& column) const {
  const auto at = std::find(columns.begin(), columns.end(), column);
  if (at == columns.end()) {
    std::string known;
    for (const std::string& one : columns) known += (known.empty() ? "" : ", ") + Printable(one);
    throw Error(ErrorCode::kInvalidArgument, "the metadata have no column '" + Printable(column) +
                                                 "'; there are " + known +
                                                 DidYouMean(column, columns));
  }
  const auto found = values.find(path);
  return found == values.end() ? "-"
                               : found->second[static_cast<std::size_t>(at - columns.begin())];
}

Metadata ReadMetadata(const std::string& path) {
  Metadata metadata;
  std::size_t path_field = 0, count = 0;
  ForEachLine(path, "lines", [&](std::size_t number, std::string_view line, const Fields& fields) {
    if (count == 0) {
      const auto found = std::find(fields.begin(), fields.end(), "path");
      if (found == fields.end())
        ThrowBadLine(path, number, line, "names of columns, one of them \"path\"");
      path_field = static_cast<std::size_t>(found - fields.begin());
      count = fields.size();
    } else if (fields.size() != count) {
      ThrowBadLine(path, number, line, Format("%zu fields as in the first line", count).c_str());
    }
    std::vector<std::string> values;
    for (std::size_t i = 0; i < count; ++i) {
      if (i != path_field) values.emplace_back(fields[i]);
    }
    if (metadata.columns.empty())
      metadata.columns = std::move(values);
    else
      metadata.values.insert_or_assign(std::string(fields[path_field]), std::move(values));
  });
  return metadata;
}

ScoreList ReadScores(const std::string& path) {
  std::size_t form = 0;  // number of fields
  ScoreList list;
  SpeakerFinder finder;
  ForEachLine(path, "scores", [&](std::size_t number, std::string_view line, const Fields& fields) {
    if (form == 0 && (fields.size() == 4 || fields.size() == 2)) form = fields.size();
    std::optional<bool> target;
    std::optional<double> score;
    if (form != 0 && fields.size() == form) {
      const std::string_view label = form == 4 ? fields[3] : fields[0];
      target = ParseWord(label);
      if (!target) target = ParseDigit(label);
      score = ParseScore(form == 4 ? fields[2] : fields[1]);
    }
    if (!target || !score) {
      ThrowBadLine(path, number, line,
                   form == 4   ? "\"enroll test score target|nontarget\" as in the lines before"
                   : form == 2 ? "\"target|nontarget score\" as in the lines before"
                               : "\"enroll test score target|nontarget\" or \"target|nontarget "
                                 "score\"");
    }
    list.scores.push_back({*score, *target});
    if (form == 4) finder.Add(fields[0], fields[1], *target);
  });
  if (form == 4) list.speakers = finder.Take().speakers;
  return list;
}

}  // namespace vpr
