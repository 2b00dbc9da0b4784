#include "vpr/recognize/enrolled_people.h"

#include "base/testing.h"
#include "vpr/store/open_store.h"

namespace vpr {
namespace {

EnrolledUtterance Utterance(float x) {
  EnrolledUtterance one;
  one.source = "a.wav";
  one.network = std::string(32, 'a');
  one.speech_seconds = 3;
  one.embedding = {x, 1 - x};
  return one;
}

std::vector<std::string> Names(VoiceStore& store) {
  std::vector<std::string> names;
  store.ForEach(false, [&](EnrolledSpeaker&& one) { names.push_back(one.name); });
  return names;
}

TEST(EnrolledPeople, AreRemovedAllOrNobody) {
  TestFolder folder(TestFolder::kMemory);
  const auto store = OpenStore({folder / "voices.db", "", {}, {}}, true);
  for (const char* name : {"Ada", "Bob", "Eve"})
    store->Enroll(name, {Utterance(0), Utterance(1)}, {});
  MessageOf(ErrorCode::kNotFound, [&] { RemovePeople(*store, {"Ada", "Dan"}); });
  MessageOf(ErrorCode::kInvalidArgument, [&] { RemovePeople(*store, {"Ada", "Bob"}, {1}); });
  EXPECT_EQ(Names(*store).size(), 3u);
  const RemovalOutcome outcome = RemovePeople(*store, {"Ada", "Eve", "Ada"});
  EXPECT_EQ(outcome.names, (std::vector<std::string>{"Ada", "Eve"}));
  EXPECT_TRUE(outcome.overwritten);
  EXPECT_EQ(Names(*store), std::vector<std::string>{"Bob"});
  RemovePeople(*store, {"Bob"}, {store->Find("Bob")->utterances[0].id});
  EXPECT_EQ(store->Find("Bob")->utterances.size(), 1u);
}

TEST(EnrolledPeople, GoToAnotherStore) {
  TestFolder folder(TestFolder::kMemory);
  const auto from = OpenStore({folder / "from.db", "", {}, {}}, true);
  from->Enroll("Ada", {Utterance(0)}, "a note");
  from->Enroll("Bob", {Utterance(1)}, {});
  EXPECT_EQ(ExportPeople(*from, false, folder / "people"), 2u);
  const auto to = OpenStore({folder / "to.db", "", {}, {}}, true);
  Progress silent;
  auto import = [&] {
    return ImportPeople(*to, ReadExportedPeople(folder / "people"), true, silent,
                        [] { return false; });
  };
  EXPECT_EQ(import().added, (VoiceStore::Imported{2, 2}));
  EXPECT_EQ(import().added, (VoiceStore::Imported{0, 0}));
  EXPECT_EQ(to->Find("Ada")->note, "a note");
  EXPECT_EQ(to->Find("Bob")->forget_at, 0);
  for (const char* nobody : {"", "\n \n"}) {
    WriteTestFile(folder / "bad", nobody);
    EXPECT_NE(MessageOf(ErrorCode::kCorrupt, [&] { ReadExportedPeople(folder / "bad"); })
                  .find("there is nobody in it"),
              std::string::npos);
  }
  WriteTestFile(folder / "bad", "\n{}\n");
  EXPECT_NE(
      MessageOf(ErrorCode::kCorrupt, [&] { ReadExportedPeople(folder / "bad"); }).find("line 2"),
      std::string::npos);
  MessageOf(ErrorCode::kInterrupted, [&] {
    ImportPeople(*to, ReadExportedPeople(folder / "people"), true, silent, [] { return true; });
  });
}

}  // namespace
}  // namespace vpr
