#include "vpr/store/open_store.h"

#include <cstdlib>

#include "base/testing.h"

namespace vpr {
namespace {

class OpenStoreTest : public ::testing::Test {
 protected:
  OpenStoreTest() {
    for (const char* name : {"VPR_DB", "VPR_KEY_FILE", "VPR_PASSPHRASE", "VPR_NEW_PASSPHRASE"})
      ::unsetenv(name);
    request_.db = folder_ / "voices.db";
    request_.ask = [this](const std::string& prompt) -> std::optional<Secret> {
      asked_.push_back(prompt);
      if (answers_.empty()) return std::nullopt;
      const Secret answer{std::string_view(answers_[0])};
      answers_.erase(answers_.begin());
      return answer;
    };
  }

  TestFolder folder_{TestFolder::kMemory};
  StoreRequest request_;
  std::vector<std::string> answers_, asked_;
};

TEST_F(OpenStoreTest, OnlyWhoNamesItNeedsItToBeThere) {
  MessageOf(ErrorCode::kNotFound, [&] { OpenStoreIfThere(request_); });
  ::setenv("VPR_DB", request_.db.c_str(), 1);
  request_.db.clear();
  EXPECT_EQ(OpenStoreIfThere(request_), nullptr);
  EXPECT_TRUE(
      MessageOf(ErrorCode::kNotFound, [&] { OpenStore(request_); }).ends_with("names this one)"));
  EXPECT_NE(OpenStore(request_, true), nullptr);
  EXPECT_NE(OpenStoreIfThere(request_), nullptr);
  ::unsetenv("VPR_DB");
}

TEST_F(OpenStoreTest, AsksForThePassphrase) {
  const std::string right = "correct horse battery staple";
  answers_ = {right, "another"};
  MessageOf(ErrorCode::kInvalidArgument, [&] { OpenStore(request_, true, true); });
  answers_ = {right, right};
  EXPECT_TRUE(OpenStore(request_, true, true)->encrypted());
  answers_ = {right};
  asked_.clear();
  EXPECT_TRUE(OpenStore(request_)->encrypted());
  EXPECT_EQ(asked_, std::vector<std::string>{"Passphrase of " + request_.db + ": "});
  answers_ = {};
  MessageOf(ErrorCode::kNeedsPassphrase, [&] { OpenStore(request_); });
}

TEST_F(OpenStoreTest, KeysComeAndGo) {
  OpenStore(request_, true);
  MessageOf(ErrorCode::kIncompatible, [&] { DecryptStore(request_); });
  MessageOf(ErrorCode::kIncompatible, [&] { ChangeStoreKey(request_, ""); });
  std::string bytes;
  for (char c = 'A'; c < 'A' + 32; ++c) bytes += c;
  WriteTestFile(folder_ / "first.bin", bytes);
  WriteTestFile(folder_ / "second.bin", bytes + "2");
  MessageOf(ErrorCode::kInvalidArgument, [&] { EncryptStore(request_); });  // nobody answers
  request_.key_file = folder_ / "first.bin";
  const KeyChange encrypted = EncryptStore(request_);
  EXPECT_TRUE(encrypted.encrypted);
  EXPECT_FALSE(encrypted.on_server);
  MessageOf(ErrorCode::kIncompatible, [&] { EncryptStore(request_); });
  EXPECT_EQ(ChangeStoreKey(request_, folder_ / "second.bin").kind, KeyChange::Kind::kChanged);
  MessageOf(ErrorCode::kIncompatible, [&] { OpenStore(request_); });
  request_.key_file = folder_ / "second.bin";
  EXPECT_FALSE(DecryptStore(request_).encrypted);
  request_.key_file.clear();
  EXPECT_FALSE(OpenStore(request_)->encrypted());
}

TEST_F(OpenStoreTest, APassphraseLeavesTheEnvironment) {
  ::setenv("VPR_PASSPHRASE", "from the environment", 1);
  EXPECT_EQ(GivenKey(request_).passphrase, Secret("from the environment"));
  EXPECT_EQ(std::getenv("VPR_PASSPHRASE"), nullptr);
  EXPECT_EQ(GivenKey(request_).passphrase, Secret("from the environment"));
  ::setenv("VPR_KEY_FILE", "key.bin", 1);
  MessageOf(ErrorCode::kInvalidArgument, [&] { GivenKey(request_); });
  request_.key_file = "other.bin";
  EXPECT_EQ(GivenKey(request_).key_file, "other.bin");
  ::unsetenv("VPR_KEY_FILE");
  ::setenv("VPR_PASSPHRASE", "", 1);
  EXPECT_TRUE(GivenKey({request_.db, "", {}, {}}).empty());
}

}  // namespace
}  // namespace vpr
