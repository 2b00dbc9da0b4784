#include "vpr/recognize/recognizer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "base/testing.h"
#include "support/failure_of.h"

namespace vpr {
namespace {

// Voices are directions in the plane; a score is a cosine, and within 40 degrees it is one speaker.
constexpr double kSameDegrees = 40, kVerifyDegrees = 30;

class NoNetwork : public Network {
 public:
  std::vector<float> Forward(const Matrix&) override { return {1, 0}; }
};

double Cosine(double degrees) { return std::cos(degrees * M_PI / 180); }

ModelInfo Info() {
  ModelInfo info;
  info.architecture = "plane";
  info.embedding_dim = 2;
  info.network_fingerprint = "n1";
  info.scoring_fingerprint = "s1";
  info.decision = {Cosine(kSameDegrees), 0.05, 0.05, "equal error rate over 9 trials"};
  info.fmr_thresholds = {{0.01, Cosine(kVerifyDegrees), 0.01, 0.1, true},
                         {0.001, Cosine(20), 0.001, 0.2, true}};
  return info;
}

Recording At(double degrees, const std::string& source = "a.wav") {
  Recording recording;
  recording.source = source;
  recording.heard = true;
  recording.embedding = {static_cast<float>(Cosine(degrees)),
                         static_cast<float>(std::sin(degrees * M_PI / 180))};
  recording.conditions = 3;
  recording.quality.speech_seconds = 3;
  return recording;
}

Recording Failed(const std::string& source, const std::string& failure) {
  Recording recording;
  recording.source = source;
  recording.failure = failure;
  return recording;
}

class RecognizerTest : public testing::Test {
 protected:
  Recognizer Open(const ModelInfo& info = Info()) const {
    return Recognizer(EmbeddingExtractor(info, std::make_unique<NoNetwork>()), "m.vpr",
                      VoiceStore::Open({folder_ / "voices.db", {}, true}));
  }
  EnrollmentOutcome Enroll(const std::string& name, const std::vector<double>& degrees,
                           const EnrollmentPolicy& policy = {}) {
    std::vector<Recording> recordings;
    for (double one : degrees)
      recordings.push_back(At(one, "at" + std::to_string(static_cast<int>(one)) + ".wav"));
    return recognizer_.Enroll(name, std::move(recordings), policy, silent_);
  }
  IdentificationOutcome Identify(double degrees, const IdentificationRequest& request = {}) {
    return recognizer_.Identify(At(degrees), request, silent_);
  }

  TestFolder folder_{TestFolder::kMemory};
  Progress silent_;
  Recognizer recognizer_ = Open();
};

using Why = EnrollmentOutcome::Why;

TEST_F(RecognizerTest, EnrollsWhatIsOfOneVoice) {
  const EnrollmentOutcome outcome = Enroll("Ada", {0, 10, 90, 5});
  EXPECT_TRUE(outcome.done());
  EXPECT_EQ(outcome.enrolled.size(), 3u);
  EXPECT_EQ(outcome.utterances, 3u);
  EXPECT_EQ(outcome.speech_seconds, 9);
  ASSERT_EQ(outcome.left_out.size(), 1u);
  EXPECT_EQ(outcome.left_out[0].file, "at90.wav");
  EXPECT_EQ(outcome.left_out[0].why, Why::kSomebodyElse);
  EXPECT_EQ(outcome.left_out[0].reason,
            "'at90.wav' sounds like somebody else than the other utterances");
  EXPECT_FALSE(outcome.resembles);
}

TEST_F(RecognizerTest, SeveralVoicesInOneRecordingAreNotEnrolled) {
  auto enroll = [&](bool force) {
    std::vector<Recording> one = {At(0, "meeting.wav")};
    one[0].several_voices = "more than one voice";
    EnrollmentPolicy policy;
    policy.force = force;
    return recognizer_.Enroll("Ada", std::move(one), policy, silent_);
  };
  const EnrollmentOutcome refused = enroll(false);
  EXPECT_FALSE(refused.done());
  ASSERT_EQ(refused.left_out.size(), 1u);
  EXPECT_EQ(refused.left_out[0].why, Why::kSeveralVoices);
  EXPECT_EQ(refused.left_out[0].reason, "'meeting.wav': more than one voice");
  EXPECT_TRUE(enroll(true).done());
}

TEST_F(RecognizerTest, OfTwoVoicesWithAsManyNobodyIsEnrolled) {
  const EnrollmentOutcome two = Enroll("Ada", {0, 90});
  EXPECT_FALSE(two.done());
  ASSERT_EQ(two.left_out.size(), 2u);
  EXPECT_NE(two.left_out[0].reason.find("do not sound like one person"), std::string::npos);
  const EnrollmentOutcome four = Enroll("Ada", {0, 5, 90, 95});
  EXPECT_FALSE(four.done());
  EXPECT_NE(four.left_out[3].reason.find("several people"), std::string::npos);
}

TEST_F(RecognizerTest, WhatIsEnrolledAlreadyIsNotEnrolledAgain) {
  Enroll("Ada", {0, 10});
  const EnrollmentOutcome again = Enroll("Ada", {0, 10}, {false, false, "note"});
  EXPECT_TRUE(again.nothing_new && again.done() && again.enrolled.empty());
  EXPECT_EQ(again.left_out[1].why, Why::kDuplicate);
  EXPECT_EQ(again.utterances, 2u);
  EXPECT_EQ(VoiceStore::Open({folder_ / "voices.db", {}})->Find("Ada")->note, "note");
  // Nor twice at once; the rest is.
  const EnrollmentOutcome some = Enroll("Ada", {20, 20, 0});
  EXPECT_EQ(some.enrolled.size(), 1u);
  EXPECT_EQ(some.left_out.size(), 2u);
  EXPECT_FALSE(some.nothing_new);
  // What is known is right, however many others agree.
  const EnrollmentOutcome others = Enroll("Ada", {90, 91, 92, 93, 94});
  EXPECT_FALSE(others.done());
  EXPECT_NE(others.left_out[0].reason.find("than what is enrolled"), std::string::npos);
}

TEST_F(RecognizerTest, ForceEnrollsAllThatIsUsable) {
  Enroll("Ada", {0, 10});
  std::vector<Recording> recordings;
  recordings.push_back(At(0));
  recordings.push_back(At(90, "b.wav"));
  recordings.push_back(Failed("c.wav", "cannot use 'c.wav': too little"));
  recordings[0].warnings = {"noisy"};
  const EnrollmentOutcome forced =
      recognizer_.Enroll("Ada", std::move(recordings), {true, false, {}}, silent_);
  ASSERT_EQ(forced.enrolled.size(), 2u);
  EXPECT_EQ(forced.enrolled[0].unlike, "");
  EXPECT_NE(forced.enrolled[1].unlike, "");
  ASSERT_EQ(forced.left_out.size(), 1u);
  EXPECT_EQ(forced.left_out[0].why, Why::kUnusable);
  ASSERT_EQ(forced.doubtful.size(), 1u);
  EXPECT_EQ(forced.doubtful[0].warnings, std::vector<std::string>({"noisy"}));
  EXPECT_EQ(forced.utterances, 4u);
}

TEST_F(RecognizerTest, ANameWhoseVoiceAnotherHasIsSaid) {
  Enroll("Ada", {0, 2});
  const EnrollmentOutcome alike = Enroll("Eve", {3, 4});
  ASSERT_TRUE(alike.resembles);
  EXPECT_EQ(alike.resembles->name, "Ada");
  EXPECT_GE(alike.resembles->score, alike.resembles->threshold);
  EXPECT_FALSE(Enroll("Dan", {120}).resembles);
  EXPECT_FALSE(Enroll("Dan", {121}).resembles) << "one's own voice is none of another's";
}

TEST_F(RecognizerTest, IdentifiesThoseEnrolledMeanwhile) {
  EXPECT_NE(test::FailureOf([&] { Identify(0); }).find("nobody is enrolled"), std::string::npos);
  Enroll("Ada", {0});
  Enroll("Eve", {180});
  const IdentificationOutcome found = Identify(3);
  EXPECT_TRUE(found.known());
  ASSERT_EQ(found.candidates.size(), 2u);
  EXPECT_EQ(found.candidates[0].name, "Ada");
  EXPECT_NEAR(found.candidates[0].score, Cosine(3), 1e-6);
  EXPECT_NEAR(found.margin, Cosine(3) + Cosine(3), 1e-6);
  EXPECT_EQ(found.enrolled, 2u);
  EXPECT_EQ(found.fpir, 0.05);
  EXPECT_FALSE(found.verify);
  EXPECT_FALSE(Identify(90).known());
  const IdentificationOutcome one = Identify(3, {1, 0.05, 0.2});
  EXPECT_EQ(one.candidates.size(), 1u);
  EXPECT_FALSE(std::isnan(one.margin));
  EXPECT_EQ(one.threshold, 0.2);
  EXPECT_FALSE(one.fpir);
  // Known to verify, but not among so many.
  const IdentificationOutcome near = Identify(kVerifyDegrees - 1, {3, 0.001, {}});
  EXPECT_FALSE(near.known());
  ASSERT_TRUE(near.verify);
  EXPECT_EQ(near.verify->threshold, Cosine(kVerifyDegrees));
  const IdentificationOutcome failed =
      recognizer_.Identify(Failed("x.wav", "no speech"), {}, silent_);
  EXPECT_FALSE(failed.known());
  EXPECT_TRUE(failed.candidates.empty());
  EXPECT_EQ(failed.failure, "no speech");
}

TEST_F(RecognizerTest, NewUtterancesTakeThePlaceOfTheOldVoiceprint) {
  Enroll("Ada", {0});
  Enroll("Eve", {180});
  recognizer_.Refresh(silent_);  // Ada is among those loaded
  for (int degrees = 10; degrees <= 50; degrees += 10) Enroll("Ada", {double(degrees)});
  const IdentificationOutcome found = Identify(0, {10, 0.05, {}});
  ASSERT_EQ(found.candidates.size(), 2u);
  EXPECT_EQ(found.enrolled, 2u);
  EXPECT_NEAR(found.candidates[0].score, Cosine(25), 1e-6);
  // As one who reads the store anew finds it.
  Recognizer other = Open();
  const IdentificationOutcome same = other.Identify(At(0), {10, 0.05, {}}, silent_);
  ASSERT_EQ(same.candidates.size(), 2u);
  EXPECT_NEAR(same.candidates[0].score, found.candidates[0].score, 1e-6);
  EXPECT_EQ(same.threshold, found.threshold);
}

TEST_F(RecognizerTest, ManyEnrolledAreFoundAsInTheStore) {
  EnrollmentPolicy force;
  force.force = true;
  for (int i = 0; i < 600; ++i) Enroll("p" + std::to_string(i % 500), {0.6 * i}, force);
  for (double probe : {0.0, 33.3, 299.7, 123.4}) {
    const IdentificationOutcome found = Identify(probe, {4, 0.05, {}});
    Recognizer other = Open();
    const IdentificationOutcome same = other.Identify(At(probe), {4, 0.05, {}}, silent_);
    ASSERT_EQ(found.candidates.size(), 4u);
    EXPECT_EQ(found.enrolled, same.enrolled);
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(found.candidates[i].name, same.candidates[i].name);
      EXPECT_EQ(found.candidates[i].score, same.candidates[i].score);
    }
  }
}

TEST_F(RecognizerTest, RefreshTakesInWhatOthersDid) {
  Enroll("Ada", {0});
  EXPECT_TRUE(recognizer_.Refresh(silent_)) << "its own enrollments are read anew";
  EXPECT_FALSE(recognizer_.Refresh(silent_));
  Recognizer other = Open();
  other.Enroll(
      "Eve",
      [] {
        std::vector<Recording> one;
        one.push_back(At(90));
        return one;
      }(),
      {}, silent_);
  EXPECT_EQ(Identify(90).enrolled, 1u);
  EXPECT_TRUE(recognizer_.Refresh(silent_));
  EXPECT_EQ(Identify(90).candidates[0].name, "Eve");
}

// What is taken in change by change is what reading all of it again gives.
TEST_F(RecognizerTest, ChangesOfOthersAreTakenInAsTheyAreInTheStore) {
  EnrollmentPolicy force;
  force.force = true;
  for (int i = 0; i < 100; ++i) Enroll("p" + std::to_string(i), {3.0 * i}, force);
  recognizer_.Refresh(silent_);
  const auto store = VoiceStore::Open({folder_ / "voices.db", {}, false});
  Recognizer other = Open();
  const auto expect_same = [&](const char* after) {
    EXPECT_TRUE(recognizer_.Refresh(silent_)) << after;
    Recognizer fresh = Open();
    for (double probe : {0.0, 30.0, 31.0, 150.0, 299.0}) {
      const IdentificationOutcome found = Identify(probe, {5, 0.05, {}});
      const IdentificationOutcome same = fresh.Identify(At(probe), {5, 0.05, {}}, silent_);
      EXPECT_EQ(found.enrolled, same.enrolled) << after;
      ASSERT_EQ(found.candidates.size(), same.candidates.size()) << after;
      for (std::size_t i = 0; i < found.candidates.size(); ++i) {
        EXPECT_EQ(found.candidates[i].name, same.candidates[i].name) << after << " " << probe;
        EXPECT_EQ(found.candidates[i].score, same.candidates[i].score) << after << " " << probe;
      }
    }
  };
  const auto enroll = [&](const std::string& name, double degrees) {
    std::vector<Recording> one;
    one.push_back(At(degrees));
    other.Enroll(name, std::move(one), force, silent_);
  };
  enroll("new", 30.5);
  expect_same("somebody came");
  enroll("p10", 31);
  expect_same("somebody has more utterances");
  store->Rename("p0", "zero");
  expect_same("somebody is called otherwise");
  store->Remove("p50");
  store->Remove("new");
  expect_same("two went");
  enroll("p50", 150.5);
  expect_same("one came again");
  store->RemoveUtterances("p99", std::vector{store->Find("p99")->utterances[0].id});
  expect_same("one has no utterance left");
  for (int i = 0; i < 30; ++i) enroll("many" + std::to_string(i), 2.0 * i);
  expect_same("many came");
}

TEST_F(RecognizerTest, WhoseTimeIsOverIsNotFound) {
  Enroll("Ada", {0});
  EnrollmentPolicy policy;
  policy.consent = "until Friday";
  policy.forget_at = UtcSeconds() + 1000;
  const EnrollmentOutcome eve = Enroll("Eve", {90}, policy);
  EXPECT_EQ(eve.forget_at, policy.forget_at);
  EXPECT_EQ(Enroll("Eve", {91}).forget_at, policy.forget_at) << "as it was";
  EXPECT_EQ(Identify(90).candidates[0].name, "Eve");
  const auto store = VoiceStore::Open({folder_ / "voices.db", {}, false});
  store->SetConsent("Eve", std::nullopt, UtcSeconds() - 1);
  EXPECT_TRUE(recognizer_.Refresh(silent_));
  const IdentificationOutcome found = Identify(90);
  EXPECT_EQ(found.enrolled, 1u);
  EXPECT_EQ(found.candidates[0].name, "Ada");
  EXPECT_TRUE(store->Purge().empty()) << "the recognizer removed her";
  MessageOf(ErrorCode::kNotFound, [&] { recognizer_.MakeClaim("Eve", {}, silent_); });
  store->SetConsent("Ada", std::nullopt, UtcSeconds() - 1);
  EXPECT_THROW(Open().Identify(At(0), {}, silent_), Error);
}

TEST_F(RecognizerTest, VerifiesAClaim) {
  Enroll("Ada", {0, 10});
  const Claim claim = recognizer_.MakeClaim("Ada", {}, silent_);
  EXPECT_EQ(claim.utterances, 2u);
  EXPECT_EQ(claim.decision.threshold, Cosine(kVerifyDegrees));
  const VerificationOutcome right = recognizer_.Verify(claim, At(5));
  EXPECT_TRUE(right.accepted());
  EXPECT_NEAR(right.score->value, 1, 1e-6);
  EXPECT_FALSE(right.compare);
  const VerificationOutcome near = recognizer_.Verify(claim, At(5 + kVerifyDegrees + 1));
  EXPECT_FALSE(near.accepted());
  ASSERT_TRUE(near.compare);  // compare would say it is one speaker
  EXPECT_EQ(near.compare->threshold, Cosine(kSameDegrees));
  const VerificationOutcome failed = recognizer_.Verify(claim, Failed("x.wav", "silent"));
  EXPECT_FALSE(failed.accepted() || failed.score);
  EXPECT_EQ(failed.failure, "silent");
  VerificationOutcome words = right;
  words.words = SpokenWords{"1 2", "2 1", 0.1, 0.5, false};
  EXPECT_TRUE(words.right_voice());
  EXPECT_FALSE(words.accepted());
  EXPECT_NE(MessageOf(ErrorCode::kNotFound, [&] { recognizer_.MakeClaim("Ad", {}, silent_); })
                .find("did you mean 'Ada'"),
            std::string::npos);
}

TEST_F(RecognizerTest, AnotherNetworksVoicesAreNotCompared) {
  Enroll("Ada", {0});
  ModelInfo other = Info();
  other.network_fingerprint = "n2";
  Recognizer with_other = Open(other);
  MessageOf(ErrorCode::kIncompatible, [&] { with_other.MakeClaim("Ada", {}, silent_); });
  EXPECT_NE(
      test::FailureOf([&] { with_other.Identify(At(0), {}, silent_); }).find("nobody is enrolled"),
      std::string::npos);
  std::vector<Recording> one;
  one.push_back(At(90));
  EXPECT_EQ(with_other.Enroll("Ada", std::move(one), {}, silent_).utterances, 2u);
  EXPECT_EQ(with_other.Basis({}, silent_).enrolled, 1u);
}

TEST_F(RecognizerTest, WithoutAStoreOnlyComparisonsAreMade) {
  Recognizer alone(EmbeddingExtractor(Info(), std::make_unique<NoNetwork>()), "m.vpr");
  const Comparison comparison = alone.Compare(folder_ / "a.wav", folder_ / "b.wav",
                                              alone.Choose(OperatingPoint::kCompare, {}).decision);
  EXPECT_FALSE(comparison.score || comparison.same());
  EXPECT_NE(comparison.failure.find("a.wav"), std::string::npos);
  const DecisionThreshold decision = alone.Choose(OperatingPoint::kCompare, {}).decision;
  const Comparison read = alone.Compare(At(0, "x"), At(kVerifyDegrees + 1, "y"), decision);
  EXPECT_TRUE(read.same());
  EXPECT_EQ(read.verify->threshold, Cosine(kVerifyDegrees));
  EXPECT_EQ(read.b, "y");
  EXPECT_EQ(alone.Compare(At(0), Failed("z", "silent"), decision).failure, "silent");
  MessageOf(ErrorCode::kInvalidArgument, [&] { alone.Identify(At(0), {}, silent_); });
  MessageOf(ErrorCode::kInvalidArgument, [&] { alone.MakeClaim("Ada", {}, silent_); });
  MessageOf(ErrorCode::kInvalidArgument, [&] { alone.Refresh(silent_); });
}

// Searches go on, each over a whole snapshot, while somebody enrolls and refreshes.
TEST_F(RecognizerTest, SeveralThreadsIdentifyWhileOneEnrolls) {
  Enroll("p0", {0});
  std::atomic<bool> done = false;
  std::atomic<int> answers = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      Progress silent;
      std::size_t enrolled = 0;
      do {
        const IdentificationOutcome found = recognizer_.Identify(At(1), {}, silent);
        EXPECT_EQ(found.candidates[0].name, "p0");
        EXPECT_GE(found.enrolled, enrolled);  // nobody is ever removed
        enrolled = found.enrolled;
        EXPECT_TRUE(recognizer_.Verify(recognizer_.MakeClaim("p0", {}, silent), At(1)).accepted());
        ++answers;
      } while (!done);
    });
  }
  for (int i = 1; i <= 60; ++i) {
    Enroll("p" + std::to_string(i), {5.0 * i});
    if (i % 7 == 0) {
      recognizer_.Refresh(silent_);
    }
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(answers, 3);
  EXPECT_EQ(Identify(0).enrolled, 61u);
}

}  // namespace
}  // namespace vpr
