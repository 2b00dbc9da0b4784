#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "support/temp_path.h"
#include "vpr.h"

namespace {

std::string Sample(const char* name) { return std::string(VPR_SAMPLES) + "/" + name; }

TEST(CInterface, SaysWhatIsWrong) {
  EXPECT_STREQ(vpr_version(), VPR_VERSION);
  EXPECT_EQ(vpr_open("/nowhere/model.vpr", nullptr), nullptr);
  EXPECT_EQ(vpr_error_code(), VPR_NOT_FOUND);
  EXPECT_NE(std::strstr(vpr_error_message(), "/nowhere/model.vpr"), nullptr);
  vpr_options options = {};
  options.size = 3;
  EXPECT_EQ(vpr_open("x", &options), nullptr);
  EXPECT_EQ(vpr_error_code(), VPR_INVALID_ARGUMENT);
  options.size = offsetof(vpr_options, store);  // of a program built with older headers
  EXPECT_EQ(vpr_open("/nowhere/model.vpr", &options), nullptr);
  EXPECT_EQ(vpr_error_code(), VPR_NOT_FOUND);
  vpr_close(nullptr);
}

TEST(CInterface, NullIsRefused) {
  const char* path = "a.wav";
  vpr_enrollment enrollment;
  vpr_verification verification;
  vpr_identification identification;
  vpr_candidate candidate;
  vpr_comparison comparison;
  EXPECT_EQ(vpr_compare(nullptr, path, path, &comparison), VPR_INVALID_ARGUMENT);
  EXPECT_EQ(vpr_enroll(nullptr, "Ada", &path, 1, &enrollment), VPR_INVALID_ARGUMENT);
  EXPECT_EQ(vpr_verify(nullptr, "Ada", path, &verification), VPR_INVALID_ARGUMENT);
  EXPECT_EQ(vpr_identify(nullptr, path, &candidate, 1, &identification), VPR_INVALID_ARGUMENT);
  EXPECT_EQ(vpr_refresh(nullptr, nullptr), VPR_INVALID_ARGUMENT);
  EXPECT_STREQ(vpr_error_message(), "recognizer is NULL");
}

#ifdef VPR_DEFAULT_MODEL

class WithStore : public testing::Test {
 protected:
  WithStore() {
    store_ = vpr::test::TempPath("c_interface.db");
    std::remove(store_.c_str());
    vpr_options options = {};
    options.size = sizeof(options);
    options.threads = 1;
    options.store = store_.c_str();
    options.create_store = 1;
    recognizer_ = vpr_open(VPR_DEFAULT_MODEL, &options);
    if (recognizer_ == nullptr) ADD_FAILURE() << vpr_error_message();
  }
  ~WithStore() override { vpr_close(recognizer_); }

  vpr_code Enroll(const char* name, const std::vector<const char*>& files,
                  vpr_enrollment* answer = nullptr) {
    std::vector<std::string> paths;
    for (const char* file : files) paths.push_back(Sample(file));
    std::vector<const char*> pointers;
    for (const std::string& path : paths) pointers.push_back(path.c_str());
    return vpr_enroll(recognizer_, name, pointers.data(), pointers.size(), answer);
  }

  std::string store_;
  vpr_recognizer* recognizer_ = nullptr;
};

TEST_F(WithStore, EnrollsVerifiesAndIdentifies) {
  vpr_candidate candidates[2];
  vpr_identification found;
  const std::string mine = Sample("flite-slt-4.flac"), others = Sample("flite-kal16-1.flac");
  EXPECT_EQ(vpr_identify(recognizer_, mine.c_str(), candidates, 2, &found), VPR_NOT_FOUND);
  vpr_enrollment answer;
  ASSERT_EQ(Enroll("slt", {"flite-slt-1.flac", "flite-slt-2.flac", "flite-rms-1.flac"}, &answer),
            VPR_OK)
      << vpr_error_message();
  EXPECT_EQ(answer.enrolled, 2u);
  EXPECT_EQ(answer.left_out, 1u);
  EXPECT_EQ(answer.utterances, 2u);
  EXPECT_STREQ(answer.resembles, "");
  EXPECT_EQ(Enroll("two", {"flite-slt-1.flac", "flite-rms-1.flac"}, &answer), VPR_UNUSABLE);
  EXPECT_EQ(answer.left_out, 2u);
  EXPECT_NE(std::strstr(vpr_error_message(), "do not sound like one person"), nullptr);
  EXPECT_EQ(Enroll("bad\nname", {"flite-slt-1.flac"}), VPR_INVALID_ARGUMENT);
  ASSERT_EQ(Enroll("rms", {"flite-rms-1.flac", "flite-rms-2.flac"}), VPR_OK);

  ASSERT_EQ(vpr_identify(recognizer_, mine.c_str(), candidates, 2, &found), VPR_OK)
      << vpr_error_message();
  EXPECT_EQ(found.known, 1);
  EXPECT_EQ(found.enrolled, 2u);
  ASSERT_EQ(found.num_candidates, 2u);
  EXPECT_STREQ(candidates[0].name, "slt");
  EXPECT_GE(candidates[0].score, found.threshold);
  EXPECT_NEAR(found.margin, candidates[0].score - candidates[1].score, 1e-12);
  ASSERT_EQ(vpr_identify(recognizer_, others.c_str(), candidates, 1, &found), VPR_OK);
  EXPECT_EQ(found.known, 0);
  EXPECT_EQ(found.num_candidates, 1u);
  EXPECT_EQ(vpr_identify(recognizer_, mine.c_str(), candidates, 0, &found), VPR_INVALID_ARGUMENT);
  EXPECT_EQ(vpr_identify(recognizer_, "nowhere.wav", candidates, 1, &found), VPR_UNUSABLE);

  vpr_verification verified;
  ASSERT_EQ(vpr_verify(recognizer_, "slt", mine.c_str(), &verified), VPR_OK);
  EXPECT_EQ(verified.accepted, 1);
  EXPECT_GT(verified.speech_seconds, 0.5);
  ASSERT_EQ(vpr_verify(recognizer_, "rms", mine.c_str(), &verified), VPR_OK);
  EXPECT_EQ(verified.accepted, 0);
  EXPECT_EQ(vpr_verify(recognizer_, "slr", mine.c_str(), &verified), VPR_NOT_FOUND);
  EXPECT_NE(std::strstr(vpr_error_message(), "did you mean 'slt'"), nullptr);
  int changed = -1;
  EXPECT_EQ(vpr_refresh(recognizer_, &changed), VPR_OK);
  EXPECT_EQ(changed, 1);  // its own enrollments
}

TEST_F(WithStore, ThreadsMayShareIt) {
  ASSERT_EQ(Enroll("slt", {"flite-slt-1.flac", "flite-slt-2.flac"}), VPR_OK);
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      vpr_candidate candidate;
      vpr_identification found;
      const std::string mine = Sample("flite-slt-4.flac");
      if (vpr_identify(recognizer_, mine.c_str(), &candidate, 1, &found) == VPR_OK && found.known)
        ++right;
    });
  }
  EXPECT_EQ(Enroll("rms", {"flite-rms-1.flac", "flite-rms-2.flac"}), VPR_OK);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 3);
}

TEST(CInterface, WithoutAStoreNobodyIsIdentified) {
  vpr_recognizer* recognizer = vpr_open(VPR_DEFAULT_MODEL, nullptr);
  ASSERT_NE(recognizer, nullptr) << vpr_error_message();
  const std::string a = Sample("flite-slt-1.flac"), b = Sample("flite-slt-2.flac");
  vpr_comparison same;
  ASSERT_EQ(vpr_compare(recognizer, a.c_str(), b.c_str(), &same), VPR_OK);
  EXPECT_EQ(same.accepted, 1);
  vpr_candidate candidate;
  vpr_identification found;
  EXPECT_EQ(vpr_identify(recognizer, a.c_str(), &candidate, 1, &found), VPR_INVALID_ARGUMENT);
  EXPECT_NE(std::strstr(vpr_error_message(), "without a store"), nullptr);
  std::vector<float> embedding(vpr_embedding_size(recognizer));
  ASSERT_EQ(vpr_embed(recognizer, a.c_str(), embedding.data()), VPR_OK);
  double length = 0;
  for (float value : embedding) length += static_cast<double>(value) * value;
  EXPECT_NEAR(length, 1, 1e-5);
  vpr_close(recognizer);
}

#endif

}  // namespace
