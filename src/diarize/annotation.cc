#include "vpr/diarize/annotation.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <unordered_map>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr std::size_t kMostBytes = std::size_t{256} << 20;
constexpr double kLongest = 1e7;  // seconds: 115 days

[[noreturn]] void Refuse(const std::string& path, std::size_t line, const std::string& what) {
  throw Error(ErrorCode::kCorrupt,
              Format("%s: line %zu: %s", Printable(path).c_str(), line, what.c_str()));
}

double Seconds(std::string_view field, const char* name, const std::string& path,
               std::size_t line) {
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size() || !(value >= 0) ||
      value > kLongest)
    Refuse(path, line,
           Format("the %s '%s' is no number of seconds from 0 to 10000000", name,
                  Printable(field.substr(0, 40)).c_str()));
  return value;
}

// Calls take(number, fields) for every line that is neither empty nor a comment.
template <typename Take>
void ForEachLine(std::string_view text, const std::string& path, const Take& take) {
  std::size_t number = 0;
  for (std::string_view line : Lines(WithoutByteOrderMark(text))) {
    ++number;
    if (!IsUtf8(line)) Refuse(path, number, "not UTF-8; is this a text file?");
    const std::vector<std::string_view> fields = SplitBlanks(line);
    if (fields.empty() || fields[0].starts_with(";") || fields[0].starts_with("#")) continue;
    take(number, fields);
  }
}

}  // namespace

std::vector<TimeSpan> UnionOf(std::vector<TimeSpan> intervals) {
  std::erase_if(intervals, [](const TimeSpan& one) { return !(one.end > one.begin); });
  std::sort(intervals.begin(), intervals.end(),
            [](const TimeSpan& a, const TimeSpan& b) { return a.begin < b.begin; });
  std::vector<TimeSpan> joined;
  for (const TimeSpan& one : intervals) {
    if (!joined.empty() && one.begin <= joined.back().end)
      joined.back().end = std::max(joined.back().end, one.end);
    else
      joined.push_back(one);
  }
  return joined;
}

std::vector<Annotation> ParseRttm(std::string_view text, const std::string& path) {
  std::vector<Annotation> annotations;
  std::unordered_map<std::string, std::size_t> places;
  ForEachLine(text, path, [&](std::size_t number, const std::vector<std::string_view>& fields) {
    if (fields[0] != "SPEAKER") {
      // The other types of the format's definition (NIST, RT-09) say nothing about who speaks.
      static const std::vector<std::string> kOther = {"SEGMENT",
                                                      "NOSCORE",
                                                      "NO_RT_METADATA",
                                                      "LEXEME",
                                                      "NON-LEX",
                                                      "NON-SPEECH",
                                                      "FILLER",
                                                      "EDIT",
                                                      "IP",
                                                      "SU",
                                                      "CB",
                                                      "A/P",
                                                      "CC",
                                                      "SPKR-INFO",
                                                      "SPEAKER_INFO",
                                                      "NOSCORE_REGION",
                                                      "OVERLAP"};
      if (std::find(kOther.begin(), kOther.end(), fields[0]) != kOther.end()) return;
      Refuse(path, number,
             Format("'%s' is no type of a line of RTTM; expected SPEAKER FILE CHANNEL BEGIN "
                    "DURATION <NA> <NA> NAME",
                    Printable(fields[0].substr(0, 40)).c_str()));
    }
    if (fields.size() < 8)
      Refuse(path, number,
             Format("%zu fields; expected at least 8: SPEAKER FILE CHANNEL BEGIN DURATION <NA> "
                    "<NA> NAME",
                    fields.size()));
    const double begin = Seconds(fields[3], "begin", path, number);
    const double duration = Seconds(fields[4], "duration", path, number);
    const auto [place, is_new] = places.try_emplace(std::string(fields[1]), annotations.size());
    if (is_new) annotations.push_back({std::string(fields[1]), {}});
    if (duration > 0)
      annotations[place->second].turns.push_back({begin, begin + duration, std::string(fields[7])});
  });
  for (Annotation& annotation : annotations)
    std::stable_sort(annotation.turns.begin(), annotation.turns.end(),
                     [](const Turn& a, const Turn& b) { return a.begin < b.begin; });
  return annotations;
}

std::vector<Annotation> ReadRttm(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::is_directory(path, error)) return ParseRttm(ReadFile(path, kMostBytes), path);
  std::vector<std::string> files;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error))
    if (at->path().extension() == ".rttm") files.push_back(at->path().string());
  if (error) throw Error(ErrorCode::kIo, Printable(path) + ": cannot list: " + error.message());
  if (files.empty())
    throw Error(ErrorCode::kNotFound, Printable(path) + ": no file in this folder ends in .rttm");
  std::sort(files.begin(), files.end());
  std::vector<Annotation> all;
  std::unordered_map<std::string, std::string> seen;
  for (const std::string& file : files) {
    for (Annotation& annotation : ParseRttm(ReadFile(file, kMostBytes), file)) {
      const auto [place, is_new] = seen.try_emplace(annotation.recording, file);
      if (!is_new)
        throw Error(ErrorCode::kCorrupt,
                    Format("recording '%s' is in two files: %s and %s",
                           Printable(annotation.recording).c_str(),
                           Printable(place->second).c_str(), Printable(file).c_str()));
      all.push_back(std::move(annotation));
    }
  }
  return all;
}

std::string RttmField(std::string_view text) {
  std::string field(text);
  for (char& c : field)
    if (c == ' ' || (c >= '\t' && c <= '\r')) c = '_';
  return field.empty() ? "_" : field;
}

std::string ToRttm(const Annotation& annotation) {
  std::string text;
  for (const Turn& turn : annotation.turns)
    text += Format("SPEAKER %s 1 %.3f %.3f <NA> <NA> %s <NA> <NA>\n",
                   RttmField(annotation.recording).c_str(), turn.begin, turn.end - turn.begin,
                   RttmField(turn.speaker).c_str());
  return text;
}

std::vector<ScoredParts> ParseUem(std::string_view text, const std::string& path) {
  std::vector<ScoredParts> all;
  std::unordered_map<std::string, std::size_t> places;
  ForEachLine(text, path, [&](std::size_t number, const std::vector<std::string_view>& fields) {
    if (fields.size() < 4)
      Refuse(path, number, Format("%zu fields; expected 4: FILE CHANNEL BEGIN END", fields.size()));
    const TimeSpan part = {Seconds(fields[2], "begin", path, number),
                           Seconds(fields[3], "end", path, number)};
    if (part.end < part.begin) Refuse(path, number, "the end lies before the begin");
    const auto [place, is_new] = places.try_emplace(std::string(fields[0]), all.size());
    if (is_new) all.push_back({std::string(fields[0]), {}});
    all[place->second].parts.push_back(part);
  });
  for (ScoredParts& one : all) one.parts = UnionOf(std::move(one.parts));
  return all;
}

std::vector<ScoredParts> ReadUem(const std::string& path) {
  return ParseUem(ReadFile(path, kMostBytes), path);
}

}  // namespace vpr
