#include "vpr/store/voice_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmath>

#include <filesystem>
#include <random>

#include "base/testing.h"
#include "support/failure_of.h"
#include "support/temp_path.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/base/unicode.h"
#include "vpr/store/json_lines.h"

namespace vpr {
namespace {

using test::FailureOf;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

EnrolledUtterance Utterance(int number, std::size_t dim = 8) {
  EnrolledUtterance utterance;
  utterance.source = "/tmp/ré cording " + std::to_string(number) + ".wav";
  utterance.enrolled_at = UtcNow();
  utterance.network = "0123456789abcdef0123456789abcdef";
  utterance.speech_seconds = 1.5 + number;
  utterance.snr_db = 20;
  if (number % 2 == 0) {  // of the others nothing is known, as of what older versions enrolled
    utterance.high_band_db = -20.25 - number;
    utterance.dynamics_db = 31.5;
    utterance.clipped = 0.125;
  }
  utterance.embedding.assign(dim, 0.0f);
  utterance.embedding[static_cast<std::size_t>(number) % dim] = 1;
  return utterance;
}

// What a key file may hold.
std::string KeyOf(char fill) { return std::string(32, fill) + "0123456789"; }

class VoiceStoreTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    folder_ = test::TempPath("store_") + std::to_string(::getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    options_.where = folder_ + "/sub/voices.db";
    if (GetParam()) {
      options_.key.key_file = folder_ + "/key";
      WriteFileAtomically(options_.key.key_file, KeyOf('k'));
    }
    options_.create = true;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::unique_ptr<VoiceStore> Open() const { return VoiceStore::Open(options_); }
  std::unique_ptr<VoiceStore> Existing() const {
    StoreOptions options = options_;
    options.create = false;
    return VoiceStore::Open(options);
  }
  // The database file with its log.
  std::string AllBytes() const {
    std::string bytes = ReadFile(options_.where);
    if (IsRegularFile(options_.where + "-wal")) bytes += ReadFile(options_.where + "-wal");
    return bytes;
  }
  static std::vector<EnrolledSpeaker> All(VoiceStore& store, bool with_audio = false) {
    std::vector<EnrolledSpeaker> all;
    store.ForEach(with_audio, [&](EnrolledSpeaker&& speaker) { all.push_back(speaker); });
    return all;
  }

  std::string folder_;
  StoreOptions options_;
};

Enrollment Kept(const std::string& name, std::vector<EnrolledUtterance> utterances,
                std::int64_t forget_at) {
  Enrollment one{name, std::move(utterances), std::nullopt};
  one.consent = "agreed to by " + name;
  one.forget_at = forget_at;
  return one;
}

TEST_P(VoiceStoreTest, WhoIsDueIsAsIfNotThere) {
  const std::int64_t now = UtcSeconds();
  auto store = Open();
  const std::vector<Enrollment> people = {Kept("Ada", {Utterance(1)}, now + 1000),
                                          Kept("Eve", {Utterance(2)}, now - 1),
                                          Kept("Bob", {Utterance(3), Utterance(4)}, now - 2)};
  store->EnrollAll(people);
  EXPECT_EQ(store->NumSpeakers(), 1u);
  const std::vector<EnrolledSpeaker> all = All(*store);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].consent, "agreed to by Ada");
  EXPECT_EQ(all[0].forget_at, now + 1000);
  EXPECT_TRUE(ParseUtc(all[0].consented_at));
  EXPECT_FALSE(store->Find("Eve"));
  EXPECT_THROW(store->SetNote("Eve", "late"), Error);
  EXPECT_THROW(store->Rename("Bob", "Robert"), Error);
  store->Check({});
  // Whoever takes the name is somebody else.
  store->Enroll("Eve", {Utterance(5)}, std::nullopt);
  const EnrolledSpeaker eve = store->Find("Eve").value();
  EXPECT_EQ(eve.utterances.size(), 1u);
  EXPECT_EQ(eve.consent, "");
  EXPECT_EQ(eve.forget_at, 0);
  EXPECT_EQ(All(*store).size(), 2u);
  EXPECT_TRUE(store->Purge().empty()) << "they went with the enrollment";

  store->SetConsent("Ada", std::nullopt, now - 5);
  EXPECT_EQ(store->NumSpeakers(), 1u);
  auto other = Existing();
  EXPECT_EQ(other->Purge(), std::vector<std::string>{"Ada"});
  EXPECT_TRUE(store->Purge().empty());
  EXPECT_TRUE(store->HasChanged());
  EXPECT_EQ(All(*store).size(), 1u);
  store->Check({});
  EXPECT_THAT(AllBytes(), Not(HasSubstr("agreed to by Ada")));
}

TEST_P(VoiceStoreTest, ConsentAndTimeAreReplacedByWhatIsGiven) {
  const std::int64_t later = UtcSeconds() + 5000;
  auto store = Open();
  const Enrollment first = Kept("Ada", {Utterance(1)}, later);
  store->EnrollAll({&first, 1});
  store->Enroll("Ada", {Utterance(2)}, "a note");
  EXPECT_EQ(store->Find("Ada")->consent, first.consent);
  EXPECT_EQ(store->Find("Ada")->forget_at, later);
  const std::int64_t revision = store->Find("Ada")->revision;
  store->SetConsent("Ada", "something else", std::nullopt);
  EXPECT_EQ(store->Find("Ada")->consent, "something else");
  EXPECT_EQ(store->Find("Ada")->forget_at, later);
  EXPECT_EQ(store->Find("Ada")->revision, revision);
  EXPECT_THAT(AllBytes(), Not(HasSubstr("agreed to")));
  store->SetConsent("Ada", "", 0);
  EXPECT_EQ(store->Find("Ada")->consent, "");
  EXPECT_EQ(store->Find("Ada")->consented_at, "");
  EXPECT_EQ(store->Find("Ada")->forget_at, 0);
  EXPECT_GT(store->Find("Ada")->revision, revision);
  EXPECT_THROW(store->SetConsent("Ada", "\xff", std::nullopt), Error);
}

TEST_P(VoiceStoreTest, AnImportBringsBackNobodyWhoIsDue) {
  const std::int64_t now = UtcSeconds();
  auto store = Open();
  std::vector<Enrollment> people = {Kept("Ada", {Utterance(1)}, now + 1000),
                                    Kept("Eve", {Utterance(2)}, now - 1)};
  people[0].consented_at = "2026-01-02T03:04:05Z";
  EXPECT_EQ(store->Import(people, false, {}).people, 1u);
  EXPECT_EQ(store->Find("Ada")->consented_at, "2026-01-02T03:04:05Z");
  EXPECT_FALSE(store->Find("Eve"));
  people[0].forget_at = now + 2000;
  store->Import(people, false, {});
  EXPECT_EQ(store->Find("Ada")->forget_at, now + 1000);
  store->Import(people, true, {});
  EXPECT_EQ(store->Find("Ada")->forget_at, now + 2000);
  const EnrolledSpeaker ada = store->Find("Ada").value();
  const EnrolledSpeaker back = SpeakerFromJson(SpeakerToJson(ada));
  EXPECT_EQ(back.consent, ada.consent);
  EXPECT_EQ(back.consented_at, ada.consented_at);
  EXPECT_EQ(back.forget_at, ada.forget_at);
}

TEST_P(VoiceStoreTest, TellsWhatHasChanged) {
  auto store = Open();
  for (int i = 0; i < 5; ++i) store->Enroll("p" + std::to_string(i), {Utterance(i)}, {});
  StoreMoment moment;
  const TemplateReader reader = {[&](const StoreMoment& now) { moment = now; },
                                 [](std::string_view) {}, [](EnrolledSpeaker&&) {}};
  store->ForEachTemplate("m", reader);
  EXPECT_EQ(moment.speakers, 5);
  StoreChanges none = store->ChangesSince(moment, 9).value();
  EXPECT_TRUE(none.changed.empty());
  EXPECT_FALSE(none.removed);

  auto other = Existing();
  other->Rename("p1", "q1");
  other->Enroll("new", {Utterance(7)}, {});
  other->Enroll("gone at once", {Utterance(8)}, {});
  other->Remove("gone at once");
  const StoreChanges some = store->ChangesSince(moment, 9).value();
  EXPECT_FALSE(some.removed);
  ASSERT_EQ(some.changed.size(), 2u);
  EXPECT_EQ(some.changed[0].name, "q1");
  EXPECT_EQ(some.changed[1].name, "new");
  EXPECT_EQ(some.changed[1].utterances.size(), 1u);
  EXPECT_FALSE(store->ChangesSince(moment, 1));

  other->Remove("p0");
  other->Remove("new");  // the last one
  const StoreChanges gone = store->ChangesSince(some.moment, 9).value();
  EXPECT_TRUE(gone.changed.empty());
  EXPECT_TRUE(gone.removed);
  EXPECT_EQ(gone.ids, (std::vector<std::int64_t>{2, 3, 4, 5}));
  other->Enroll("newer", {Utterance(9)}, {});
  const StoreChanges newer = store->ChangesSince(gone.moment, 9).value();
  EXPECT_FALSE(newer.removed);
  EXPECT_EQ(newer.changed.size(), 1u);
  StoreMoment to_come = newer.moment;
  to_come.revision += 100;  // as of a store that was put back
  EXPECT_FALSE(store->ChangesSince(to_come, 9));
}

TEST(Times, AreReadAsTheyAreWritten) {
  EXPECT_EQ(UtcText(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(ParseUtc("2027-02-27T10:20:30Z"), 1803723630);
  EXPECT_EQ(UtcText(1803723630), "2027-02-27T10:20:30Z");
  for (const char* wrong : {"", "2027-02-27", "2027-02-30T10:20:30Z", "2027-02-27T10:20:30",
                            "2027-02-27T10:20:30Zz", "2027-2-27T10:20:30Z"})
    EXPECT_FALSE(ParseUtc(wrong)) << wrong;
  const std::int64_t now = UtcSeconds();
  EXPECT_EQ(ForgetAfter("never"), 0);
  EXPECT_NEAR(static_cast<double>(ForgetAfter("90d") - now), 90 * 86400, 5);
  EXPECT_NEAR(static_cast<double>(ForgetAfter("2w") - now), 14 * 86400, 5);
  EXPECT_NEAR(static_cast<double>(ForgetAfter("1y") - now), 365 * 86400, 5);
  EXPECT_NEAR(static_cast<double>(ForgetAfter("30min") - now), 1800, 5);
  for (const char* wrong :
       {"", "d", "90", "0d", "-3d", "3m", "1.5d", "1000y", "99999999999d", "05d", "90 d", "Never"})
    EXPECT_THROW(ForgetAfter(wrong), Error) << wrong;
}

TEST_P(VoiceStoreTest, KeepsWhatItIsGiven) {
  EXPECT_THAT(FailureOf([&] { Existing(); }), HasSubstr("no voices are enrolled"));
  {
    auto store = Open();
    EnrolledUtterance with_audio = Utterance(3);
    with_audio.audio = std::string("fLaC\0audio", 10);
    store->Enroll("李达康 \"x\" 🎤", {Utterance(1), with_audio}, "a note");
    store->Enroll("O'Brien", {Utterance(2)}, std::nullopt);
    store->Enroll("李达康 \"x\" 🎤", {Utterance(4)}, std::nullopt);
  }
  auto store = Existing();
  EXPECT_EQ(store->encrypted(), GetParam());
  EXPECT_EQ(store->NumSpeakers(), 2u);
  const std::vector<EnrolledSpeaker> all = All(*store, true);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "李达康 \"x\" 🎤");
  EXPECT_EQ(all[0].note, "a note");
  ASSERT_EQ(all[0].utterances.size(), 3u);
  EXPECT_EQ(all[0].utterances[1].audio, std::string("fLaC\0audio", 10));
  EXPECT_EQ(all[0].utterances[2].source, Utterance(4).source);
  EXPECT_EQ(all[0].utterances[2].embedding, Utterance(4).embedding);
  EXPECT_EQ(all[1].utterances[0].speech_seconds, 3.5);
  for (const EnrolledSpeaker& speaker : {all[1], SpeakerFromJson(SpeakerToJson(all[1]))}) {
    const EnrolledUtterance& known = speaker.utterances[0];  // number 2
    EXPECT_EQ(known.high_band_db, -22.25);
    EXPECT_EQ(known.dynamics_db, 31.5);
    EXPECT_EQ(known.clipped, 0.125);
  }
  for (const EnrolledSpeaker& speaker : {all[0], SpeakerFromJson(SpeakerToJson(all[0]))}) {
    EXPECT_TRUE(std::isnan(speaker.utterances[0].high_band_db));  // number 1
    EXPECT_TRUE(std::isnan(speaker.utterances[0].clipped));
  }
  EXPECT_EQ(store->Find("O'Brien")->utterances.size(), 1u);
  EXPECT_FALSE(store->Find("o'brien"));
  store->Check({});
}

TEST_P(VoiceStoreTest, OnlyTheOwnerMayRead) {
  auto store = Open();
  store->Enroll("Ada", {Utterance(1)}, std::nullopt);
  for (const char* end : {"", "-wal", "-shm"}) {
    struct stat status;
    ASSERT_EQ(::stat((options_.where + end).c_str(), &status), 0) << end;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << end;
  }
}

TEST_P(VoiceStoreTest, OnlyTheOwnerMayReadWhateverTheUmask) {
  for (mode_t mask : {0u, 0777u}) {
    const mode_t before = ::umask(mask);
    fs::remove_all(folder_ + "/sub");
    if (mask == 0) {
      auto store = Open();
      struct stat status {};
      ASSERT_EQ(::stat((folder_ + "/sub").c_str(), &status), 0);
      EXPECT_EQ(status.st_mode & 0777, 0700u);
    } else {
      ::umask(before);
      fs::create_directories(folder_ + "/sub");
      ::umask(mask);
      Open();
    }
    ::umask(before);
    EXPECT_EQ(fs::status(options_.where).permissions(), fs::perms(0600)) << mask;
  }
}

TEST_P(VoiceStoreTest, WhatEverybodyMayReadIsMended) {
  Open()->Enroll("Ada", {Utterance(1)}, std::nullopt);
  std::vector<std::string> said;
  options_.warn = [&](const std::string& line) { said.push_back(line); };
  for (unsigned mode : {0600u, 0640u, 0660u}) {  // for a group, perhaps
    fs::permissions(options_.where, fs::perms(mode));
    EXPECT_EQ(Existing()->NumSpeakers(), 1u);
    EXPECT_EQ(fs::status(options_.where).permissions(), fs::perms(mode));
    EXPECT_THAT(said, ::testing::IsEmpty());
  }
  for (unsigned mode : {0644u, 0666u, 0602u, 0777u}) {
    fs::permissions(options_.where, fs::perms(mode));
    EXPECT_EQ(Existing()->NumSpeakers(), 1u);
    EXPECT_EQ(fs::status(options_.where).permissions(), fs::perms(0600));
    ASSERT_EQ(said.size(), 1u);
    EXPECT_THAT(said[0], HasSubstr(Format("mode %04o", mode)));
    EXPECT_THAT(said[0], HasSubstr(options_.where));
    said.clear();
  }
}

TEST_P(VoiceStoreTest, TakesNothingThatAnotherUserLaidOut) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root can make another user's files";
  constexpr uid_t kStranger = 65534;
  Open()->Enroll("Ada", {Utterance(1)}, std::nullopt);
  const std::string store = options_.where, open = folder_ + "/open";
  fs::create_directories(open);
  ASSERT_EQ(::chmod(open.c_str(), 01777), 0);
  const auto of_stranger = [](const std::string& path) {
    ASSERT_EQ(::lchown(path.c_str(), kStranger, kStranger), 0);
  };

  WriteFileAtomically(open + "/empty.db", "");
  of_stranger(open + "/empty.db");
  fs::copy_file(store, open + "/whole.db");
  of_stranger(open + "/whole.db");
  fs::create_symlink(store, open + "/link.db");
  of_stranger(open + "/link.db");
  fs::create_symlink(folder_ + "/made.db", open + "/dangling.db");
  of_stranger(open + "/dangling.db");
  fs::copy_file(store, open + "/log.db");
  WriteFileAtomically(open + "/log.db-wal", "theirs");
  of_stranger(open + "/log.db-wal");
  for (const char* name : {"empty.db", "whole.db", "link.db", "dangling.db", "log.db"}) {
    options_.where = open + "/" + name;
    EXPECT_THAT(FailureOf([&] { Open(); }), HasSubstr("another user")) << name;
  }
  EXPECT_EQ(fs::file_size(open + "/empty.db"), 0u);
  EXPECT_FALSE(fs::exists(folder_ + "/made.db"));

  // An empty file of theirs is no store anywhere; a store of theirs in a folder of theirs is.
  WriteFileAtomically(folder_ + "/empty.db", "");
  of_stranger(folder_ + "/empty.db");
  options_.where = folder_ + "/empty.db";
  EXPECT_THAT(FailureOf([&] { Open(); }), HasSubstr("another user"));
  fs::copy_file(store, folder_ + "/whole.db");
  of_stranger(folder_ + "/whole.db");
  options_.where = folder_ + "/whole.db";
  EXPECT_EQ(Open()->NumSpeakers(), 1u);
}

TEST_P(VoiceStoreTest, WhatCannotBeReadIsNotAbsent) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root can become another user";
  Open()->Enroll("Ada", {Utterance(1)}, std::nullopt);
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 0;
    if (::seteuid(65534) != 0) ::_exit(9);
    const std::string said = FailureOf([&] { Existing(); });
    if (said.find("cannot open store") == std::string::npos ||
        said.find("Permission denied") == std::string::npos)
      code = 1;
    ::_exit(code);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_P(VoiceStoreTest, RenamesRemovesAndReplaces) {
  auto store = Open();
  store->Enroll("Ada", {Utterance(1), Utterance(2)}, std::nullopt);
  store->Enroll("Bob", {Utterance(3)}, std::nullopt);
  EXPECT_THAT(FailureOf([&] { store->Rename("Ada", "Bob"); }), HasSubstr("taken"));
  EXPECT_THAT(FailureOf([&] { store->Rename("Eve", "Bo"); }), HasSubstr("no speaker 'Eve'"));
  store->Rename("Ada", "Ida");
  store->SetNote("Ida", "left handed");
  EXPECT_FALSE(store->Find("Ada"));
  const EnrolledSpeaker ida = *store->Find("Ida");
  EXPECT_EQ(ida.note, "left handed");
  const auto remove_utterance = [&](const std::string& name, std::int64_t id) {
    store->RemoveUtterances(name, {&id, 1});
  };
  remove_utterance("Ida", ida.utterances[0].id);
  EXPECT_THAT(FailureOf([&] { remove_utterance("Bob", ida.utterances[1].id); }),
              HasSubstr("no utterance"));
  EnrolledUtterance again = ida.utterances[1];
  again.embedding = Utterance(7).embedding;
  again.network = "fedcba9876543210fedcba9876543210";
  store->ReplaceEmbeddings({again});
  EXPECT_EQ(store->Find("Ida")->utterances.at(0).network, "fedcba9876543210fedcba9876543210");
  EXPECT_EQ(store->Find("Ida")->utterances.at(0).embedding, Utterance(7).embedding);
  store->Remove("Bob");
  EXPECT_THAT(FailureOf([&] { store->Remove("Bob"); }), HasSubstr("no speaker"));
  EXPECT_EQ(store->NumSpeakers(), 1u);
  store->Check({});
}

TEST_P(VoiceStoreTest, TemplatesLastUntilTheirSpeakersChange) {
  auto store = Open();
  std::vector<Enrollment> people;
  for (int i = 1; i <= 300; ++i)  // ids 1 to 300: two blocks
    people.push_back({"p" + std::to_string(i), {Utterance(1), Utterance(2)}, {}});
  store->EnrollAll(people);
  // The templates, then how many speakers have none, and the number of utterances of the last.
  auto state = [&](VoiceStore& from, const std::string& maker = "m1") {
    std::string text;
    std::size_t expected = 0, without = 0, utterances = 0;
    from.ForEachTemplate(maker, {[&](const StoreMoment& moment) {
                                   expected = static_cast<std::size_t>(moment.speakers);
                                 },
                                 [&](std::string_view block) { text += std::string(block) + " "; },
                                 [&](EnrolledSpeaker&& speaker) {
                                   ++without;
                                   utterances = speaker.utterances.size();
                                 }});
    EXPECT_EQ(expected, from.NumSpeakers());
    return without == 0 ? text : text + Format("%zu/%zu", without, utterances);
  };
  EXPECT_EQ(state(*store), "300/2");
  auto block_of = [&](std::int64_t number, const std::string& data) {
    TemplateBlock block{number, 0, 0, data};
    for (const EnrolledSpeaker& speaker : All(*store)) {
      if (speaker.id / TemplateBlock::kBlock != number) continue;
      ++block.speakers;
      block.revision = std::max(block.revision, speaker.revision);
    }
    return block;
  };
  store->SaveTemplates("m1", block_of(0, "block 0"));
  EXPECT_EQ(state(*store), "block 0 45/2");
  store->SaveTemplates("m1", block_of(1, "block 1"));
  EXPECT_EQ(state(*store), "block 0 block 1 ");
  EXPECT_EQ(state(*store, "m2"), "300/2");
  EXPECT_EQ(state(*Existing()), "block 0 block 1 ");
  store->SetNote("p1", "a note is no change of the voice");
  EXPECT_EQ(state(*store), "block 0 block 1 ");

  // Every kind of change drops the block, and a template made before it is not kept.
  const EnrolledSpeaker last = *store->Find("p300");
  EnrolledUtterance again = last.utterances[1];
  again.embedding = Utterance(7).embedding;
  const std::vector<std::pair<const char*, std::function<void()>>> changes = {
      {"45/2", [&] { store->Rename("p299", "q299"); }},
      {"45/1",
       [&] {
         store->RemoveUtterances("p300", {&last.utterances[0].id, 1});
       }},
      {"45/1", [&] { store->ReplaceEmbeddings({again}); }},
      {"45/2", [&] { store->Enroll("p300", {Utterance(3)}, std::nullopt); }},
      {"44/2", [&] { store->Remove("p298"); }},
      {"45/1", [&] { store->Enroll("new", {Utterance(3)}, std::nullopt); }}};
  for (const auto& [expected, change] : changes) {
    const TemplateBlock before = block_of(1, "the old one");
    change();
    EXPECT_EQ(state(*store), std::string("block 0 ") + expected);
    store->SaveTemplates("m1", before);
    EXPECT_EQ(state(*store), std::string("block 0 ") + expected);
    store->SaveTemplates("m1", block_of(1, "block 1"));
    EXPECT_EQ(state(*store), "block 0 block 1 ");
  }
  store->Check({});
  EXPECT_EQ(GetParam(), AllBytes().find("block 0") == std::string::npos);
  StoreKey key;
  key.key_file = folder_ + "/other";
  WriteFileAtomically(key.key_file, KeyOf('o'));
  store->ChangeKey(key);
  EXPECT_EQ(state(*store), "300/1");
  EXPECT_THAT(AllBytes(), Not(HasSubstr("block 0")));
}

TEST_P(VoiceStoreTest, WhatIsRemovedIsGone) {
  auto store = Open();
  EnrolledUtterance utterance = Utterance(1);
  utterance.audio = "AUDIOOFTHEGONE" + std::string(9000, 'a');
  store->Enroll("Removed Person", {utterance}, "a note of theirs");
  store->Enroll("Old Name", {Utterance(2)}, std::nullopt);
  store->Remove("Removed Person");
  store->Rename("Old Name", "New Name");
  EXPECT_TRUE(store->RemovedIsOverwritten());
  EXPECT_THAT(AllBytes(), Not(HasSubstr("Removed Person")));
  EXPECT_THAT(AllBytes(), Not(HasSubstr("AUDIOOFTHEGONE")));
  EXPECT_THAT(AllBytes(), Not(HasSubstr("a note of theirs")));
  EXPECT_THAT(AllBytes(), Not(HasSubstr("Old Name")));
  if (!GetParam()) {
    EXPECT_THAT(AllBytes(), HasSubstr("New Name"));
  }
}

TEST_P(VoiceStoreTest, KeysChangeAndLeaveNothingBehind) {
  StoreKey other;
  other.key_file = folder_ + "/other";
  WriteFileAtomically(other.key_file, KeyOf('o'));
  auto store = Open();
  EnrolledUtterance utterance = Utterance(1);
  utterance.audio = "AUDIO";
  store->Enroll("Secret Name", {utterance}, "secret note");
  auto second = Open();  // opened under the old key
  store->ChangeKey(other);
  EXPECT_TRUE(store->encrypted());
  EXPECT_THAT(FailureOf([&] { second->Find("Secret Name"); }), HasSubstr("changed meanwhile"));
  second.reset();
  const std::string embedding(reinterpret_cast<const char*>(utterance.embedding.data()),
                              utterance.embedding.size() * sizeof(float));
  for (const std::string& text : {std::string("Secret Name"), std::string("secret note"),
                                  std::string("ré cording"), std::string("AUDIO"), embedding})
    EXPECT_THAT(AllBytes(), Not(HasSubstr(text)));
  EXPECT_EQ(store->Find("Secret Name", true)->utterances.at(0).audio, "AUDIO");
  EXPECT_THAT(FailureOf([&] { Existing(); }), HasSubstr(GetParam() ? "wrong key" : "key file"));
  store->ChangeKey({});
  EXPECT_FALSE(store->encrypted());
  options_.key = {};
  EXPECT_EQ(Existing()->Find("Secret Name")->note, "secret note");
}

// Every page with every bit pattern of some bytes turned: an error, or what was there before.
TEST_P(VoiceStoreTest, DamageIsAnErrorNeverAnotherAnswer) {
  {
    auto store = Open();
    for (int i = 0; i < 50; ++i)
      store->Enroll("Speaker " + std::to_string(i), {Utterance(i), Utterance(i + 1)}, "note");
  }
  constexpr std::size_t kPage = 16384;
  const std::string sound = ReadFile(options_.where);
  fs::remove(options_.where + "-wal");
  fs::remove(options_.where + "-shm");
  std::vector<std::string> before;
  for (const EnrolledSpeaker& speaker : All(*Existing())) before.push_back(SpeakerToJson(speaker));
  std::mt19937 random(5);
  int noticed = 0;
  for (int i = 0; i < 400; ++i) {
    std::string damaged = sound;
    const std::size_t at = random() % damaged.size();
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
    for (const char* end : {"-wal", "-shm"}) fs::remove(options_.where + end);
    WriteFileAtomically(options_.where, damaged);
    std::vector<std::string> after;
    try {
      for (const EnrolledSpeaker& speaker : All(*Existing()))
        after.push_back(SpeakerToJson(speaker));
      EXPECT_EQ(after, before) << "byte " << at;
    } catch (const Error&) {
      ++noticed;
    }
  }
  EXPECT_GT(noticed, 40);  // the others hit free space
  for (std::size_t length :
       {std::size_t{1}, std::size_t{50}, sound.size() / 2, sound.size() - kPage}) {
    for (const char* end : {"-wal", "-shm"}) fs::remove(options_.where + end);
    WriteFileAtomically(options_.where, sound.substr(0, length));
    EXPECT_THROW(All(*Existing()), Error) << length;
  }
}

// SQL on the file, past the store. Returns the first value.
std::string Tamper(const std::string& path, const std::string& sql, const std::string& bytes = "") {
  sqlite3* database = nullptr;
  EXPECT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr), SQLITE_OK);
  sqlite3_bind_blob(statement, 1, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
  std::string value;
  if (sqlite3_step(statement) == SQLITE_ROW) {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, 0));
    value.assign(data, static_cast<std::size_t>(sqlite3_column_bytes(statement, 0)));
  }
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return value;
}

// As a vault without a key seals.
std::string WithChecksum(const std::string& place, const std::string& text) {
  FingerprintStream stream;
  stream.Add(place + std::string(1, '\0'));
  stream.Add(text);
  return stream.Digest() + text;
}

TEST_P(VoiceStoreTest, ForgeriesAreErrors) {
  Open()->Enroll("Ada", {Utterance(1)}, std::nullopt);
  const std::string good = ReadFile(options_.where);
  auto expect_damaged = [&](const std::function<void(VoiceStore&)>& use) {
    EXPECT_THAT(FailureOf([&] { use(*Existing()); }), HasSubstr("damaged"));
    for (const char* end : {"-wal", "-shm"}) fs::remove(options_.where + end);
    WriteFileAtomically(options_.where, good);
  };
  // More speakers than can be; memory for them is not asked for.
  Tamper(options_.where, "UPDATE store SET speakers = 4000000000000");
  expect_damaged([](VoiceStore& store) {
    store.ForEachTemplate(
        "m", {[](const StoreMoment&) {}, [](std::string_view) {}, [](EnrolledSpeaker&&) {}});
  });
  if (!GetParam()) {
    // Lists within lists, two million of them.
    Tamper(options_.where, "UPDATE speakers SET data = ?1",
           WithChecksum("speaker 1", std::string(2000000, '\x81')));
    EXPECT_THAT(FailureOf([&] { All(*Existing()); }), HasSubstr("cannot be read"));
    return;
  }
  // A salt with which libsodium derives nothing: every key file would give a key of zeros.
  const std::string header = Tamper(options_.where, "SELECT header FROM store").substr(32);
  const std::size_t salt = header.find("\"salt\":\"") + 8;
  ASSERT_NE(header.find("\"salt\":\""), std::string::npos);
  std::string longer = header;
  longer.insert(salt, std::string(98, '0'));
  Tamper(options_.where, "UPDATE store SET header = ?1", WithChecksum("vpr store key", longer));
  expect_damaged([](VoiceStore&) {});
}

TEST_P(VoiceStoreTest, AllOrNoneAndOnlyWhoIsNew) {
  auto store = Open();
  EXPECT_TRUE(
      store
          ->EnrollAll(std::vector<Enrollment>{{"Ada", {Utterance(1)}, {}, "2020-01-02T03:04:05Z"},
                                              {"Bob", {Utterance(2)}, {}}})
          .empty());
  EXPECT_EQ(store->Find("Ada")->enrolled_at, "2020-01-02T03:04:05Z");
  const std::vector<Enrollment> again = {{"Ada", {Utterance(3)}, {}, "", true},
                                         {"Eve", {Utterance(4)}, {}, "", true},
                                         {"Eve", {Utterance(5)}, {}, "", true}};
  EXPECT_EQ(store->EnrollAll(again), (std::vector<std::string>{"Ada", "Eve"}));
  EXPECT_EQ(store->Find("Ada")->utterances.size(), 1u);
  EXPECT_EQ(store->Find("Eve")->utterances.size(), 1u);
  EXPECT_THROW(store->RemoveAll(std::vector<std::string>{"Ada", "Nobody"}), Error);
  EXPECT_THROW(store->RemoveAll(std::vector<std::string>{"Ada", "Ada"}), Error);
  EXPECT_EQ(store->NumSpeakers(), 3u);
  const std::vector<EnrolledUtterance> utterances = {All(*store)[0].utterances[0],
                                                     All(*store)[1].utterances[0]};
  const std::int64_t bad[] = {utterances[0].id, 999};
  EXPECT_THROW(store->RemoveUtterances("Ada", bad), Error);
  EXPECT_EQ(store->Find("Ada")->utterances.size(), 1u);
  store->RemoveAll(std::vector<std::string>{"Ada", "Eve"});
  EXPECT_EQ(store->NumSpeakers(), 1u);
  EXPECT_EQ(store->ReplaceEmbeddings(utterances), 1u);  // Bob's alone is still there
  EXPECT_THROW(store->SetNote("Bob", "\xff"), Error);
  store->Check({});
}

TEST_P(VoiceStoreTest, AReplacedNoteIsGone) {
  auto store = Open(), other = Open();  // which keeps the log from being emptied by the way
  store->Enroll("Ada", {Utterance(1)}, "the first note");
  store->Enroll("Ada", {Utterance(2)}, "the second note");
  EXPECT_TRUE(store->RemovedIsOverwritten());
  EXPECT_THAT(AllBytes(), Not(HasSubstr("the first note")));
}

TEST_P(VoiceStoreTest, IsAFileWhateverItsName) {
  fs::create_directories(folder_ + "/sub");
  const fs::path before = fs::current_path();
  fs::current_path(folder_ + "/sub");
  for (const char* name : {":memory:", "file:a.db", "file:b.db?mode=memory", "100%?#.db"}) {
    options_.where = name;
    Open()->Enroll("Ada", {Utterance(1)}, std::nullopt);
    EXPECT_EQ(Existing()->NumSpeakers(), 1u) << name;
    EXPECT_GT(fs::file_size(name), 1000u) << name;
  }
  fs::current_path(before);
}

TEST_P(VoiceStoreTest, AnEmptyFileBecomesAPrivateStore) {
  fs::create_directories(folder_ + "/sub");
  WriteFileAtomically(options_.where, "");
  Open()->Enroll("Ada", {Utterance(1)}, std::nullopt);
  EXPECT_EQ(fs::status(options_.where).permissions(), fs::perms(0600));
}

TEST_P(VoiceStoreTest, WhatIsCutOffIsNotWrittenTo) {
  Open()->Enroll("Ada", {Utterance(1)}, std::nullopt);
  const std::string good = ReadFile(options_.where);
  for (const std::size_t length : {std::size_t{1}, std::size_t{511}, good.size() - 1}) {
    WriteFileAtomically(options_.where, good.substr(0, length));
    for (const char* end : {"-wal", "-shm"}) fs::remove(options_.where + end);
    EXPECT_THAT(FailureOf([&] { Open()->Enroll("Bob", {Utterance(2)}, std::nullopt); }),
                HasSubstr("cannot use store"))
        << length;
    EXPECT_EQ(ReadFile(options_.where), good.substr(0, length));
  }
}

TEST_P(VoiceStoreTest, CanBeReadWhereNothingMayBeWritten) {
  Open()->Enroll("Ada", {Utterance(1)}, std::nullopt);
  fs::permissions(options_.where, fs::perms(0444));
  fs::permissions(folder_ + "/sub", fs::perms(0555));
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 1;
    try {
      if (::getuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
      auto store = Existing();
      store->Check({});
      const bool found = store->Find("Ada").has_value();
      const std::string failure = FailureOf([&] { store->SetNote("Ada", "x"); });
      code = found && failure.find("written to") != std::string::npos ? 0 : 3;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
    ::_exit(code);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  fs::permissions(folder_ + "/sub", fs::perms(0755));
}

TEST_P(VoiceStoreTest, IsTheSameThroughALink) {
  auto store = Open();
  store->Enroll("Ada", {Utterance(1)}, std::nullopt);
  fs::create_symlink(options_.where, folder_ + "/link.db");
  // Grown in the log alone, as long as this one is open.
  for (int i = 0; i < 40; ++i) store->Enroll("p" + std::to_string(i), {Utterance(i, 2000)}, {});
  options_.where = folder_ + "/link.db";
  EXPECT_EQ(Existing()->NumSpeakers(), 41u);
  Existing()->SetNote("Ada", "through the link");
  EXPECT_EQ(store->Find("Ada")->note, "through the link");
}

TEST_P(VoiceStoreTest, NoticesThatItsFileIsGone) {
  auto store = Open();
  store->Enroll("Ada", {Utterance(1)}, std::nullopt);
  EXPECT_FALSE(store->HasChanged());
  fs::rename(options_.where, options_.where + ".old");
  EXPECT_THAT(FailureOf([&] { store->HasChanged(); }), HasSubstr("removed or replaced"));
}

TEST_P(VoiceStoreTest, RefusesWhatIsNoStore) {
  fs::create_directories(folder_ + "/sub");
  constexpr auto kForAll = fs::perms(0644);
  WriteFileAtomically(options_.where, std::string(5000, 'x'));
  fs::permissions(options_.where, kForAll);
  EXPECT_THAT(FailureOf([&] { Open(); }), HasSubstr("no store"));
  EXPECT_EQ(fs::status(options_.where).permissions(), kForAll);
  fs::remove(options_.where);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(options_.where.c_str(), &other), SQLITE_OK);
  sqlite3_exec(other, "CREATE TABLE mine (a)", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  fs::permissions(options_.where, kForAll);
  EXPECT_THAT(FailureOf([&] { Open(); }), HasSubstr("not one of vpr"));
  EXPECT_EQ(fs::status(options_.where).permissions(), kForAll);
  options_.where = folder_;
  EXPECT_THAT(FailureOf([&] { Open(); }), HasSubstr("not a file"));
}

// Two processes enroll at once, with the first moment of the store among it.
TEST_P(VoiceStoreTest, TwoProcessesLoseNothing) {
  std::vector<pid_t> children;
  for (int child = 0; child < 2; ++child) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      int code = 1;
      try {
        auto store = Open();
        for (int i = 0; i < 50; ++i)
          store->Enroll("p" + std::to_string(child) + " " + std::to_string(i), {Utterance(i)},
                        std::nullopt);
        code = 0;
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
      }
      ::_exit(code);
    }
    children.push_back(pid);
  }
  for (pid_t pid : children) {
    int status = 1;
    ::waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
  }
  auto store = Existing();
  EXPECT_EQ(store->NumSpeakers(), 100u);
  store->Check({});
}

INSTANTIATE_TEST_SUITE_P(, VoiceStoreTest, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "encrypted" : "plain"; });

TEST_P(VoiceStoreTest, ImportIsWholeAndTheSameTwice) {
  auto store = Open();
  const std::vector<Enrollment> people = {
      {"Ada", {Utterance(1), Utterance(2)}, "a note", "2020-01-02T03:04:05Z"},
      {"Bob", {Utterance(3), Utterance(3)}, {}},
      {"Bob", {Utterance(4)}, {}}};
  const auto import = [&](const std::vector<Enrollment>& some, bool merge = false) {
    return store->Import(some, merge, {});
  };
  EXPECT_EQ(import(people), (VoiceStore::Imported{2, 4}));  // Bob's third is his first
  EXPECT_EQ(store->Find("Ada")->note, "a note");
  EXPECT_EQ(store->Find("Ada")->enrolled_at, "2020-01-02T03:04:05Z");
  EXPECT_EQ(store->Find("Bob")->utterances.size(), 2u);
  EXPECT_EQ(import(people), (VoiceStore::Imported{0, 0}));
  EXPECT_EQ(import(people, true), (VoiceStore::Imported{0, 0}));
  EXPECT_EQ(store->Find("Ada")->utterances.size(), 2u);

  // Somebody who is there with others: only with `merge`, and nothing else comes in either.
  const std::vector<Enrollment> more = {{"Eve", {Utterance(5)}, {}},
                                        {"Ada", {Utterance(2), Utterance(6)}, "another"}};
  EXPECT_THAT(MessageOf(ErrorCode::kInvalidArgument, [&] { import(more); }),
              AllOf(HasSubstr("'Ada'"), HasSubstr("--merge")));
  EXPECT_EQ(store->NumSpeakers(), 2u);
  EXPECT_EQ(store->Find("Ada")->note, "a note");
  EXPECT_EQ(import(more, true), (VoiceStore::Imported{1, 2}));
  EXPECT_EQ(store->Find("Ada")->utterances.size(), 3u);
  EXPECT_EQ(store->Find("Ada")->note, "another");

  // Stopped in between, refused in between: nothing.
  const std::vector<Enrollment> others = {{"Fay", {Utterance(7)}, {}}, {"Gus", {Utterance(8)}, {}}};
  EXPECT_THROW(store->Import(others, false,
                             [](std::size_t done) {
                               if (done == 2) throw Error(ErrorCode::kInterrupted, "stopped");
                             }),
               Error);
  std::vector<Enrollment> unfit = others;
  unfit[1].utterances[0].embedding = {1, 0};
  EXPECT_THAT(MessageOf(ErrorCode::kInvalidArgument, [&] { import(unfit); }),
              AllOf(HasSubstr("'Gus'"), HasSubstr("2 numbers")));
  unfit = {unfit[1]};  // against what the store has
  MessageOf(ErrorCode::kInvalidArgument, [&] { import(unfit); });
  unfit[0].name = "Ad\u200ba";
  MessageOf(ErrorCode::kInvalidArgument, [&] { import(unfit, true); });
  EXPECT_EQ(store->NumSpeakers(), 3u);
  store->Check({});
}

// "é" is one letter, or an "e" and an accent.
TEST_P(VoiceStoreTest, NamesAreFoundHoweverTheyAreTyped) {
  auto store = Open();
  const std::string composed = "Jos\u00e9", decomposed = "Jose\u0301";
  store->Enroll(decomposed, {Utterance(1)}, {});
  EXPECT_EQ(store->Find(composed)->name, composed);
  EXPECT_EQ(store->Find(decomposed)->name, composed);
  store->Enroll(composed, {Utterance(2)}, {});
  EXPECT_EQ(store->NumSpeakers(), 1u);
  store->SetNote(decomposed, "x");
  EXPECT_THROW(store->Rename("nobody", decomposed), Error);
  store->Enroll("other", {Utterance(3)}, {});
  EXPECT_THROW(store->Rename("other", decomposed), Error);
  store->Rename(decomposed, "Zoe\u0308");
  EXPECT_EQ(store->Find("Zo\u00eb")->name, "Zo\u00eb");
  store->Remove("Zoe\u0308");
  EXPECT_EQ(store->NumSpeakers(), 1u);
}

// As a Japanese keyboard writes the blank between family and given name.
TEST_P(VoiceStoreTest, NamesAreFoundWithAnyBlank) {
  auto store = Open();
  store->Enroll("山田\u3000太郎", {Utterance(1)}, {});
  EXPECT_EQ(store->Find("山田 太郎")->name, "山田 太郎");
  EXPECT_EQ(store->Find("山田\u3000太郎")->name, "山田 太郎");
  EXPECT_EQ(store->Find("山田\u00a0太郎")->name, "山田 太郎");
  store->Rename("山田\u3000太郎", "Ada\u2003Lovelace");
  EXPECT_TRUE(store->Find("Ada Lovelace"));
}

TEST_P(VoiceStoreTest, AnImportOfTwoNamesThatLookTheSameIsRefused) {
  auto store = Open();
  const std::vector<Enrollment> people = {{"Ada L", {Utterance(1)}, {}},
                                          {"Ada\u3000L", {Utterance(2)}, {}}};
  EXPECT_THAT(MessageOf(ErrorCode::kInvalidArgument, [&] { store->Import(people, true, {}); }),
              HasSubstr("look the same"));
  EXPECT_EQ(store->NumSpeakers(), 0u);
  EXPECT_EQ(store->Import(std::span(people).subspan(1), false, {}).people, 1u);
  EXPECT_TRUE(store->Find("Ada L"));
}

TEST(CheckSpeakerName, RefusesWhatNobodySees) {
  for (const char* bad :
       {"Ad\u200ba", "Ada\u200d", "A\u00adda", "\ufeffAda", "Ada\u2060", "Ada\ufe0f", "Ad\u034fa",
        "Ad\U000e0061a", "Ad\u3164a", "Ad\u180ea", "A\u200cda"})
    EXPECT_THAT(MessageOf(ErrorCode::kInvalidArgument, [&] { CheckSpeakerName(bad); }),
                HasSubstr("U+"))
        << bad;
  // A Persian name with a non-joiner, a Sinhala one with a joiner, a heart in colour.
  for (const char* good : {"علی\u200cرضا", "ශ්\u200dරී", "Ada ❤\ufe0f", "Jose\u0301", "ＡＢＣ"})
    EXPECT_NO_THROW(CheckSpeakerName(good)) << good;
}

TEST(CheckSpeakerName, TakesEveryBlankForAPlainOne) {
  for (const char* good : {"Ada\u00a0Lovelace", "山田\u3000太郎", "Ada\u202fL"})
    EXPECT_NO_THROW(CheckSpeakerName(good)) << good;
  for (const char* bad : {"\u3000", "Ada\u3000", "Ada \u3000L", "unknown\u00a0speaker", "A\u2800B"})
    EXPECT_THROW(CheckSpeakerName(bad), Error) << bad;
  EXPECT_EQ(NormalName("山田\u3000太郎"), "山田 太郎");
  EXPECT_THAT(MessageOf(ErrorCode::kInvalidArgument, [] { CheckSpeakerName("unknown  speaker"); }),
              HasSubstr("two blanks"));
}

TEST(CheckSpeakerName, RefusesWhatCannotBeShown) {
  for (const char* good : {"Ada", "李达康", "O'Brien \"Bob\"", "🎤", "a b", "-x"})
    EXPECT_NO_THROW(CheckSpeakerName(good)) << good;
  for (const char* bad : {"", " a", "a ", "a\nb", "a\tb", "\x7f", "\xff\xfe", "a\xc2\x85",
                          "a\u202Eb", "a\u2028b", "a\u2066b", "unknown speaker"})
    EXPECT_THROW(CheckSpeakerName(bad), Error) << bad;
  EXPECT_THROW(CheckSpeakerName(std::string(201, 'a')), Error);
}

TEST(JsonLines, RoundTrip) {
  EnrolledSpeaker speaker;
  speaker.name = "Zoë \"Z\"";
  speaker.note = "line\nbreak";
  speaker.enrolled_at = "2026-01-02T03:04:05Z";
  speaker.utterances = {Utterance(1), Utterance(2)};
  speaker.utterances[1].audio = std::string("\0\1\xff", 3);
  const std::string line = SpeakerToJson(speaker);
  EXPECT_THAT(line, Not(HasSubstr("\n")));
  const EnrolledSpeaker back = SpeakerFromJson(line);
  EXPECT_EQ(SpeakerToJson(back), line);
  EXPECT_EQ(back.utterances[1].audio, speaker.utterances[1].audio);
  EXPECT_EQ(back.utterances[0].embedding, speaker.utterances[0].embedding);
  EXPECT_THROW(SpeakerFromJson("{}"), Error);
  EXPECT_THROW(SpeakerFromJson("not json"), Error);
  std::string dated = line;
  dated.replace(dated.find("2026-01-02T"), 11, "2026\\n\\u001b ");
  EXPECT_THROW(SpeakerFromJson(dated), Error);
  for (const char* date :
       {"2026-99-99T99:99:99Z", "2026-01-02", "2026", "::::", "2026-02-30T00:00:00Z"}) {
    speaker.enrolled_at = date;
    EXPECT_THAT(MessageOf(ErrorCode::kCorrupt, [&] { SpeakerFromJson(SpeakerToJson(speaker)); }),
                HasSubstr("\"enrolled_at\" is no date"))
        << date;
  }
  speaker.enrolled_at = "";  // not known
  EXPECT_EQ(SpeakerFromJson(SpeakerToJson(speaker)).enrolled_at, "");
  for (const std::string& network :
       {std::string(), std::string("n1"), std::string(32, 'g'), std::string(31, 'a'),
        std::string(33, 'a'), std::string(32, 'A')}) {
    speaker.utterances[0].network = network;
    EXPECT_THAT(MessageOf(ErrorCode::kCorrupt, [&] { SpeakerFromJson(SpeakerToJson(speaker)); }),
                HasSubstr("\"network\" is no fingerprint"))
        << network;
  }
  std::string longer = line;
  longer.replace(longer.find("1.0"), 3, "2.0");  // an embedding that is not of length 1
  EXPECT_THROW(SpeakerFromJson(longer), Error);
}

TEST(JsonLines, NumbersThatNoRecordingHasAreRefused) {
  EnrolledSpeaker speaker;
  speaker.name = "Ada";
  const auto refusal = [&](void (*change)(EnrolledUtterance&)) {
    speaker.utterances = {Utterance(1)};
    change(speaker.utterances[0]);
    return MessageOf(ErrorCode::kCorrupt, [&] { SpeakerFromJson(SpeakerToJson(speaker)); });
  };
  EXPECT_THAT(refusal([](EnrolledUtterance& one) { one.speech_seconds = 1e300; }),
              HasSubstr("\"speech_seconds\" is 1e+300"));
  EXPECT_THAT(refusal([](EnrolledUtterance& one) { one.snr_db = -1e9; }), HasSubstr("snr_db"));
  EXPECT_THAT(refusal([](EnrolledUtterance& one) { one.dynamics_db = 1e12; }),
              HasSubstr("dynamics_db"));
  speaker.utterances.clear();
  EXPECT_THAT(MessageOf(ErrorCode::kCorrupt, [&] { SpeakerFromJson(SpeakerToJson(speaker)); }),
              HasSubstr("no utterances"));
}

TEST(DescribeStore, ShowsNoPassword) {
  EXPECT_EQ(DescribeStore("a:b@c.db"), "a:b@c.db");
  EXPECT_EQ(DescribeStore("postgresql://ann:secret@host:5433/voices"),
            "postgresql://ann@host:5433/voices");
  EXPECT_EQ(DescribeStore("postgresql://host/voices?user=ann&password=secret"),
            "postgresql://ann@host/voices");
  for (const char* unclear : {"postgresql://ann:sec%ret@host/voices",
                              "postgresql://ann:se/ret@host/v", "postgresql://ann:se@ret@host/v"})
    EXPECT_EQ(DescribeStore(unclear), "postgresql://...");
  EXPECT_THAT(FailureOf([] {
                VoiceStore::Open({"postgresql://ann:sec@ret@127.0.0.1:1/v", {}, false});
              }),
              HasSubstr("write %40 for @"));
  // Whatever is wrong with an address, its password is not said.
  for (const char* address :
       {"postgresql://ann:hid%den@127.0.0.1:1/v", "postgresql://ann:hid%zzden@127.0.0.1:1/v",
        "postgresql://ann:hid%00den@127.0.0.1:1/v", "postgresql://ann:hid?den@127.0.0.1:1/v",
        "postgresql://ann:hid den@127.0.0.1:1/v", "postgresql://ann:hid[den@127.0.0.1:1/v",
        "postgresql://ann:hid#den@127.0.0.1:1/v", "postgresql://ann:hidden",
        "postgresql://ann:hidden@127.0.0.1:1/v", "postgres://ann:hidden@127.0.0.1:port/v",
        "postgresql://127.0.0.1:1/v?user=ann&password=hidden&x=y", "Postgresql://ann:hidden@h/v",
        "postgresql:///v?host=127.0.0.1&port=1&password=hidden%", "mysql://ann:hidden@h/v",
        "host=127.0.0.1 port=1 password=hidden"}) {
    const std::string said = FailureOf([&] { VoiceStore::Open({address, {}, true}); });
    EXPECT_FALSE(said.empty()) << address;
    EXPECT_THAT(said, Not(HasSubstr("hid"))) << address;
    EXPECT_THAT(said, Not(HasSubstr("den"))) << address;
    EXPECT_THAT(DescribeStore(address), Not(HasSubstr("den"))) << address;
  }
}

TEST(FindStore, PrefersWhatIsGiven) {
  ::setenv("VPR_DB", "/x/env.db", 1);
  EXPECT_EQ(FindStore("given.db"), "given.db");
  EXPECT_EQ(FindStore(""), "/x/env.db");
  ::unsetenv("VPR_DB");
  ::setenv("XDG_DATA_HOME", "/x/data", 1);
  EXPECT_EQ(FindStore(""), "/x/data/vpr/voices.db");
  ::setenv("XDG_DATA_HOME", "relative", 1);
  ::setenv("HOME", "/home/a", 1);
  EXPECT_EQ(FindStore(""), "/home/a/.local/share/vpr/voices.db");
}

}  // namespace
}  // namespace vpr
