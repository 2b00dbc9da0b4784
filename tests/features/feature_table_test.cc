#include "vpr/features/feature_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "vpr/base/error.h"

namespace vpr {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

std::vector<float> Tone() {
  std::vector<float> samples(16000);
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<float>(0.3 * std::sin(0.2 * static_cast<double>(i)));
  return samples;
}

TEST(FeatureTable, RowsHaveNamesAndStatisticsAreOneRow) {
  FeatureRequest request;
  request.kind = "centroid,rms";
  const FeatureTable frames = ComputeFeatureTable(request, Tone(), 16000);
  EXPECT_THAT(frames.names, ElementsAre("centroid", "rms"));
  EXPECT_EQ(frames.values.rows, 2u);
  EXPECT_THAT(ToCsv(frames, 0.5), StartsWith("time,centroid,rms\n0.000000,"));
  request.stats = true;
  const FeatureTable stats = ComputeFeatureTable(request, Tone(), 16000);
  EXPECT_FALSE(stats.frames);
  EXPECT_EQ(stats.values.rows, 1u);
  EXPECT_EQ(stats.values.cols, 8u);
  EXPECT_EQ(stats.names.front(), "centroid_mean");
}

TEST(FeatureTable, BandsAreNumbered) {
  FeatureRequest request;
  request.kind = "db";
  request.frames.n_mels = 12;
  const FeatureTable table = ComputeFeatureTable(request, Tone(), 16000);
  EXPECT_EQ(table.names.back(), "db_11");
  EXPECT_EQ(table.values.rows, 12u);
}

TEST(FeatureTable, WhatDependsOnTheRateIsCheckedWhereItIsKnown) {
  FeatureRequest request;
  request.fmax = 9000;
  EXPECT_THROW(request.Validate(16000), Error);
  EXPECT_NO_THROW(request.Validate(44100));
  EXPECT_NO_THROW(request.Validate(0));
  request.kind = "loudness";
  EXPECT_THROW(request.Validate(0), Error);
}

}  // namespace
}  // namespace vpr
