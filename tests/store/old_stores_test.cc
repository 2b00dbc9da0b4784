// Stores as the programs of their time wrote them (tests/fixtures/README.md) become stores of
// today.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <thread>

#include "base/testing.h"
#include "vpr/base/file_io.h"
#include "vpr/store/voice_store.h"

namespace vpr {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

// What tests/fixtures/make_stores.cc wrote: utterance `number`.
void ExpectUtterance(const EnrolledUtterance& utterance, int number) {
  EXPECT_EQ(utterance.source, "recording-" + std::to_string(number) + ".wav");
  EXPECT_EQ(utterance.enrolled_at, "2026-11-21T16:40:05Z");
  EXPECT_EQ(utterance.network, "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(utterance.speech_seconds, 2.5 + number);
  EXPECT_EQ(utterance.snr_db, 20 + number);
  EXPECT_TRUE(std::isnan(utterance.dynamics_db));  // not known then
  ASSERT_EQ(utterance.embedding.size(), 4u);
  for (int i = 0; i < 4; ++i)
    EXPECT_NEAR(utterance.embedding[static_cast<std::size_t>(i)], std::cos(number + i) / 2, 1e-7);
}

void ExpectContent(VoiceStore& store) {
  std::vector<EnrolledSpeaker> all;
  store.ForEach(true, [&](EnrolledSpeaker&& speaker) { all.push_back(std::move(speaker)); });
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(store.NumSpeakers(), 2u);
  EXPECT_EQ(all[0].name, "Ada Lovelace");
  EXPECT_EQ(all[0].note, "countess");
  ASSERT_EQ(all[0].utterances.size(), 2u);
  ExpectUtterance(all[0].utterances[0], 1);
  EXPECT_EQ(all[0].utterances[0].audio, "fLaC-not-really");
  ExpectUtterance(all[0].utterances[1], 2);
  EXPECT_EQ(all[1].name, "Jos\xC3\xA9");
  ASSERT_EQ(all[1].utterances.size(), 1u);
  ExpectUtterance(all[1].utterances[0], 4);
  EXPECT_NE(all[0].revision, all[1].revision);
}

std::int64_t Number(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  EXPECT_EQ(sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr), SQLITE_OK) << sql;
  const std::int64_t number =
      sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return number;
}

struct Case {
  const char* name;  // of the file
  const char* key;   // "", "passphrase", "keyfile"
};

// From version 3 on there is consent.
bool HasConsent(const Case& one) { return std::string(one.name).starts_with("store-v3"); }

class OldStore : public testing::TestWithParam<Case> {
 protected:
  OldStore() {
    options_.where = folder_ / "voices.db";
    if (GetParam().key == std::string("passphrase")) options_.key.passphrase = "correct horse";
    if (GetParam().key == std::string("keyfile")) {
      options_.key.key_file = folder_ / "key";
      fs::copy_file(std::string(VPR_FIXTURES) + "/store.key", options_.key.key_file);
      fs::permissions(options_.key.key_file, fs::perms::owner_read | fs::perms::owner_write);
    }
    Restore();
  }
  void Restore() {
    for (const char* end : {"", "-wal", "-shm"}) fs::remove(options_.where + end);
    fs::copy_file(std::string(VPR_FIXTURES) + "/" + GetParam().name, options_.where);
    fs::permissions(options_.where, fs::perms::owner_read | fs::perms::owner_write);
  }

  TestFolder folder_{TestFolder::kMemory};
  StoreOptions options_;
};

TEST_P(OldStore, IsReadAndGoesOn) {
  {
    auto store = VoiceStore::Open(options_);
    EXPECT_EQ(store->encrypted(), GetParam().key[0] != '\0');
    ExpectContent(*store);
    const EnrolledSpeaker ada = store->Find("Ada Lovelace").value();
    EXPECT_EQ(ada.consent, HasConsent(GetParam()) ? "form 17" : "");
    EXPECT_EQ(ada.forget_at, HasConsent(GetParam()) ? 4102444800 : 0);
    store->Check({});
  }
  EXPECT_EQ(Number(options_.where, "SELECT version FROM store"), 3);
  auto store = VoiceStore::Open(options_);
  ExpectContent(*store);
  // Nothing that was removed then gets its number again.
  const std::int64_t last = store->Find("Jos\xC3\xA9")->utterances[0].id;
  EnrolledUtterance utterance = store->Find("Ada Lovelace")->utterances[0];
  utterance.embedding[0] = 0.25f;
  store->Enroll("Eve", {utterance}, std::nullopt);
  const EnrolledSpeaker eve = store->Find("Eve").value();
  EXPECT_EQ(eve.id, 4);  // 3 was somebody who was removed
  EXPECT_GT(eve.utterances[0].id, last);
  EXPECT_GT(eve.revision, store->Find("Jos\xC3\xA9")->revision);
  store->Rename("Eve", "Evelyn");
  store->Remove("Evelyn");
  ExpectContent(*store);
  store->Check({});
}

TEST_P(OldStore, KeepsWhatItIsWithAWrongKey) {
  if (GetParam().key[0] == '\0') return;
  StoreOptions wrong = options_;
  wrong.key = {};
  wrong.key.passphrase = "another passphrase";
  EXPECT_THROW(VoiceStore::Open(wrong), Error);
  EXPECT_EQ(ReadFile(options_.where), ReadFile(std::string(VPR_FIXTURES) + "/" + GetParam().name));
}

// Killed at any moment, it is a store of then or one of now, with everybody in it.
TEST_P(OldStore, Is200TimesKilledWhileItBecomesNew) {
  if (GetParam().key == std::string("passphrase")) return;  // deriving a key takes a second each
  if (HasConsent(GetParam())) GTEST_SKIP() << "it is as new as can be";
  int old = 0;
  for (int kill = 0; kill < 200; ++kill) {
    Restore();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      try {
        VoiceStore::Open(options_);
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(50 * kill));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    // SQLite finishes or undoes what was begun when it is opened.
    old += Number(options_.where,
                  "SELECT COUNT(*) FROM pragma_table_info('speakers') WHERE name = "
                  "'forget_at'") == 0;
    auto store = VoiceStore::Open(options_);
    ExpectContent(*store);
    store->Check({});
    if (HasFailure()) FAIL() << "after kill " << kill;
  }
  RecordProperty("still_old", old);
  std::printf("%d of 200 were still old\n", old);
}

INSTANTIATE_TEST_SUITE_P(
    , OldStore,
    testing::Values(Case{"store-v1.db", ""}, Case{"store-v1-passphrase.db", "passphrase"},
                    Case{"store-v1-keyfile.db", "keyfile"}, Case{"store-v2-first.db", ""},
                    Case{"store-v2-first-keyfile.db", "keyfile"}, Case{"store-v2.db", ""},
                    Case{"store-v2-keyfile.db", "keyfile"}, Case{"store-v3.db", ""},
                    Case{"store-v3-keyfile.db", "keyfile"}),
    [](const testing::TestParamInfo<Case>& one) {
      std::string name = one.param.name;
      name.resize(name.size() - 3);
      for (char& c : name) c = c == '-' ? '_' : c;
      return name;
    });

TEST(StoreVersion, ToComeIsRefused) {
  TestFolder folder;
  StoreOptions options;
  options.where = folder / "voices.db";
  options.create = true;
  VoiceStore::Open(options);
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(options.where.c_str(), &database), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(database, "UPDATE store SET version = 4", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  EXPECT_THAT(MessageOf(ErrorCode::kIncompatible, [&] { VoiceStore::Open(options); }),
              HasSubstr("it has version 4, this program knows versions 1 to 3"));
}

}  // namespace
}  // namespace vpr
