#include "vpr/features/feature_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "vpr/base/error.h"

namespace vpr {
namespace {

TEST(FeatureKind, NamesGoBothWays) {
  for (FeatureKind kind : {FeatureKind::kMel, FeatureKind::kLogMel, FeatureKind::kDb})
    EXPECT_EQ(ParseFeatureKind(ToString(kind)), kind);
  EXPECT_STREQ(ToString(FeatureKind::kLogMel), "logmel");
  try {
    ParseFeatureKind("mfcc");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("'mfcc'"));
  }
}

TEST(FeatureOptions, DefaultsAreValid) {
  EXPECT_NO_THROW(FeatureOptions{}.Validate());
  EXPECT_EQ(NumFrames(32640, FeatureOptions{}), 128u);
  EXPECT_EQ(NumFrames(0, FeatureOptions{}), 1u);
}

TEST(FeatureOptions, EachFieldIsChecked) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  struct Case {
    const char* field;
    std::function<void(FeatureOptions&)> change;
  } cases[] = {
      {"sample_rate", [](FeatureOptions& o) { o.sample_rate = 0; }},
      {"n_fft", [](FeatureOptions& o) { o.n_fft = 1000; }},
      {"n_fft", [](FeatureOptions& o) { o.n_fft = 32; }},
      {"n_fft", [](FeatureOptions& o) { o.n_fft = -2048; }},
      {"n_fft", [](FeatureOptions& o) { o.n_fft = 1 << 20; }},
      {"win_length", [](FeatureOptions& o) { o.win_length = 2049; }},
      {"win_length", [](FeatureOptions& o) { o.win_length = 0; }},
      {"hop_length", [](FeatureOptions& o) { o.hop_length = 0; }},
      {"n_mels", [](FeatureOptions& o) { o.n_mels = 0; }},
      {"n_mels", [](FeatureOptions& o) { o.n_mels = 100000; }},
      {"fmin", [](FeatureOptions& o) { o.fmin = -1; }},
      {"fmin", [](FeatureOptions& o) { o.fmin = 8000; }},
      {"fmin", [nan](FeatureOptions& o) { o.fmin = nan; }},
      {"fmax", [](FeatureOptions& o) { o.fmax = 8001; }},
      {"fmax", [](FeatureOptions& o) { o.fmin = 500, o.fmax = 500; }},
      {"fmax", [nan](FeatureOptions& o) { o.fmax = nan; }},
      {"log_floor", [](FeatureOptions& o) { o.log_floor = 0; }},
      {"log_floor", [](FeatureOptions& o) { o.log_floor = INFINITY; }},
      {"trim_top_db", [](FeatureOptions& o) { o.trim_top_db = -1; }},
      {"trim_top_db", [nan](FeatureOptions& o) { o.trim_top_db = nan; }},
  };
  for (const Case& c : cases) {
    FeatureOptions options;
    c.change(options);
    try {
      options.Validate();
      ADD_FAILURE() << c.field << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_THAT(error.what(), ::testing::HasSubstr(std::string(c.field) + " is"));
    }
  }
}

}  // namespace
}  // namespace vpr
