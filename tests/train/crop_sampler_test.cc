#include "train/crop_sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>

#include "support/synthetic_speech.h"
#include "support/temp_path.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/audio/pcm16.h"

namespace vpr {
namespace {

std::vector<std::uint32_t> All(const PackedDataset& dataset) {
  std::vector<std::uint32_t> records(dataset.size());
  std::iota(records.begin(), records.end(), 0u);
  return records;
}

TrainConfig Config() {
  TrainConfig config = DefaultTrainConfig("resnet");
  config.batch_size = 4;
  config.freq_mask = config.time_mask = 0;
  config.features.level_norm = false;
  return config;
}

// Speaker 0: 1 utterance of 1 s; speaker 1: 3 of 3 s; speaker 2: 4 of 4 s.
const PackedDataset& Dataset() {
  static const PackedDataset dataset = [] {
    const std::string prefix = test::TempPath("crop_sampler");
    PackedWriter writer(prefix, DatasetInfo{});
    const int utterances[] = {1, 3, 4};
    for (int s = 0; s < 3; ++s) {
      for (int u = 0; u < utterances[s]; ++u)
        writer.Add("u" + std::to_string(s) + std::to_string(u), "s" + std::to_string(s),
                   EncodePcm16(test::SyntheticUtterance(s, u, utterances[s])), utterances[s]);
    }
    writer.Commit();
    return PackedDataset(prefix);
  }();
  return dataset;
}

TEST(CropSampler, SpeakersAreDrawnInProportion) {
  for (double balance : {0.0, 0.5, 1.0}) {
    TrainConfig config = Config();
    config.speaker_balance = balance;
    config.crops_per_epoch = 3000;
    CropSampler sampler(Dataset(), All(Dataset()), config);
    EXPECT_EQ(sampler.num_speakers(), 3);
    EXPECT_EQ(sampler.num_classes(), 3);
    EXPECT_NEAR(sampler.seconds(), 1 + 9 + 16, 1e-9);
    std::map<int, int> count;
    for (const CropChoice& crop : sampler.DrawEpoch(1)) {
      ++count[crop.class_number];
      EXPECT_EQ(Dataset().label(crop.record), crop.class_number);
    }
    double weights[] = {std::pow(1, balance), std::pow(9, balance), std::pow(16, balance)};
    double total = weights[0] + weights[1] + weights[2];
    for (int s = 0; s < 3; ++s)
      EXPECT_NEAR(count[s], 3000 * weights[s] / total, 1.001) << balance << " " << s;
  }
}

TEST(CropSampler, SpeakersWithFewUtterancesAreLeftOut) {
  TrainConfig config = Config();
  config.min_utterances = 2;
  const CropSampler sampler(Dataset(), All(Dataset()), config);
  EXPECT_EQ(sampler.num_speakers(), 2);
  EXPECT_EQ(sampler.num_utterances(), 7u);
  EXPECT_NEAR(sampler.seconds(), 3 * 3 + 4 * 4, 0.01);
  EXPECT_EQ(sampler.records(), (std::vector<std::uint32_t>{1, 2, 3, 4, 5, 6, 7}));
  for (const CropChoice& crop : sampler.DrawEpoch(1)) {
    EXPECT_NE(Dataset().label(crop.record), 0);
    EXPECT_EQ(Dataset().label(crop.record), crop.class_number + 1);
  }
}

// With a teacher, what has no class is drawn by its speech too, each recording by itself.
TEST(CropSampler, RecordingsWithoutASpeakerNeedATeacher) {
  const std::string prefix = test::TempPath("crop_sampler_unlabelled");
  PackedWriter writer(prefix, DatasetInfo{});
  const char* labels[] = {"a", "-", "b", "a", "-", "c"};
  for (int u = 0; u < 6; ++u)
    writer.Add("u" + std::to_string(u), labels[u],
               EncodePcm16(test::SyntheticUtterance(u, u, 1 + u)), 1 + u);
  writer.Commit();
  const PackedDataset dataset(prefix);
  TrainConfig config = Config();
  config.min_utterances = 2;  // b and c have too few
  config.speaker_balance = 1;
  config.crops_per_epoch = 2100;
  config.crop_seconds = 3;
  EXPECT_EQ(CropSampler(dataset, All(dataset), config).num_utterances(), 2u);
  config.teachers = {"t.ark"};
  const CropSampler sampler(dataset, All(dataset), config);
  EXPECT_EQ(sampler.num_speakers(), 1);
  EXPECT_EQ(sampler.num_classes(), 1);
  EXPECT_EQ(sampler.records(), (std::vector<std::uint32_t>{0, 3, 1, 2, 4, 5}));
  EXPECT_EQ(sampler.unlabelled(), (std::vector<bool>{false, false, true, true, true, true}));
  EXPECT_EQ(sampler.RecordsOfClass(0), (std::vector<std::uint32_t>{0, 3}));
  std::vector<CropChoice> crops = sampler.DrawEpoch(1);
  std::map<std::uint32_t, int> count;
  for (const CropChoice& crop : crops) {
    ++count[crop.record];
    EXPECT_EQ(crop.class_number, labels[crop.record][0] == 'a' ? 0 : -1);
  }
  EXPECT_NEAR(count[0] + count[3], 2100 * 5 / 21, 1.001);
  EXPECT_NEAR(count[1], 2100 * 2 / 21, 1.001);
  EXPECT_NEAR(count[2], 2100 * 3 / 21, 1.001);
  EXPECT_NEAR(count[5], 2100 * 6 / 21, 1.001);
  const Batch batch = sampler.MakeBatch(crops, 1, 0);
  for (std::size_t i = 0; i < batch.records.size(); ++i)
    EXPECT_EQ(batch.records[i], crops[i].record);
}

TEST(CropSampler, AnEpochIsOfTheAskedSizeAndShuffled) {
  TrainConfig config = Config();
  CropSampler sampler(Dataset(), All(Dataset()), config);
  EXPECT_EQ(sampler.crops_per_epoch(), 200u);  // 50 batches; 26 s / 2.04 s would be 13
  EXPECT_EQ(sampler.DrawEpoch(1).size(), 200u);
  config.batch_size = 2;
  config.crop_seconds = 0.2;
  EXPECT_EQ(CropSampler(Dataset(), All(Dataset()), config).crops_per_epoch(), 130u);
  config.crops_per_epoch = 1000;
  CropSampler larger(Dataset(), All(Dataset()), config);
  std::vector<CropChoice> crops = larger.DrawEpoch(3);
  ASSERT_EQ(crops.size(), 1000u);
  int changes = 0;
  for (std::size_t i = 1; i < crops.size(); ++i)
    changes += crops[i].class_number != crops[i - 1].class_number;
  EXPECT_GT(changes, 400);
}

TEST(CropSampler, DrawsDependOnSeedEpochAndPlaceOnly) {
  TrainConfig config = Config();
  config.crops_per_epoch = 40;
  config.freq_mask = 16;
  config.time_mask = 16;
  config.speed_perturb = true;
  CropSampler a(Dataset(), All(Dataset()), config), b(Dataset(), All(Dataset()), config);
  std::vector<CropChoice> crops = a.DrawEpoch(2), again = b.DrawEpoch(2);
  Batch later = a.MakeBatch(crops, 2, 8);
  a.MakeBatch(crops, 2, 0);
  EXPECT_EQ(later.features, b.MakeBatch(again, 2, 8).features);
  EXPECT_EQ(later.classes, b.MakeBatch(again, 2, 8).classes);
  EXPECT_NE(later.features, a.MakeBatch(crops, 3, 8).features);
  config.seed = 2;
  CropSampler other(Dataset(), All(Dataset()), config);
  EXPECT_NE(later.features, other.MakeBatch(crops, 2, 8).features);
}

TEST(CropSampler, SpeedMakesSpeakersOfTheirOwn) {
  TrainConfig config = Config();
  config.speed_perturb = true;
  config.crops_per_epoch = 300;
  CropSampler sampler(Dataset(), All(Dataset()), config);
  EXPECT_EQ(sampler.num_classes(), 9);
  std::map<int, float> speeds;
  for (const CropChoice& crop : sampler.DrawEpoch(1)) {
    EXPECT_EQ(Dataset().label(crop.record), crop.class_number % 3);
    auto [entry, added] = speeds.emplace(crop.class_number / 3, crop.speed);
    EXPECT_EQ(entry->second, crop.speed);
  }
  EXPECT_THAT(speeds,
              ::testing::ElementsAre(std::pair(0, 1.0f), std::pair(1, 0.9f), std::pair(2, 1.1f)));
}

TEST(CropSampler, InputIsTheFeaturesOfACropOfTheUtterance) {
  // One sample longer than a crop: it can only begin at 0 or 1.
  const std::string prefix = test::TempPath("crop_sampler_offsets");
  std::vector<std::uint8_t> payload = EncodePcm16(test::SyntheticUtterance(5, 5, 32641 / 16000.0));
  PackedWriter writer(prefix, DatasetInfo{});
  writer.Add("a", "a", payload, 2.04);
  writer.Add("b", "b", payload, 2.04);
  writer.Commit();
  PackedDataset dataset(prefix);
  ASSERT_EQ(dataset.NumSamples(0), 32641u);
  TrainConfig config = Config();
  config.crops_per_epoch = 16;
  CropSampler sampler(dataset, All(dataset), config);
  std::vector<float> speech(32641);
  dataset.ReadSamples(0, 0, speech.size(), speech.data());
  MelComputer mel(config.features);
  std::span<const float> all(speech);
  Matrix at0 = mel.Compute(all.first(32640)), at1 = mel.Compute(all.last(32640));
  std::vector<CropChoice> crops = sampler.DrawEpoch(1);
  int zeros = 0, ones = 0;
  for (std::size_t begin = 0; begin < 16; begin += 4) {
    Batch batch = sampler.MakeBatch(crops, 1, begin);
    EXPECT_EQ(batch.frames, 128u);
    ASSERT_EQ(batch.features.size(), 4u * 128 * 128);
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(batch.classes[i], crops[begin + i].class_number);
      std::vector<float> one(&batch.features[i * 128 * 128],
                             &batch.features[i * 128 * 128] + 128 * 128);
      zeros += one == at0.data;
      ones += one == at1.data;
    }
  }
  EXPECT_EQ(zeros + ones, 16);
  EXPECT_GT(zeros, 2);
  EXPECT_GT(ones, 2);
}

TEST(CropSampler, MasksFillWithTheMean) {
  TrainConfig config = Config();
  config.features.mean_norm = true;  // the mean is 0
  config.crops_per_epoch = 64;
  CropSampler plain(Dataset(), All(Dataset()), config);
  config.freq_mask = config.time_mask = 20;
  CropSampler masked(Dataset(), All(Dataset()), config);
  std::vector<CropChoice> crops = plain.DrawEpoch(1);
  int bands = 0, frames = 0;
  for (std::size_t begin = 0; begin < 64; begin += 4) {
    Batch a = plain.MakeBatch(crops, 1, begin), b = masked.MakeBatch(crops, 1, begin);
    for (std::size_t i = 0; i < 4; ++i) {
      const float *x = &a.features[i * 128 * 128], *y = &b.features[i * 128 * 128];
      int rows = 0, columns = 0;
      for (int r = 0; r < 128; ++r) {
        bool constant = true;
        for (int c = 0; c < 128; ++c) constant &= std::abs(y[r * 128 + c]) < 1e-4f;
        rows += constant;
      }
      for (int c = 0; c < 128; ++c) {
        bool constant = true;
        for (int r = 0; r < 128; ++r) constant &= std::abs(y[r * 128 + c]) < 1e-4f;
        columns += constant;
      }
      EXPECT_LE(rows, 20);
      EXPECT_LE(columns, 20);
      bands += rows;
      frames += columns;
      int unchanged = 0;
      for (int k = 0; k < 128 * 128; ++k) unchanged += x[k] == y[k];
      EXPECT_GE(unchanged, (128 - rows) * (128 - columns));
    }
  }
  // Widths are uniform over 0 .. 20: 10 on average, over 64 crops.
  EXPECT_NEAR(bands / 64.0, 10, 3);
  EXPECT_NEAR(frames / 64.0, 10, 3);
}

TEST(CropSampler, EachCropGetsAFrequencyResponseOfItsOwn) {
  TrainConfig config = Config();
  config.features.kind = FeatureKind::kLogMel;
  config.features.mean_norm = false;
  CropSampler plain(Dataset(), All(Dataset()), config);
  config.equalizer_db = 4;
  CropSampler equalized(Dataset(), All(Dataset()), config);
  std::vector<CropChoice> crops = plain.DrawEpoch(1);
  Batch a = plain.MakeBatch(crops, 1, 0), b = equalized.MakeBatch(crops, 1, 0);
  std::vector<float> first_band;
  for (std::size_t i = 0; i < 4; ++i) {
    const float *x = &a.features[i * 128 * 128], *y = &b.features[i * 128 * 128];
    for (int band = 0; band < 128; ++band) {
      for (int frame = 1; frame < 128; ++frame) {
        const int at = band * 128 + frame;
        EXPECT_NEAR(y[at] - x[at], y[band * 128] - x[band * 128], 1e-4);
      }
    }
    first_band.push_back(y[0] - x[0]);
  }
  std::sort(first_band.begin(), first_band.end());
  EXPECT_GT(first_band.back() - first_band.front(), 0.1);
}

TEST(CropSampler, ShortUtterancesAreFilledWithTheSameSpeaker) {
  const std::string prefix = test::TempPath("crop_sampler_short");
  DatasetInfo info;
  PackedWriter writer(prefix, info);
  // Constant levels tell who is speaking: speaker a has 0.25 and 0.5, speaker b only -0.25.
  writer.Add("a1", "a", EncodePcm16(std::vector<float>(8000, 0.25f)), 0.5);
  writer.Add("a2", "a", EncodePcm16(std::vector<float>(8000, 0.5f)), 0.5);
  writer.Add("b1", "b", EncodePcm16(std::vector<float>(8000, -0.25f)), 0.5);
  writer.Commit();
  PackedDataset dataset(prefix);
  TrainConfig config = Config();
  config.features.kind = FeatureKind::kMel;
  config.features.mean_norm = false;
  config.crops_per_epoch = 32;
  CropSampler sampler(dataset, All(dataset), config);
  std::vector<CropChoice> crops = sampler.DrawEpoch(1);
  // The lowest band of a constant is its level squared times a constant of the window.
  MelComputer mel(config.features);
  Matrix quarter = mel.Compute(std::vector<float>(32640, 0.25f));
  bool saw_both = false;
  for (std::size_t begin = 0; begin < 32; begin += 4) {
    Batch batch = sampler.MakeBatch(crops, 1, begin);
    for (std::size_t i = 0; i < 4; ++i) {
      bool low = false, high = false;
      for (std::size_t t = 4; t < 124; ++t) {
        float ratio = batch.features[(i * 128 + 0) * 128 + t] / quarter(0, t);
        EXPECT_GT(ratio, 0.9f);  // no zero padding anywhere
        low |= std::abs(ratio - 1) < 0.01f;
        high |= std::abs(ratio - 4) < 0.04f;
      }
      EXPECT_FALSE(high && batch.classes[i] == 1);
      saw_both |= low && high;
    }
  }
  EXPECT_TRUE(saw_both);
}

}  // namespace
}  // namespace vpr
