#include "vpr/transcribe/word_error.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/failure_of.h"
#include "support/temp_path.h"
#include "vpr/base/file_io.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using test::FailureOf;

std::string WriteTemp(const std::string& name, const std::string& content) {
  const std::string path = test::TempPath(name);
  WriteFileAtomically(path, content);
  return path;
}

TEST(Align, CountsWhatJiwerCounts) {
  const std::string content = ReadFile(VPR_TEST_DATA "/jiwer.tsv");
  const auto lines = Lines(content);
  ASSERT_EQ(lines.size(), 1001u);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto fields = Split(lines[i], '\t');
    ASSERT_EQ(fields.size(), 10u);
    auto counts = [&](std::size_t first) {
      auto number = [&](std::size_t k) { return std::stoull(std::string(fields[first + k])); };
      return AlignmentCounts{number(0), number(1), number(2), number(3)};
    };
    EXPECT_EQ(AlignWords(fields[0], fields[1]), counts(2)) << lines[i];
    EXPECT_EQ(AlignCharacters(fields[0], fields[1]), counts(6)) << lines[i];
  }
}

// Fewest edits, by trying everything.
std::size_t Distance(std::span<const char> a, std::span<const char> b) {
  if (a.empty() || b.empty()) return a.size() + b.size();
  return std::min({Distance(a.subspan(1), b.subspan(1)) + (a[0] == b[0] ? 0u : 1u),
                   Distance(a.subspan(1), b) + 1, Distance(a, b.subspan(1)) + 1});
}

TEST(Align, HasTheFewestErrors) {
  Rng rng(1);
  for (int i = 0; i < 200; ++i) {
    std::string a, b;
    for (std::size_t k = rng.Below(6); k > 0; --k) a += static_cast<char>('a' + rng.Below(3));
    for (std::size_t k = rng.Below(6); k > 0; --k) b += static_cast<char>('a' + rng.Below(3));
    const AlignmentCounts counts = AlignCharacters(a, b);
    EXPECT_EQ(counts.errors(), Distance(a, b)) << a << " " << b;
    EXPECT_EQ(counts.reference(), a.size());
    EXPECT_EQ(counts.hits + counts.substitutions + counts.insertions, b.size());
  }
}

TEST(Align, OfNothingHasNoRate) {
  EXPECT_TRUE(std::isnan(AlignWords("", "").rate()));
  EXPECT_EQ(AlignWords(" ", "a b").insertions, 2u);
  EXPECT_EQ(AlignWords("a\t b", "a b").hits, 2u);
}

TEST(Align, RefusesTextsThatAreTooLong) {
  std::string a, b;
  for (int i = 0; i < 30'000; ++i) a += "a ", b += "b ";
  EXPECT_NE(FailureOf([&] { AlignWords(a, b); }).find("cut them into utterances"),
            std::string::npos);
  EXPECT_EQ(AlignWords(a, a).hits, 30'000u);
}

TEST(ReadTranscripts, KnowsThreeForms) {
  const TranscriptFile table =
      ReadTranscripts(WriteTemp("table", "path\tspeaker\ttext\na.wav\tann\tone two\nb.wav\t-\t\n"));
  ASSERT_EQ(table.transcripts.size(), 2u);
  EXPECT_TRUE(table.has_ids);
  EXPECT_EQ(table.transcripts[0].id, "a.wav");
  EXPECT_EQ(table.transcripts[0].speaker, "ann");
  EXPECT_EQ(table.transcripts[0].text, "one two");
  EXPECT_EQ(table.transcripts[1].speaker, "");

  const TranscriptFile ids = ReadTranscripts(WriteTemp("ids", "u1\tone two\nu2\t\n"));
  ASSERT_EQ(ids.transcripts.size(), 2u);
  EXPECT_TRUE(ids.has_ids);
  EXPECT_EQ(ids.transcripts[1].id, "u2");
  EXPECT_EQ(ids.transcripts[1].text, "");

  const TranscriptFile plain =
      ReadTranscripts(WriteTemp("plain", "\xEF\xBB\xBFone two\r\n\nthree"));
  ASSERT_EQ(plain.transcripts.size(), 3u);
  EXPECT_FALSE(plain.has_ids);
  EXPECT_EQ(plain.transcripts[0].text, "one two");
  EXPECT_EQ(plain.transcripts[2].id, "line 3");
}

TEST(ReadTranscripts, NamesTheLineThatIsWrong) {
  auto failure = [](const std::string& content) {
    return FailureOf([&] { ReadTranscripts(WriteTemp("wrong", content)); });
  };
  EXPECT_NE(failure("u1\tone\nu1\ttwo\n").find("line 2 of"), std::string::npos);
  EXPECT_NE(failure("id\ttext\nu1\n").find("has 1 fields, expected 2"), std::string::npos);
  EXPECT_NE(failure("a\n\xFF\n").find("line 2 of"), std::string::npos);
  EXPECT_NE(failure("name\ttext\nu1\tone\n").find("no 'id' or 'path'"), std::string::npos);
}

TEST(MatchTranscripts, PutsHypothesesInTheReferencesOrder) {
  const TranscriptFile reference{{{"a", "one", ""}, {"b", "two", ""}}, true};
  const TranscriptFile hypothesis{{{"b", "2", ""}, {"a", "1", ""}}, true};
  const auto matched = MatchTranscripts(reference, hypothesis);
  EXPECT_EQ(matched[0].text, "1");
  EXPECT_EQ(matched[1].text, "2");
  const TranscriptFile fewer{{{"a", "one", ""}}, true}, plain{{{"line 1", "one", ""}}, false};
  EXPECT_EQ(FailureOf([&] { MatchTranscripts(reference, fewer); }),
            "the hypothesis has no 'b', which the reference has");
  EXPECT_EQ(FailureOf([&] { MatchTranscripts(fewer, reference); }),
            "the reference has no 'b', which the hypothesis has");
  EXPECT_NE(FailureOf([&] { MatchTranscripts(reference, plain); }), "");
  EXPECT_NE(FailureOf([&] { MatchTranscripts({{}, true}, fewer); }), "");
}

TEST(MeasureTranscripts, IntervalsCoverTheRateAsOftenAsTheySay) {
  // Utterances of ten words, each wrong with probability 0.1.
  int covered = 0;
  constexpr int kRepetitions = 100;
  for (int r = 0; r < kRepetitions; ++r) {
    Rng rng(7, static_cast<std::uint64_t>(r));
    std::vector<Transcript> reference, hypothesis;
    for (int u = 0; u < 60; ++u) {
      std::string said, heard;
      for (int w = 0; w < 10; ++w) {
        said += "a ";
        heard += rng.Uniform() < 0.1 ? "b " : "a ";
      }
      reference.push_back({"", said, ""});
      hypothesis.push_back({"", heard, ""});
    }
    const TranscriptErrors errors = MeasureTranscripts(reference, hypothesis);
    EXPECT_EQ(errors.words.counts.reference(), 600u);
    covered += errors.words.interval.low <= 0.1 && 0.1 <= errors.words.interval.high ? 1 : 0;
  }
  EXPECT_GE(covered, 86);
  EXPECT_LE(covered, 100);
}

TEST(MeasureTranscripts, SpeakersAreResampledWhole) {
  // One of four speakers has all the errors: over speakers the interval is far wider.
  std::vector<Transcript> reference, hypothesis;
  for (int u = 0; u < 200; ++u) {
    reference.push_back({"", "a b", "s" + std::to_string(u % 4)});
    hypothesis.push_back({"", u % 4 == 0 ? "a c" : "a b", ""});
  }
  const TranscriptErrors by_speaker = MeasureTranscripts(reference, hypothesis);
  EXPECT_EQ(by_speaker.speakers, 4u);
  EXPECT_EQ(by_speaker.wrong, 50u);
  EXPECT_DOUBLE_EQ(by_speaker.words.rate, 0.125);
  reference[0].speaker.clear();
  const TranscriptErrors by_utterance = MeasureTranscripts(reference, hypothesis);
  EXPECT_EQ(by_utterance.speakers, 0u);
  auto width = [](const ErrorRate& rate) { return rate.interval.high - rate.interval.low; };
  EXPECT_GT(width(by_speaker.words), 3 * width(by_utterance.words));
}

}  // namespace
}  // namespace vpr
