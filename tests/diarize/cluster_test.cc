#include "vpr/diarize/cluster.h"

#include <gtest/gtest.h>

#include <cmath>

#include "vpr/base/rng.h"
#include "vpr/diarize/diarizer.h"
#include "vpr/diarize/turn_formats.h"

namespace vpr {
namespace {

// `people` directions, pieces scattered around them, in turn.
std::vector<Embedding> Pieces(std::size_t people, std::size_t each, std::size_t dim, Rng& rng) {
  std::vector<Embedding> centres(people, Embedding(dim));
  for (auto& centre : centres)
    for (float& value : centre) value = static_cast<float>(rng.Normal());
  std::vector<Embedding> pieces;
  for (std::size_t k = 0; k < each * people; ++k) {
    Embedding piece = centres[k % people];
    double square = 0;
    for (float& value : piece) {
      value += static_cast<float>(0.5 * rng.Normal());
      square += static_cast<double>(value) * value;
    }
    for (float& value : piece) value /= static_cast<float>(std::sqrt(square));
    pieces.push_back(piece);
  }
  return pieces;
}

std::vector<Voiceprint> Voiceprints(const std::vector<Embedding>& pieces, const Scorer& scorer) {
  std::vector<Voiceprint> voices;
  for (const Embedding& piece : pieces) voices.push_back(scorer.MakeVoiceprint(piece, 1.5));
  return voices;
}

Scorer CosineScorer() { return Scorer(); }

// PLDA and a cohort.
Scorer FullScorer(std::size_t dim, Rng& rng) {
  const std::vector<Embedding> pieces = Pieces(30, 8, dim, rng);
  Matrix embeddings(pieces.size(), dim);
  std::vector<int> speakers;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    std::copy(pieces[i].begin(), pieces[i].end(), embeddings.row(i));
    speakers.push_back(static_cast<int>(i % 30));
  }
  ScoringModel model;
  model.plda = FitPlda(embeddings, speakers);
  model.cohort = Matrix(30, dim);
  for (std::size_t i = 0; i < 30; ++i)
    std::copy(pieces[i].begin(), pieces[i].end(), model.cohort.row(i));
  model.top_n = 10;
  return Scorer(model);
}

TEST(ClusterTest, MeanScoreIsTheMeanOfAllPairs) {
  Rng rng(1);
  for (const Scorer& scorer : {CosineScorer(), FullScorer(16, rng)}) {
    const auto voices = Voiceprints(Pieces(3, 5, 16, rng), scorer);
    VoiceGroup a, b;
    for (std::size_t i = 0; i < 6; ++i) a.Add(VoiceGroup(voices[i], scorer));
    for (std::size_t i = 6; i < 15; ++i) b.Add(VoiceGroup(voices[i], scorer));
    double sum = 0;
    for (std::size_t i = 0; i < 6; ++i)
      for (std::size_t j = 6; j < 15; ++j) sum += scorer.Compare(voices[i], voices[j]).value;
    EXPECT_NEAR(a.MeanScore(b), sum / 54, 1e-4 * (1 + std::abs(sum / 54)));
    EXPECT_NEAR(a.MeanScore(b), b.MeanScore(a), 1e-9);
  }
}

TEST(ClusterTest, FindsThePeople) {
  Rng rng(2);
  const Scorer scorer = CosineScorer();
  for (std::size_t people : {1u, 2u, 5u}) {
    const auto voices = Voiceprints(Pieces(people, 40, 256, rng), scorer);
    ClusterOptions options;
    options.threshold = 0.4;
    for (std::size_t block : {7u, 600u}) {
      options.block = block;
      const auto labels = ClusterVoices(voices, scorer, options);
      for (std::size_t i = 0; i < labels.size(); ++i)
        EXPECT_EQ(labels[i], i % people) << people << " " << block << " " << i;
    }
  }
}

TEST(ClusterTest, KeepsTheWantedNumber) {
  Rng rng(3);
  const Scorer scorer = CosineScorer();
  const auto voices = Voiceprints(Pieces(4, 10, 256, rng), scorer);
  auto count = [&](std::size_t fewest, std::size_t most, double least_seconds) {
    ClusterOptions options;
    options.threshold = 0.4;
    options.fewest = fewest;
    options.most = most;
    options.least_seconds = least_seconds;
    const auto labels = ClusterVoices(voices, scorer, options);
    return 1 + *std::max_element(labels.begin(), labels.end());
  };
  EXPECT_EQ(count(1, 100, 0), 4u);
  EXPECT_EQ(count(1, 2, 0), 2u);
  EXPECT_EQ(count(6, 6, 0), 6u);
  EXPECT_EQ(count(1, 1, 0), 1u);
  EXPECT_EQ(count(1, 100, 1000), 1u);  // all have too little
  EXPECT_EQ(count(4, 100, 1000), 4u);
  EXPECT_TRUE(ClusterVoices({}, scorer, {}).empty());
}

// Groups that the threshold keeps apart are one where they are as alike as they are in themselves.
TEST(ClusterTest, JoinsByProportion) {
  Rng rng(4);
  const Scorer scorer = CosineScorer();
  const auto voices = Voiceprints(Pieces(3, 20, 256, rng), scorer);  // within a voice about 0.8
  ClusterOptions options;
  options.threshold = 0.95;  // nothing is joined
  EXPECT_EQ(ClusterVoices(voices, scorer, options),
            ClusterVoices(voices, scorer, {.threshold = 0.4}));
  options.likeness = 2;  // nobody is that alike
  const auto labels = ClusterVoices(voices, scorer, options);
  EXPECT_GT(*std::max_element(labels.begin(), labels.end()), 2u);
  // Pieces that overlap say nothing of a voice.
  options.likeness = 0.28;
  options.neighbours = 2;
  EXPECT_EQ(ClusterVoices(voices, scorer, options),
            ClusterVoices(voices, scorer, {.threshold = 0.4}));
}

TEST(DiarizerTest, SpeechParts) {
  std::vector<bool> frames(300, false);
  auto speak = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) frames[i] = true;
  };
  speak(10, 50);
  speak(80, 100);   // a pause of 0.3 s is filled
  speak(131, 140);  // 0.31 s is not, and 0.09 s is too short
  speak(200, 220);
  const auto parts = SpeechParts(frames);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_NEAR(parts[0].begin, 0.1, 1e-9);
  EXPECT_NEAR(parts[0].end, 1.0, 1e-9);
  EXPECT_NEAR(parts[1].begin, 2.0, 1e-9);
}

TEST(TurnFormatsTest, AllFormats) {
  Diarization found;
  found.speakers.resize(2);
  found.speakers[0].label = "Ada L";
  found.speakers[1].label = "speaker 1";
  found.turns = {{0, 1.5, 0}, {3661.25, 3662, 1}};
  EXPECT_EQ(WriteTurns(found, "m", TurnFormat::kSrt),
            "1\n00:00:00,000 --> 00:00:01,500\nAda L\n\n"
            "2\n01:01:01,250 --> 01:01:02,000\nspeaker 1\n\n");
  EXPECT_EQ(WriteTurns(found, "m", TurnFormat::kVtt),
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nAda L\n\n"
            "01:01:01.250 --> 01:01:02.000\nspeaker 1\n\n");
  EXPECT_EQ(WriteTurns(found, "m", TurnFormat::kLabels),
            "0.000000\t1.500000\tAda L\n3661.250000\t3662.000000\tspeaker 1\n");
  EXPECT_EQ(WriteTurns(found, "m", TurnFormat::kText),
            "0.00\t1.50\tAda L\n3661.25\t3662.00\tspeaker 1\n");
  EXPECT_EQ(WriteTurns(found, "m", TurnFormat::kRttm),
            "SPEAKER m 1 0.000 1.500 <NA> <NA> Ada_L <NA> <NA>\n"
            "SPEAKER m 1 3661.250 0.750 <NA> <NA> speaker_1 <NA> <NA>\n");
}

}  // namespace
}  // namespace vpr
