#include "vpr/train/label_check.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/temp_path.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/npy.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

constexpr std::size_t kDim = 48;

// Recordings of people whose voices are random directions, all with something in common.
class LabelCheck : public testing::Test {
 protected:
  std::vector<float> Person() {
    std::vector<float> voice(kDim);
    for (float& x : voice) x = static_cast<float>(rng_.Normal());
    return voice;
  }
  void Record(const std::vector<float>& voice, int label) {
    const double loudness = rng_.Uniform(0.5, 3);  // the length of an embedding means nothing
    for (std::size_t d = 0; d < kDim; ++d)
      values_.push_back(
          static_cast<float>(loudness * (voice[d] + 0.6 * rng_.Normal() + (d == 0 ? 8 : 0))));
    labels_.push_back(label);
  }
  SuspectLabels Find() const {
    Matrix embeddings(labels_.size(), kDim);
    std::copy(values_.begin(), values_.end(), embeddings.data.begin());
    return FindSuspectLabels(embeddings, labels_);
  }

  Rng rng_{21};
  std::vector<float> values_;
  std::vector<int> labels_;
};

TEST_F(LabelCheck, FindsThePlantedErrorsAndNoOthers) {
  std::vector<std::vector<float>> people;
  for (int p = 0; p < 60; ++p) people.push_back(Person());
  for (int p = 0; p < 60; ++p) {
    for (int i = 0; i < 5; ++i) Record(people[static_cast<std::size_t>(p)], p);
  }
  {
    const SuspectLabels clean = Find();
    EXPECT_TRUE(clean.pairs.empty());
    EXPECT_TRUE(clean.recordings.empty());
    EXPECT_GT(clean.usual_own, 0.7);
    EXPECT_LT(std::abs(clean.stranger_mean), 0.1);
  }
  // Person 7 under another name, a recording of 20 under 3, and one of nobody known under 4.
  for (int i = 0; i < 3; ++i) Record(people[7], 60);
  const std::size_t swapped = labels_.size();
  Record(people[20], 3);
  const std::size_t unknown = labels_.size();
  Record(Person(), 4);
  const SuspectLabels found = Find();
  ASSERT_EQ(found.pairs.size(), 1u);
  EXPECT_EQ(found.pairs[0].a, 7);
  EXPECT_EQ(found.pairs[0].b, 60);
  EXPECT_GT(found.pairs[0].cosine, found.pair_threshold);
  ASSERT_EQ(found.recordings.size(), 2u);
  EXPECT_EQ(found.recordings[0].recording, swapped);
  EXPECT_EQ(found.recordings[0].nearest, 20);
  EXPECT_GT(found.recordings[0].other, found.recordings[0].own + 0.4);
  EXPECT_EQ(found.recordings[1].recording, unknown);
}

TEST_F(LabelCheck, OneRecordingEachHasPairsOnly) {
  const std::vector<float> twice = Person();
  for (int p = 0; p < 30; ++p) Record(Person(), p);
  Record(twice, 30);
  Record(twice, 31);
  const std::vector<float> two = Person();
  Record(two, 32);
  Record(two, 32);
  const SuspectLabels found = Find();
  ASSERT_EQ(found.pairs.size(), 1u);
  EXPECT_EQ(found.pairs[0].a, 30);
  EXPECT_EQ(found.pairs[0].b, 31);
  EXPECT_TRUE(found.recordings.empty());
}

TEST_F(LabelCheck, NumbersWithoutRecordingsAreNobody) {
  for (int p = 0; p < 20; ++p) {
    const std::vector<float> voice = Person();
    for (int i = 0; i < 2; ++i) Record(voice, 10 * p + 3);
  }
  EXPECT_TRUE(Find().pairs.empty());
}

TEST_F(LabelCheck, Refusals) {
  EXPECT_THROW(Find(), Error);
  for (int p = 0; p < 5; ++p) Record(Person(), p);
  EXPECT_THROW(Find(), Error);  // nobody with two recordings
  Record(Person(), 0);
  EXPECT_NO_THROW(Find());
  values_[3] = std::nanf("");
  EXPECT_THROW(Find(), Error);
  values_[3] = 1;
  labels_[0] = -1;
  EXPECT_THROW(Find(), Error);
}

TEST(ReadLabelled, SpeakersAreNumberedByName) {
  const std::string list = test::TempPath("labels.tsv"), table = test::TempPath("labels.npy");
  WriteFileAtomically(list, "path\tspeaker\na.wav\tBob\nb.wav\tAda\nc.wav\tBob\n");
  WriteNpy(table, Matrix(3, 2));
  const LabelledEmbeddings read = ReadLabelled(list, table);
  EXPECT_EQ(read.names, (std::vector<std::string>{"a.wav", "b.wav", "c.wav"}));
  EXPECT_EQ(read.speakers, (std::vector<std::string>{"Ada", "Bob"}));
  EXPECT_EQ(read.speaker_of, (std::vector<int>{1, 0, 1}));
  WriteNpy(table, Matrix(2, 2));
  EXPECT_THROW(ReadLabelled(list, table), Error);
}

}  // namespace
}  // namespace vpr
