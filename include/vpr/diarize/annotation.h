// Who speaks when: turns, and the files that hold them (RTTM, UEM).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vpr {

struct TimeSpan {
  double begin = 0, end = 0;  // seconds
  bool operator==(const TimeSpan&) const = default;
};

// Sorted by time, what touches or overlaps joined, what is empty left out.
std::vector<TimeSpan> UnionOf(std::vector<TimeSpan> intervals);

struct Turn {
  double begin = 0, end = 0;  // seconds
  std::string speaker;
  bool operator==(const Turn&) const = default;
};

struct Annotation {
  std::string recording;
  std::vector<Turn> turns;
};

// By first appearance of a recording in the text; its turns by their begin. The channel is not
// looked at. Lines of other types than SPEAKER, empty ones and comments (";;", "#") are skipped,
// turns without duration too. Throws kCorrupt with `path` and the line's number for what is not
// UTF-8, for missing fields and for times that are no numbers, negative or over 10^7 s.
std::vector<Annotation> ParseRttm(std::string_view text, const std::string& path);
// Of a file of at most 256 MB, or of all *.rttm in a folder (one recording may be in one of them
// only). Throws kNotFound, kIo, kCorrupt.
std::vector<Annotation> ReadRttm(const std::string& path);

// Blanks cannot stand in RTTM's fields: they become "_".
std::string RttmField(std::string_view text);
std::string ToRttm(const Annotation& annotation);

// The parts of a recording that count ("un-partitioned evaluation map").
struct ScoredParts {
  std::string recording;
  std::vector<TimeSpan> parts;  // as UnionOf
};
// Throws as ParseRttm.
std::vector<ScoredParts> ParseUem(std::string_view text, const std::string& path);
std::vector<ScoredParts> ReadUem(const std::string& path);

}  // namespace vpr
