#include "vpr/classify/svm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "support/failure_of.h"
#include "vpr/base/rng.h"
#include "vpr/classify/classifier.h"

namespace vpr {
namespace {

using test::FailureOf;

// Three Gaussian clouds; class 1 is never there, as may happen to a fold.
struct Clouds {
  Matrix inputs{90, 2};
  std::vector<int> classes;
  explicit Clouds(std::uint64_t seed) {
    Rng rng(seed);
    const double centers[3][2] = {{0, 0}, {3, 0}, {0, 3}};
    for (std::size_t i = 0; i < 90; ++i) {
      const std::size_t cloud = i % 3;
      for (std::size_t d = 0; d < 2; ++d)
        inputs(i, d) = static_cast<float>(centers[cloud][d] + 0.5 * rng.Normal());
      classes.push_back(cloud == 0 ? 0 : static_cast<int>(cloud) + 1);
    }
  }
};

TEST(Svm, SeparatesCloudsAndGivesProbabilities) {
  const Clouds train(1), test(2);
  const Svm svm(train.inputs, train.classes, 4, {1, 0.5}, 5);
  int correct = 0;
  for (std::size_t i = 0; i < 90; ++i) {
    const std::vector<double> probabilities = svm.Probabilities({test.inputs.row(i), 2});
    ASSERT_EQ(probabilities.size(), 4u);
    EXPECT_NEAR(std::accumulate(probabilities.begin(), probabilities.end(), 0.0), 1, 1e-6);
    EXPECT_EQ(probabilities[1], 0);
    correct += Best(probabilities) == test.classes[i] ? 1 : 0;
  }
  EXPECT_GE(correct, 87);
}

TEST(Svm, IsDeterministicAndSurvivesAFile) {
  const Clouds train(1);
  const Svm one(train.inputs, train.classes, 4, {2, 0.25}, 5);
  const Svm same(train.inputs, train.classes, 4, {2, 0.25}, 5);
  const Svm loaded(one.Tensors(), 4);
  for (std::size_t i = 0; i < 90; ++i) {
    const std::vector<double> expected = one.Probabilities({train.inputs.row(i), 2});
    EXPECT_EQ(expected, same.Probabilities({train.inputs.row(i), 2}));
    EXPECT_EQ(expected, loaded.Probabilities({train.inputs.row(i), 2}));
  }
}

// So few that libsvm's cross-validation behind the probabilities learns from one class at a time.
TEST(Svm, ProbabilitiesOfAFewAgreeWithTheMachine) {
  Matrix inputs(6, 1);
  inputs.data = {-1.2f, -1, -0.8f, 0.8f, 1, 1.2f};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Svm svm(inputs, {0, 0, 0, 1, 1, 1}, 2, {1, 0.5}, seed);
    EXPECT_GE(svm.Probabilities(std::vector<float>{-1})[0], 0.5) << seed;
    EXPECT_GE(svm.Probabilities(std::vector<float>{1})[1], 0.5) << seed;
  }
}

// A circle inside a ring: no straight line parts them, and a kernel much too wide or narrow does
// not either.
TEST(SearchSvmSettings, FindsWhatParts) {
  Rng rng(9);
  Matrix inputs(200, 2);
  std::vector<int> classes, folds, groups;
  for (std::size_t i = 0; i < 200; ++i) {
    groups.push_back(static_cast<int>(i));
    const double angle = rng.Uniform(0, 2 * M_PI),
                 radius = (i % 2 ? 2.0 : 0.8) + 0.1 * rng.Normal();
    inputs(i, 0) = static_cast<float>(radius * std::cos(angle));
    inputs(i, 1) = static_cast<float>(radius * std::sin(angle));
    classes.push_back(static_cast<int>(i % 2));
    folds.push_back(static_cast<int>(i / 2 % 3));
  }
  const SvmSettings found = SearchSvmSettings(inputs, classes, groups, folds, 1000, 1, 2, {});
  EXPECT_EQ(found, SearchSvmSettings(inputs, classes, groups, folds, 1000, 1, 1, {}));
  const Svm svm(inputs, classes, 2, found, 1);
  int correct = 0;
  for (std::size_t i = 0; i < 200; ++i)
    correct += Best(svm.Probabilities({inputs.row(i), 2})) == classes[i] ? 1 : 0;
  EXPECT_GE(correct, 198);
  EXPECT_NE(FailureOf([&] {
              SearchSvmSettings(inputs, classes, groups, folds, 1000, 1, 1, [] { return true; });
            }),
            "");
}

// One group has most of the examples, and their labels say nothing.
TEST(SearchSvmSettings, LooksAtAllGroupsBeforeASecondOfOne) {
  Rng rng(10);
  const std::size_t alone = 60, rows = 600;
  Matrix inputs(rows, 2);
  std::vector<int> classes, folds, groups;
  for (std::size_t i = 0; i < rows; ++i) {
    classes.push_back(static_cast<int>(i % 2));
    folds.push_back(static_cast<int>(i / 2 % 3));
    groups.push_back(static_cast<int>(std::min(i, alone)));
    for (std::size_t k = 0; k < 2; ++k)
      inputs(i, k) = static_cast<float>(rng.Normal() + (i < alone && i % 2 ? 6 : 0));
  }
  auto first = [&](const std::vector<int>& all) {
    return std::vector<int>(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(alone));
  };
  Matrix few(alone, 2);
  std::copy(inputs.data.begin(), inputs.data.begin() + 2 * static_cast<std::ptrdiff_t>(alone),
            few.data.begin());
  EXPECT_EQ(SearchSvmSettings(inputs, classes, groups, folds, alone + 1, 1, 1, {}),
            SearchSvmSettings(few, first(classes), first(groups), first(folds), 1000, 1, 1, {}));
}

TEST(Svm, RefusesWhatDoesNotFit) {
  const Clouds train(1);
  EXPECT_THAT(FailureOf([&] {
                Svm(train.inputs, std::vector<int>(90, 2), 4, {1, 1}, 1);
              }),
              ::testing::HasSubstr("one class only"));
  EXPECT_NE(FailureOf([&] { Svm(train.inputs, train.classes, 4, {-1, 1}, 1); }), "");
  const std::vector<Tensor> good = Svm(train.inputs, train.classes, 4, {1, 1}, 1).Tensors();
  for (std::size_t t = 0; t < good.size(); ++t) {
    std::vector<Tensor> bad = good;
    bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(t));
    EXPECT_THAT(FailureOf([&] { Svm(bad, 4); }), ::testing::HasSubstr(good[t].name));
    if (good[t].name == "svm.vectors") continue;
    bad = good;
    bad[t].data.push_back(1);
    if (bad[t].shape.size() == 1) {
      ++bad[t].shape[0];
    } else {
      ++bad[t].shape[0], bad[t].data.resize(bad[t].data.size() + 200);
    }
    EXPECT_NE(FailureOf([&] { Svm(bad, 4); }), "") << good[t].name;
  }
  EXPECT_NE(FailureOf([&] { Svm(good, 3); }), "");  // class 3 of 3
}

}  // namespace
}  // namespace vpr
