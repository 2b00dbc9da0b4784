#include "vpr/identify/gallery.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <thread>

#include "support/temp_path.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

constexpr std::size_t kDim = 12;

Embedding Random(Rng& rng) {
  Embedding embedding(kDim);
  for (float& value : embedding) value = static_cast<float>(rng.Normal());
  Normalize(embedding);
  return embedding;
}

// PLDA and a cohort, so that a score is more than a product.
ScoringModel Scoring(Rng& rng) {
  ScoringModel model;
  model.plda.mean.assign(kDim, 0.02f);
  model.plda.transform = Matrix(kDim, kDim);
  for (std::size_t i = 0; i < kDim; ++i) {
    for (std::size_t k = 0; k < kDim; ++k)
      model.plda.transform(i, k) = static_cast<float>(0.2 * rng.Normal() + (i == k ? 3 : 0));
    model.plda.between.push_back(static_cast<float>(rng.Uniform(0.5, 4)));
  }
  model.cohort = Matrix(30, kDim);
  for (std::size_t r = 0; r < 30; ++r) {
    const Embedding one = Random(rng);
    std::copy(one.begin(), one.end(), model.cohort.row(r));
  }
  model.top_n = 10;
  return model;
}

ScoringModel Conditional(Rng& rng) {
  ScoringModel model = Scoring(rng);
  model.plda = {};
  model.channel_cohort = model.cohort;
  std::reverse(model.channel_cohort.data.begin(), model.channel_cohort.data.end());
  model.conditional.centre.assign(kDim, 0.05f);
  model.conditional.scale = {8, 1, -2, 0.5, -0.25, 0.125, -3};
  model.conditional.offset = {-3, 0.5, 1, -0.5, 2, -1, -4};
  model.conditional.most_llr = 4;
  return model;
}

TEST(Gallery, SearchIsComparingWithEverybody) {
  Rng rng(1);
  for (const ScoringModel& model : {ScoringModel(), Scoring(rng), Conditional(rng)}) {
    const Scorer scorer(model);
    Gallery gallery(scorer);
    std::vector<Voiceprint> all;
    for (int i = 0; i < 200; ++i) {
      Template speaker{Random(rng), rng.Uniform(1, 20)};
      speaker.conditions.high_band_db = rng.Uniform(-50, -10);
      all.push_back(scorer.MakeVoiceprint(speaker.embedding, speaker.conditions));
      gallery.Add(i, "s" + std::to_string(i), all.back());
    }
    for (int probe = 0; probe < 20; ++probe) {
      const Voiceprint voiceprint = scorer.MakeVoiceprint(Random(rng), 3);
      std::vector<std::pair<double, std::size_t>> expected;
      for (std::size_t i = 0; i < all.size(); ++i)
        expected.emplace_back(-scorer.Compare(voiceprint, all[i]).value, i);
      std::sort(expected.begin(), expected.end());
      const std::vector<Candidate> found = gallery.Search(voiceprint, 5);
      ASSERT_EQ(found.size(), 5u);
      for (std::size_t k = 0; k < 5; ++k) {
        EXPECT_EQ(found[k].speaker, expected[k].second);
        EXPECT_EQ(found[k].value, -expected[k].first);
      }
    }
    EXPECT_EQ(gallery.Search(all[3], 1000).size(), 200u);
    EXPECT_EQ(gallery.Search(all[3], 1)[0].speaker, 3u);
  }
}

TEST(Gallery, ManyProbesOnManyThreadsFindTheSame) {
  Rng rng(2);
  const Scorer scorer(Scoring(rng));
  Gallery gallery(scorer);
  for (int i = 0; i < 5000; ++i)
    gallery.Add(i, std::to_string(i), scorer.MakeVoiceprint(Random(rng), rng.Uniform(1, 20)));
  std::vector<Voiceprint> probes;
  for (int i = 0; i < 33; ++i) probes.push_back(scorer.MakeVoiceprint(Random(rng), 3));
  const auto together = gallery.Search(probes, 7, 3);
  ASSERT_EQ(together.size(), probes.size());
  for (std::size_t p = 0; p < probes.size(); ++p) {
    const std::vector<Candidate> alone = gallery.Search(std::span(&probes[p], 1), 7, 1)[0];
    ASSERT_EQ(together[p].size(), 7u);
    for (std::size_t k = 0; k < 7; ++k) {
      EXPECT_EQ(together[p][k].speaker, alone[k].speaker);
      EXPECT_EQ(together[p][k].value, alone[k].value);
    }
  }
}

TEST(Gallery, OfEqualScoresTheFirstEnrolledComesFirst) {
  Rng rng(3);
  const Scorer scorer(Scoring(rng));
  const Voiceprint voice = scorer.MakeVoiceprint(Random(rng), 4);
  Gallery gallery(scorer);
  for (int id : {5, 3, 9, 1}) gallery.Add(id, "id " + std::to_string(id), voice);
  std::string order;
  for (const Candidate& candidate : gallery.Search(voice, 3))
    order += std::string(gallery.name(candidate.speaker)) + ";";
  EXPECT_EQ(order, "id 1;id 3;id 5;");
}

TEST(Gallery, EncodedSpeakersComeBack) {
  Rng rng(4);
  const Scorer scorer(Scoring(rng));
  Gallery gallery(scorer), copy(scorer);
  for (int i = 0; i < 3; ++i)
    gallery.Add(i, "李达康 " + std::to_string(i), scorer.MakeVoiceprint(Random(rng), 4 + i));
  std::mutex mutex;
  copy.Reserve(5, gallery.dim());
  copy.AddEncoded(gallery.Encode(0, 0), mutex);
  copy.AddEncoded(gallery.Encode(0, 1), mutex);
  copy.AddEncoded(gallery.Encode(1, 3), mutex);
  ASSERT_EQ(copy.size(), 3u);
  const Voiceprint probe = scorer.MakeVoiceprint(Random(rng), 3);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(copy.name(k), gallery.name(k));
    EXPECT_EQ(copy.terms(k).seconds, 4.0 + static_cast<double>(k));
    EXPECT_EQ(copy.Search(probe, 3)[k].value, gallery.Search(probe, 3)[k].value);
  }
  std::string bytes = gallery.Encode(0, 3);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(copy.AddEncoded(bytes.substr(0, size), mutex), Error) << size;
  for (std::size_t at : {std::size_t{0}, std::size_t{7}, std::size_t{8}, std::size_t{15}}) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x41);
    EXPECT_THROW(copy.AddEncoded(changed, mutex), Error) << at;
  }
  // No room for three more.
  EXPECT_THROW(copy.AddEncoded(bytes, mutex), Error);
  EXPECT_EQ(copy.size(), 3u);
}

TEST(Gallery, NobodyIsFoundWhoseTimeIsOver) {
  Rng rng(7);
  const Scorer scorer(Scoring(rng));
  const std::int64_t now = UtcSeconds();
  Gallery gallery(scorer), copy(scorer);
  const std::int64_t times[] = {0, now - 1, now + 1000, now};
  for (int i = 0; i < 4; ++i)
    gallery.Add(i, std::to_string(i), scorer.MakeVoiceprint(Random(rng), 3), times[i]);
  copy.Reserve(4, gallery.dim());
  std::mutex mutex;
  copy.AddEncoded(gallery.Encode(0, 4), mutex);
  const Voiceprint probe = scorer.MakeVoiceprint(Random(rng), 3);
  for (const Gallery* one : {&gallery, &copy}) {
    for (std::size_t top : {2, 4}) {
      const auto found = one->Search(probe, top);
      ASSERT_EQ(found.size(), 2u);
      EXPECT_EQ(one->id(found[0].speaker) + one->id(found[1].speaker), 0 + 2);
    }
  }
}

TEST(Gallery, ManyThreadsMayAddEncodedSpeakers) {
  Rng rng(6);
  const Scorer scorer(Scoring(rng));
  Gallery gallery(scorer), copy(scorer);
  constexpr std::size_t kSpeakers = 4000, kBlock = 50;
  for (std::size_t i = 0; i < kSpeakers; ++i)
    gallery.Add(static_cast<std::int64_t>(i), std::to_string(i),
                scorer.MakeVoiceprint(Random(rng), 3));
  copy.Reserve(kSpeakers, gallery.dim());
  std::mutex mutex;
  ParallelFor(kSpeakers / kBlock, 4, [&](std::size_t block) {
    copy.AddEncoded(gallery.Encode(block * kBlock, (block + 1) * kBlock), mutex);
  });
  ASSERT_EQ(copy.size(), kSpeakers);
  const Voiceprint probe = scorer.MakeVoiceprint(Random(rng), 3);
  const auto expected = gallery.Search(probe, kSpeakers), found = copy.Search(probe, kSpeakers);
  for (std::size_t i = 0; i < kSpeakers; ++i) {
    EXPECT_EQ(copy.name(found[i].speaker), gallery.name(expected[i].speaker));
    EXPECT_EQ(found[i].value, expected[i].value);
  }
}

class LoadGalleryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = test::TempPath("gallery_") + std::to_string(::getpid()) + ".db";
    StoreOptions options;
    options.where = path_;
    options.create = true;
    store_ = VoiceStore::Open(options);
    info_.network_fingerprint = "n1";
    info_.scoring_fingerprint = "s1";
    info_.embedding_dim = kDim;
  }
  void TearDown() override {
    store_.reset();
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + end);
  }
  EnrolledUtterance Utterance(const std::string& network = "n1") {
    EnrolledUtterance utterance;
    utterance.network = network;
    utterance.speech_seconds = 3;
    utterance.embedding = Random(rng_);
    return utterance;
  }
  std::string Maker() const {
    return "2 " + info_.network_fingerprint + " " + info_.scoring_fingerprint;
  }
  // How many speakers have to be made ready.
  std::size_t Missing() {
    std::size_t missing = 0;
    store_->ForEachTemplate(Maker(), {[](const StoreMoment&) {}, [](std::string_view) {},
                                      [&](EnrolledSpeaker&&) { ++missing; }});
    return missing;
  }

  Rng rng_{5};
  std::string path_;
  std::unique_ptr<VoiceStore> store_;
  ModelInfo info_;
  Progress silent_;
};

TEST_F(LoadGalleryTest, IsTheSameWithTemplatesAndWithout) {
  const Scorer scorer(Scoring(rng_));
  std::vector<Enrollment> people;
  for (int i = 0; i < 600; ++i)
    people.push_back({"s" + std::to_string(i), {Utterance(), Utterance()}, {}});
  people.push_back({"of another network", {Utterance("n2")}, {}});
  store_->EnrollAll(people);
  const Voiceprint probe = scorer.MakeVoiceprint(Random(rng_), 3);
  auto answers = [&] {
    const LoadedGallery loaded = LoadGallery(*store_, scorer, info_, silent_);
    EXPECT_EQ(loaded.other_network, std::vector<std::string>{"of another network"});
    std::vector<std::pair<std::string, double>> found;
    for (const Candidate& candidate : loaded.gallery.Search(probe, 1000))
      found.emplace_back(loaded.gallery.name(candidate.speaker), candidate.value);
    return found;
  };
  EXPECT_EQ(Missing(), 601u);
  const auto first = answers();
  ASSERT_EQ(first.size(), 600u);
  EXPECT_EQ(Missing(), 0u);
  EXPECT_EQ(answers(), first);
  // One more utterance: only the first block, ids 1 to 255, is made anew.
  store_->Enroll("s7", {Utterance()}, std::nullopt);
  EXPECT_EQ(Missing(), 255u);
  const auto changed = answers();
  EXPECT_EQ(Missing(), 0u);
  for (const auto& [name, value] : first)
    EXPECT_EQ(std::find(changed.begin(), changed.end(), std::pair(name, value)) != changed.end(),
              name != "s7");
  EXPECT_EQ(answers(), changed);
  // Other scores of the same network.
  info_.scoring_fingerprint = "s2";
  EXPECT_EQ(Missing(), 601u);
  EXPECT_EQ(answers(), changed);
}

// From 4,000 on several connections read, where there are as many processors.
TEST_F(LoadGalleryTest, ManySpeakersWhileAnotherProcessAdds) {
  const Scorer scorer(Scoring(rng_));
  std::vector<Enrollment> people;
  for (int i = 0; i < 4500; ++i) people.push_back({"s" + std::to_string(i), {Utterance()}, {}});
  store_->EnrollAll(people);
  const LoadedGallery made = LoadGallery(*store_, scorer, info_, silent_);
  const Voiceprint probe = scorer.MakeVoiceprint(Random(rng_), 3);
  const auto expected = made.gallery.Search(probe, 4500);
  auto expect_same = [&](const Gallery& gallery) {
    const auto found = gallery.Search(probe, 4500);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i)
      ASSERT_EQ(gallery.name(found[i].speaker), made.gallery.name(expected[i].speaker));
  };
  expect_same(LoadGallery(*store_, scorer, info_, silent_).gallery);

  const auto other = VoiceStore::Open({path_, {}, false});
  std::atomic<bool> done = false;
  int added = 0;
  std::thread writer([&] {
    for (; !done; ++added) {
      other->Enroll("t" + std::to_string(added), {Utterance()}, {});
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  std::size_t last = 0;
  for (int i = 0; i < 8; ++i) {
    const LoadedGallery loaded = LoadGallery(*store_, scorer, info_, silent_);
    EXPECT_GE(loaded.gallery.size(), std::max<std::size_t>(last, 4500));
    last = loaded.gallery.size();
    std::vector<std::string> names;
    for (std::size_t s = 0; s < last; ++s) names.emplace_back(loaded.gallery.name(s));
    std::sort(names.begin(), names.end());
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  }
  done = true;
  writer.join();
  EXPECT_EQ(LoadGallery(*store_, scorer, info_, silent_).gallery.size(),
            4500 + static_cast<std::size_t>(added));
}

TEST_F(LoadGalleryTest, AForeignModelLeavesTheTemplatesAlone) {
  const Scorer scorer(Scoring(rng_));
  store_->Enroll("Ada", {Utterance()}, std::nullopt);
  store_->Enroll("nothing left", {}, std::nullopt);
  const LoadedGallery loaded = LoadGallery(*store_, scorer, info_, silent_);
  EXPECT_EQ(loaded.gallery.size(), 1u);
  EXPECT_TRUE(loaded.other_network.empty());
  EXPECT_EQ(Missing(), 0u);
  ModelInfo other = info_;
  other.network_fingerprint = "n2";
  EXPECT_EQ(LoadGallery(*store_, scorer, other, silent_).other_network,
            std::vector<std::string>{"Ada"});
  EXPECT_EQ(Missing(), 0u);
}

struct Warnings : Progress {
  std::string text;
  void Warn(const std::string& line) override { text += line + "\n"; }
};

// Whoever can add a voice must not be able to stop the recognition of all others.
TEST_F(LoadGalleryTest, EmbeddingsThatCannotBeTheNetworksAreLeftOut) {
  const Scorer scorer(Scoring(rng_));
  EnrolledUtterance utterance = Utterance();
  for (const std::vector<float>& bad : {std::vector<float>{1, 0, 0}, std::vector<float>(),
                                        std::vector<float>(utterance.embedding.size(), NAN),
                                        std::vector<float>(utterance.embedding.size(), 0.0f)}) {
    utterance.embedding = bad;
    store_->Enroll("Mallory", {utterance}, std::nullopt);
  }
  store_->Enroll("both", {utterance, Utterance()}, std::nullopt);
  store_->Enroll("Ada", {Utterance()}, std::nullopt);
  Warnings warnings;
  const LoadedGallery loaded = LoadGallery(*store_, scorer, info_, warnings);
  EXPECT_EQ(loaded.gallery.size(), 2u);
  EXPECT_EQ(loaded.other_network, std::vector<std::string>{"Mallory"});
  EXPECT_NE(warnings.text.find("5 enrolled utterances cannot be this network's"), std::string::npos)
      << warnings.text;
  EXPECT_EQ(loaded.gallery.Search(scorer.MakeVoiceprint(Random(rng_), 3), 9).size(), 2u);
}

TEST_F(LoadGalleryTest, DamagedTemplatesAreMadeAgain) {
  const Scorer scorer(Scoring(rng_));
  std::vector<Enrollment> people;
  for (int i = 0; i < 2000; ++i) people.push_back({"s" + std::to_string(i), {Utterance()}, {}});
  store_->EnrollAll(people);
  const LoadedGallery good = LoadGallery(*store_, scorer, info_, silent_);
  EXPECT_EQ(good.gallery.size(), 2000u);
  store_->Check(CheckTemplateBlock);
  std::string not_numbers(sizeof(std::uint64_t), '\0');
  {
    Gallery one(scorer);
    Voiceprint voiceprint = scorer.MakeVoiceprint(Random(rng_), 3);
    one.Add(1, "x", voiceprint);
    not_numbers += one.Encode(0, 1);
    const float nan = NAN;
    std::memcpy(not_numbers.data() + not_numbers.size() - 5, &nan, sizeof(nan));  // the last value
  }
  for (const std::string& damage : {std::string("no templates"), not_numbers}) {
    TemplateBlock block{3, TemplateBlock::kBlock, 0, damage};
    store_->ForEach(false, [&](EnrolledSpeaker&& speaker) {
      if (speaker.id / TemplateBlock::kBlock == 3) block.revision = speaker.revision;
    });
    store_->SaveTemplates(Maker(), block);
    EXPECT_THROW(store_->Check(CheckTemplateBlock), Error);
    Warnings warnings;
    const LoadedGallery loaded = LoadGallery(*store_, scorer, info_, warnings);
    ASSERT_EQ(loaded.gallery.size(), 2000u);
    EXPECT_NE(warnings.text.find("made again"), std::string::npos);
    const Voiceprint probe = scorer.MakeVoiceprint(Random(rng_), 3);
    EXPECT_EQ(loaded.gallery.Search(probe, 1)[0].value, good.gallery.Search(probe, 1)[0].value);
    store_->Check(CheckTemplateBlock);
    EXPECT_EQ(Missing(), 0u);
  }
}

TEST(MakeTemplate, IsTheMeanOfTheUtterances) {
  EnrolledUtterance a, b;
  a.embedding = {1, 0};
  b.embedding = {0, 1};
  a.speech_seconds = 2;
  b.speech_seconds = 3;
  const Template both = MakeTemplate({&a, &b});
  EXPECT_NEAR(both.embedding[0], std::sqrt(0.5), 1e-6);
  EXPECT_NEAR(both.embedding[1], std::sqrt(0.5), 1e-6);
  EXPECT_EQ(both.conditions.seconds, 5);
}

ModelInfo Calibrated() {
  ModelInfo info;
  info.decision = {1.0, 0.05, 0.05, "equal error rate"};
  info.fmr_thresholds = {
      {0.01, 2.0, 0.01, 0.1, true}, {0.001, 4.0, 0.001, 0.3, true}, {0.0001, 9.0, 0.0, 0.9, false}};
  return info;
}

TEST(FindOpenSetThreshold, GoesThroughWhatWasMeasured) {
  const ModelInfo info = Calibrated();
  EXPECT_NEAR(FindOpenSetThreshold(info, 0.01, 1).threshold, 2, 1e-9);
  EXPECT_NEAR(FindOpenSetThreshold(info, 0.001, 1).threshold, 4, 1e-9);
  EXPECT_NEAR(FindOpenSetThreshold(info, std::sqrt(1e-5), 1).threshold, 3, 1e-9);
  EXPECT_NEAR(FindOpenSetThreshold(info, 0.05, 1).threshold, 1, 1e-9);
  // Beyond: on as before, here 2 for every factor of 10; the guess at 9.0 does not count.
  const OpenSetThreshold low = FindOpenSetThreshold(info, 1e-4, 1);
  EXPECT_NEAR(low.threshold, 6, 1e-9);
  EXPECT_TRUE(low.extrapolated);
  EXPECT_FALSE(FindOpenSetThreshold(info, 0.01, 1).extrapolated);
}

TEST(FindOpenSetThreshold, NoMatchAmongEnoughTrialsIsAtMostTheRateWanted) {
  ModelInfo info;
  info.decision = {1.0, 0.0, 0.0, "equal error rate"};
  info.fmr_thresholds = {{0.01, 2.0, 0.0, 0.1, true}, {0.001, 4.0, 0.0, 0.3, true}};
  EXPECT_NEAR(FindOpenSetThreshold(info, 0.001, 1).threshold, 4, 1e-9);
  EXPECT_FALSE(FindOpenSetThreshold(info, 0.001, 1).extrapolated);
  EXPECT_TRUE(FindOpenSetThreshold(info, 0.0001, 1).extrapolated);
  info.fmr_thresholds.pop_back();
  EXPECT_THROW(FindOpenSetThreshold(info, 0.001, 1), Error);
}

TEST(FindOpenSetThreshold, RisesWithTheNumberOfEnrolled) {
  const ModelInfo info = Calibrated();
  const OpenSetThreshold ten = FindOpenSetThreshold(info, 0.01, 10);
  EXPECT_NEAR(1 - std::pow(1 - ten.fmr, 10), 0.01, 1e-12);
  EXPECT_GT(ten.threshold, 3.9);
  EXPECT_GT(FindOpenSetThreshold(info, 0.01, 100).threshold, ten.threshold);
  EXPECT_THROW(FindOpenSetThreshold(info, 0, 10), Error);
  EXPECT_THROW(FindOpenSetThreshold(ModelInfo(), 0.01, 10), Error);
}

TEST(CheckTemplateBlock, SizesBeyondTheDataAreRefused) {
  for (std::uint64_t size :
       {~std::uint64_t{0}, ~std::uint64_t{0} - 15, std::uint64_t{25}, std::uint64_t{9}}) {
    std::string block(32, '\xff');
    std::memcpy(block.data(), &size, sizeof(size));
    EXPECT_THROW(CheckTemplateBlock(block), Error) << size;
  }
}

}  // namespace
}  // namespace vpr
