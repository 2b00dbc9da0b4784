#include "vpr/transcribe/word_error.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <unordered_map>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr std::uint64_t kResampleStream = 61;
constexpr std::size_t kDraws = 1000;
constexpr std::size_t kMostCells = 400'000'000;
constexpr std::size_t kMostTextBytes = std::size_t{1} << 30;

template <typename Item>
AlignmentCounts Align(const std::vector<Item>& reference, const std::vector<Item>& hypothesis) {
  // What both begin and end with is aligned anyway.
  std::size_t begin = 0, r = reference.size(), h = hypothesis.size();
  while (begin < std::min(r, h) && reference[begin] == hypothesis[begin]) ++begin;
  while (r > begin && h > begin && reference[r - 1] == hypothesis[h - 1]) --r, --h;
  AlignmentCounts counts;
  counts.hits = begin + reference.size() - r;
  const std::size_t rows = r - begin, cols = h - begin;
  if (rows > 0 && cols > kMostCells / rows)
    throw Error(ErrorCode::kInvalidArgument,
                Format("two texts of %zu and %zu words or characters are too long to be aligned; "
                       "cut them into utterances",
                       reference.size(), hypothesis.size()));
  enum Step : std::uint8_t { kPair, kDeletion, kInsertion };
  std::vector<std::uint8_t> steps(rows * cols);
  std::vector<std::size_t> above(cols + 1), row(cols + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 1; i <= rows; ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= cols; ++j) {
      const bool same = reference[begin + i - 1] == hypothesis[begin + j - 1];
      row[j] = std::min({above[j - 1] + (same ? 0u : 1u), above[j] + 1, row[j - 1] + 1});
      steps[(i - 1) * cols + j - 1] = row[j] == above[j] + 1 ? kDeletion
                                      : row[j] == row[j - 1] + 1 && row[j] == above[j - 1]
                                          ? kInsertion
                                          : kPair;
    }
    std::swap(above, row);
  }
  std::size_t i = rows, j = cols;
  while (i > 0 && j > 0) {
    switch (steps[(i - 1) * cols + j - 1]) {
      case kDeletion:
        ++counts.deletions;
        --i;
        break;
      case kInsertion:
        ++counts.insertions;
        --j;
        break;
      default:
        --i;
        --j;
        ++(reference[begin + i] == hypothesis[begin + j] ? counts.hits : counts.substitutions);
    }
  }
  counts.deletions += i;
  counts.insertions += j;
  return counts;
}

std::vector<std::string_view> CharactersOf(std::string_view text) {
  std::vector<std::string_view> characters;
  for (std::string_view word : SplitBlanks(text)) {
    if (!characters.empty()) characters.emplace_back(" ");
    for (std::size_t i = 0; i < word.size();) {
      std::size_t end = i + 1;
      while (end < word.size() && (static_cast<unsigned char>(word[end]) & 0xC0) == 0x80) ++end;
      characters.push_back(word.substr(i, end - i));
      i = end;
    }
  }
  return characters;
}

ErrorRate Measure(const std::vector<AlignmentCounts>& units, std::uint64_t seed) {
  ErrorRate result;
  for (const AlignmentCounts& counts : units) result.counts += counts;
  result.rate = result.counts.rate();
  std::vector<double> rates;
  for (std::size_t draw = 0; draw < kDraws; ++draw) {
    Rng rng(seed, kResampleStream, draw);
    AlignmentCounts sum;
    for (std::size_t i = 0; i < units.size(); ++i) sum += units[rng.Below(units.size())];
    rates.push_back(sum.rate());
  }
  result.interval = PercentileInterval(std::move(rates));
  return result;
}

}  // namespace

double AlignmentCounts::rate() const {
  return reference() == 0 ? std::numeric_limits<double>::quiet_NaN()
                          : static_cast<double>(errors()) / static_cast<double>(reference());
}

AlignmentCounts& AlignmentCounts::operator+=(const AlignmentCounts& other) {
  hits += other.hits;
  substitutions += other.substitutions;
  deletions += other.deletions;
  insertions += other.insertions;
  return *this;
}

AlignmentCounts AlignWords(std::string_view reference, std::string_view hypothesis) {
  return Align(SplitBlanks(reference), SplitBlanks(hypothesis));
}

AlignmentCounts AlignCharacters(std::string_view reference, std::string_view hypothesis) {
  return Align(CharactersOf(reference), CharactersOf(hypothesis));
}

TranscriptFile ReadTranscripts(const std::string& path) {
  const std::string content = ReadFile(path, kMostTextBytes);
  const std::vector<std::string_view> lines = Lines(WithoutByteOrderMark(content));
  auto corrupt = [&](std::size_t line, const std::string& what) {
    return Error(ErrorCode::kCorrupt,
                 Format("line %zu of '%s' ", line, Printable(path).c_str()) + what);
  };
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (!IsUtf8(lines[i])) throw corrupt(i + 1, "is not UTF-8");

  TranscriptFile file;
  std::size_t id = 0, text = 1, speaker = std::string::npos, first = 0;
  std::vector<std::string_view> names;
  if (!lines.empty()) names = Split(lines[0], '\t');
  auto column = [&](std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? std::string::npos
                                : static_cast<std::size_t>(found - names.begin());
  };
  const bool table = names.size() > 1 && column("text") != std::string::npos;
  if (table) {
    text = column("text");
    id = column("id") != std::string::npos ? column("id") : column("path");
    if (id == std::string::npos) throw corrupt(1, "names a column 'text', but no 'id' or 'path'");
    speaker = column("speaker");
    first = 1;
  }
  file.has_ids = table || (!lines.empty() && std::all_of(lines.begin(), lines.end(), [](auto line) {
                   return line.find('\t') != std::string_view::npos;
                 }));
  std::unordered_map<std::string, std::size_t> seen;
  for (std::size_t i = first; i < lines.size(); ++i) {
    Transcript transcript;
    if (!file.has_ids) {
      transcript = {Format("line %zu", i + 1), std::string(lines[i]), ""};
    } else if (table) {
      const std::vector<std::string_view> fields = Split(lines[i], '\t');
      if (fields.size() != names.size())
        throw corrupt(i + 1, Format("has %zu fields, expected %zu", fields.size(), names.size()));
      transcript.id = fields[id];
      transcript.text = fields[text];
      if (speaker != std::string::npos && fields[speaker] != "-")
        transcript.speaker = fields[speaker];
    } else {
      const std::size_t tab = lines[i].find('\t');
      transcript = {std::string(lines[i].substr(0, tab)), std::string(lines[i].substr(tab + 1)),
                    ""};
    }
    const auto [entry, is_new] = seen.emplace(transcript.id, i + 1);
    if (!is_new)
      throw corrupt(i + 1, "has the id '" + Printable(transcript.id) + "', which line " +
                               std::to_string(entry->second) + " has already");
    file.transcripts.push_back(std::move(transcript));
  }
  return file;
}

std::vector<Transcript> MatchTranscripts(const TranscriptFile& reference,
                                         const TranscriptFile& hypothesis) {
  if (reference.has_ids != hypothesis.has_ids)
    throw Error(ErrorCode::kInvalidArgument,
                std::string("the ") + (reference.has_ids ? "reference" : "hypothesis") +
                    " has ids (id, tab, text), the other file plain lines; give both in one form");
  if (reference.transcripts.empty())
    throw Error(ErrorCode::kInvalidArgument, "the reference is empty");
  std::unordered_map<std::string, const Transcript*> by_id;
  for (const Transcript& transcript : hypothesis.transcripts) by_id[transcript.id] = &transcript;
  std::vector<Transcript> matched;
  for (const Transcript& wanted : reference.transcripts) {
    const auto found = by_id.find(wanted.id);
    if (found == by_id.end())
      throw Error(ErrorCode::kInvalidArgument,
                  "the hypothesis has no '" + Printable(wanted.id) + "', which the reference has");
    matched.push_back(*found->second);
    by_id.erase(found);
  }
  if (!by_id.empty()) {
    std::string first = by_id.begin()->first;
    for (const auto& [id, transcript] : by_id) first = std::min(first, id);
    throw Error(ErrorCode::kInvalidArgument,
                "the reference has no '" + Printable(first) + "', which the hypothesis has");
  }
  return matched;
}

TranscriptErrors MeasureTranscripts(const std::vector<Transcript>& reference,
                                    const std::vector<Transcript>& hypothesis, std::uint64_t seed) {
  VPR_CHECK(reference.size() == hypothesis.size() && !reference.empty());
  TranscriptErrors result;
  result.utterances = reference.size();
  std::vector<AlignmentCounts> words, characters;
  std::map<std::string, std::pair<AlignmentCounts, AlignmentCounts>> speakers;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    words.push_back(AlignWords(reference[i].text, hypothesis[i].text));
    characters.push_back(AlignCharacters(reference[i].text, hypothesis[i].text));
    result.wrong += words.back().errors() > 0 ? 1 : 0;
    auto& of_speaker = speakers[reference[i].speaker];
    of_speaker.first += words.back();
    of_speaker.second += characters.back();
  }
  if (speakers.size() > 1 && !speakers.contains("")) {
    result.speakers = speakers.size();
    words.clear();
    characters.clear();
    for (const auto& [speaker, counts] : speakers) {
      words.push_back(counts.first);
      characters.push_back(counts.second);
    }
  }
  result.words = Measure(words, seed);
  result.characters = Measure(characters, seed);
  return result;
}

}  // namespace vpr
