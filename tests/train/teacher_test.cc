#include "train/teacher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "support/synthetic_speech.h"
#include "support/temp_path.h"
#include "vpr/audio/pcm16.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/npy.h"

namespace vpr {
namespace {

using ::testing::HasSubstr;

std::string Write(const std::string& name, const std::string& text) {
  const std::string path = test::TempPath(name);
  WriteFileAtomically(path, text);
  return path;
}

template <typename Call>
std::string FailureOf(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing failed";
}

std::string ReadFailure(const std::string& path, const std::string& list = "") {
  return FailureOf([&] { ReadEmbeddingTable(path, list); });
}

TEST(EmbeddingTable, KaldiArchives) {
  const EmbeddingTable table =
      ReadEmbeddingTable(Write("a.ark", "a b/x.wav  [ 1 -2.5 3e-1 ]\nä.wav  [ 4 5 6 ]\n"), "");
  EXPECT_EQ(table.paths, (std::vector<std::string>{"a b/x.wav", "ä.wav"}));
  ASSERT_EQ(table.embeddings.cols, 3u);
  EXPECT_EQ(table.embeddings(0, 1), -2.5f);
  EXPECT_EQ(table.embeddings(0, 2), 0.3f);
  EXPECT_EQ(table.embeddings(1, 2), 6.0f);
  EXPECT_THAT(ReadFailure(Write("b.ark", "x [ 1 ]\ny 1 2\n")), HasSubstr("line 2"));
  EXPECT_THAT(ReadFailure(Write("c.ark", "x [ 1 z ]\n")), HasSubstr("'z' is not a number"));
  EXPECT_THAT(ReadFailure(Write("d.ark", "x [ 1 2 ]\ny [ 1 ]\n")),
              AllOf(HasSubstr("line 2"), HasSubstr("1 numbers, expected 2")));
}

TEST(EmbeddingTable, JsonLines) {
  const EmbeddingTable table =
      ReadEmbeddingTable(Write("a.jsonl",
                               "{\"path\": \"bad.wav\", \"embedding\": null}\n"
                               "{\"path\": \"x.wav\", \"embedding\": [0.5, 2]}\n"),
                         "");
  EXPECT_EQ(table.paths, (std::vector<std::string>{"bad.wav", "x.wav"}));
  EXPECT_TRUE(std::isnan(table.embeddings(0, 0)));  // it could not be used
  EXPECT_EQ(table.embeddings(1, 1), 2.0f);
  EXPECT_THAT(ReadFailure(Write("b.jsonl", "{\"path\": 3}\n")), HasSubstr("line 1"));
  EXPECT_THAT(ReadFailure(Write("c.jsonl", "[[[[\n")), HasSubstr("line 1"));
}

TEST(EmbeddingTable, ArraysWithTheirList) {
  const std::string array = test::TempPath("a.npy");
  Matrix rows(2, 2);
  rows.data = {1, 2, 3, 4};
  WriteNpy(array, rows);
  for (const char* list : {"x.wav\ny.wav\n", "speaker\tpath\ns\tx.wav\nt\ty.wav\n",
                           "\xEF\xBB\xBFx.wav\r\ny.wav\r\n"}) {
    const EmbeddingTable table = ReadEmbeddingTable(array, Write("list", list));
    EXPECT_EQ(table.paths, (std::vector<std::string>{"x.wav", "y.wav"}));
    EXPECT_EQ(table.embeddings(1, 0), 3.0f);
  }
  EXPECT_THAT(ReadFailure(array, Write("list", "x.wav\n")),
              AllOf(HasSubstr("2 rows"), HasSubstr("1 recordings")));
  EXPECT_THAT(ReadFailure(array), HasSubstr("--teacher-list"));
  EXPECT_THAT(ReadFailure(Write("a.csv", "")), HasSubstr(".npy, .ark and .jsonl"));
  EXPECT_THAT(ReadFailure(test::TempPath("absent.ark")), HasSubstr("absent.ark"));
}

// Two speakers of 2 and 3 recordings, and one without a label.
class TeacherTest : public ::testing::Test {
 protected:
  TeacherTest() {
    const std::string prefix = test::TempPath("teacher");
    PackedWriter writer(prefix, DatasetInfo{});
    for (int u = 0; u < 6; ++u)
      writer.Add(keys_[u], labels_[u], EncodePcm16(test::SyntheticUtterance(u, u, seconds_[u])),
                 seconds_[u]);
    writer.Commit();
    dataset_ = std::make_unique<PackedDataset>(prefix);
    std::iota(records_.begin(), records_.end(), 0u);
    config_.train = prefix;
    config_.teacher_mean_share = 0;
    config_.teacher_seconds = 0;
  }
  Teacher Make(const std::string& table) {
    config_.teachers = {Write("t.ark", table)};
    return Teacher(config_, *dataset_, records_, unlabelled_);
  }
  static std::vector<double> Unit(std::vector<double> v) {
    double sum = 0;
    for (double x : v) sum += x * x;
    for (double& x : v) x /= std::sqrt(sum);
    return v;
  }
  static void Expect(const float* found, const std::vector<double>& expected) {
    ASSERT_NE(found, nullptr);
    for (std::size_t d = 0; d < expected.size(); ++d) EXPECT_NEAR(found[d], expected[d], 1e-6) << d;
  }

  const char* keys_[6] = {"a/0.wav", "a/1.wav", "b/0.wav", "b/1.wav", "b/2.wav", "c/0.wav"};
  const char* labels_[6] = {"a", "a", "b", "b", "b", "-"};
  double seconds_[6] = {1, 3, 1, 1, 2, 2};
  std::unique_ptr<PackedDataset> dataset_;
  std::vector<std::uint32_t> records_ = std::vector<std::uint32_t>(6);
  std::vector<bool> unlabelled_ = {false, false, false, false, false, true};
  TrainConfig config_;
  // Its mean is (1, 1).
  const std::string table_ =
      "corpus/a/0.wav  [ 3 1 ]\n/there/corpus/a/1.wav  [ 1 2 ]\nb/0.wav  [ -1 1 ]\n"
      "x/b/1.wav  [ 1 -1 ]\nc/0.wav  [ 1 2 ]\nnowhere.wav  [ 100 100 ]\n";
};

TEST_F(TeacherTest, TargetsAreDirectionsFromTheMean) {
  const Teacher teacher = Make(table_);
  EXPECT_EQ(teacher.dim(), 2);
  EXPECT_EQ(teacher.found(), 5u);
  Expect(teacher.Target(0), {1, 0});
  Expect(teacher.Target(1), {0, 1});
  Expect(teacher.Target(2), {-1, 0});
  Expect(teacher.Target(3), {0, -1});
  EXPECT_EQ(teacher.Target(4), nullptr);  // of which it says nothing
  Expect(teacher.Target(5), {0, 1});
  const std::vector<float> mean = teacher.SpeakerMean({2, 3, 4});
  Expect(mean.data(), Unit({-1, -1}));
  EXPECT_TRUE(teacher.SpeakerMean({4}).empty());
}

TEST_F(TeacherTest, MixedWithTheSpeakersMeanBySecondsOfSpeech) {
  config_.teacher_mean_share = 0.25;
  config_.teacher_seconds = 2;
  const Teacher teacher = Make(table_);
  const std::vector<double> a = Unit({1, 3});  // 1 s of (1, 0), 3 s of (0, 1)
  Expect(teacher.Target(0), a);                // too little speech of its own
  Expect(teacher.Target(1), Unit({0.25 * a[0], 0.75 + 0.25 * a[1]}));
  Expect(teacher.Target(2), Unit({-1, -1}));
  Expect(teacher.Target(5), {0, 1});  // nobody to share with
}

TEST_F(TeacherTest, TheFirstTableCounts) {
  EXPECT_THAT(FailureOf([&] { Make("a/0.wav  [ nan 2 ]\na/1.wav  [ 1 inf ]\n"); }),
              HasSubstr("hold NaN or infinity, all 2 of them"));
  config_.teachers = {Write("first.ark", "a/0.wav  [ 3 1 ]\na/1.wav  [ -1 1 ]\n"),
                      Write("second.jsonl", "{\"path\": \"a/0.wav\", \"embedding\": [9, 9]}\n")};
  const Teacher teacher(config_, *dataset_, records_, unlabelled_);
  EXPECT_EQ(teacher.found(), 2u);
  Expect(teacher.Target(0), {1, 0});
  const std::string before = teacher.Fingerprint();
  EXPECT_NE(Make(table_).Fingerprint(), before);
}

// Group p holds speaker a with two recordings and c/0 without a label, group q speaker b.
TEST_F(TeacherTest, GroupsHaveTheirOwnMeans) {
  const double rows[5][2] = {{3, 1}, {1, 2}, {-1, 1}, {1, -1}, {1, 2}};
  Matrix table(5, 2);
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t d = 0; d < 2; ++d) table(i, d) = static_cast<float>(rows[i][d]);
  }
  config_.teachers = {test::TempPath("t.npy")};
  WriteNpy(config_.teachers[0], table);
  config_.teacher_lists = {Write("t.tsv",
                                 "corpus\tpath\np\ta/0.wav\np\ta/1.wav\nq\tb/0.wav\n"
                                 "q\tb/1.wav\np\tc/0.wav\n")};
  config_.teacher_group_by = "corpus";
  const Teacher teacher(config_, *dataset_, records_, unlabelled_);
  const int record[5] = {0, 1, 2, 3, 5};
  for (int i = 0; i < 5; ++i) {
    std::vector<double> expected(2);
    for (std::size_t d = 0; d < 2; ++d) {
      const double a = (rows[0][d] + rows[1][d]) / 2, b = (rows[2][d] + rows[3][d]) / 2,
                   all = 1;  // the mean of table_ above
      const double p = (a + rows[4][d] + 10 * all) / 12, q = (b + 10 * all) / 11;
      expected[d] = rows[i][d] - (i == 2 || i == 3 ? q : p);
    }
    Expect(teacher.Target(static_cast<std::uint32_t>(record[i])), Unit(expected));
  }
  config_.teacher_group_by = "device";
  EXPECT_THAT(FailureOf([&] { Teacher(config_, *dataset_, records_, unlabelled_); }),
              HasSubstr("no columns 'path' and 'device'"));
}

TEST_F(TeacherTest, WhatCannotTeachIsRefused) {
  EXPECT_THAT(FailureOf([&] { Make("nowhere.wav  [ 1 2 ]\n"); }),
              AllOf(HasSubstr("no embedding of any recording"), HasSubstr("a/0.wav")));
  EXPECT_THAT(FailureOf([&] { Make("a/0.wav  [ 1 2 ]\na/1.wav  [ 1 2 ]\n"); }),
              HasSubstr("all alike"));
  config_.teachers = {Write("first.ark", "a/0.wav  [ 3 1 ]\n"),
                      Write("second.ark", "a/1.wav  [ 3 1 2 ]\n")};
  EXPECT_THAT(FailureOf([&] { Teacher(config_, *dataset_, records_, unlabelled_); }),
              AllOf(HasSubstr("3 numbers each"), HasSubstr("2")));
}

}  // namespace
}  // namespace vpr
