// Word and character error rates: how far recognised texts are from what was said.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vpr/eval/bootstrap.h"

namespace vpr {

// Of an alignment with the fewest substitutions, deletions and insertions (Levenshtein). Where
// several have equally few, the one that is found from the end on by trying a deletion, then an
// insertion that costs no more than what it leaves aligned, then a pair.
struct AlignmentCounts {
  std::uint64_t hits = 0, substitutions = 0, deletions = 0, insertions = 0;

  std::uint64_t reference() const { return hits + substitutions + deletions; }
  std::uint64_t errors() const { return substitutions + deletions + insertions; }
  // errors() / reference(); NaN where the reference is empty.
  double rate() const;
  AlignmentCounts& operator+=(const AlignmentCounts& other);
  bool operator==(const AlignmentCounts&) const = default;
};

// Throws kInvalidArgument for texts so long that their table would have more than 400 million
// cells.
AlignmentCounts AlignWords(std::string_view reference, std::string_view hypothesis);
// Characters are Unicode's code points; runs of blanks count as one space, those at the ends not.
AlignmentCounts AlignCharacters(std::string_view reference, std::string_view hypothesis);

struct Transcript {
  std::string id, text;
  std::string speaker;  // empty: not known
};

// Texts with their ids, one a line. Three forms: a tab-separated table whose first line names its
// columns, "text" and "id" or "path" among them, "speaker" perhaps; lines of an id, a tab and the
// text; plain lines, whose ids are their numbers ("line 1"). Throws kNotFound, kIo; kCorrupt with
// the line's number for what is not UTF-8, a missing field, or an id that is there twice.
struct TranscriptFile {
  std::vector<Transcript> transcripts;
  bool has_ids = false;
};
TranscriptFile ReadTranscripts(const std::string& path);

struct ErrorRate {
  AlignmentCounts counts;
  double rate = 0;
  ConfidenceInterval interval = {0, 0};  // 95 %
};

struct TranscriptErrors {
  ErrorRate words, characters;
  std::size_t utterances = 0;
  std::size_t wrong = 0;     // utterances with a wrong word
  std::size_t speakers = 0;  // whom the intervals are over; 0: over utterances
};

// Pooled over all pairs. The intervals are from 1,000 draws with replacement of the speakers, if
// every pair has one and there are two at least, else of the utterances (Bisani and Ney, "Bootstrap
// estimates for confidence intervals in ASR performance evaluation", ICASSP 2004). Both lists have
// the same length; the speakers are the reference's.
TranscriptErrors MeasureTranscripts(const std::vector<Transcript>& reference,
                                    const std::vector<Transcript>& hypothesis,
                                    std::uint64_t seed = 1);

// The hypothesis of every reference, in its order. Throws kInvalidArgument if one is missing or
// left over, or if one file has ids and the other has not.
std::vector<Transcript> MatchTranscripts(const TranscriptFile& reference,
                                         const TranscriptFile& hypothesis);

}  // namespace vpr
