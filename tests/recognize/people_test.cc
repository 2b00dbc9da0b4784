#include "vpr/recognize/people.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/testing.h"

namespace vpr {
namespace {

std::string Listed(const std::vector<PersonFiles>& people) {
  std::string text;
  for (const PersonFiles& person : people) {
    text += person.name + ":";
    for (const std::string& file : person.files)
      text += " " + std::filesystem::path(file).filename().string();
    text += "\n";
  }
  return text;
}

TEST(FindPeople, ByFolderAndByFile) {
  TestFolder folder;
  for (const char* inner : {"Bob/deep/er", "Ada", "empty", ".hidden"})
    std::filesystem::create_directories(folder.path() / inner);
  for (const char* file :
       {"Ada/2.wav", "Ada/1.flac", "Ada/._1.wav", "Ada/notes.txt", ".hidden/a.wav",
        "Bob/deep/er/x.mp3", "Eve.wav", "Eve.mp3", "Dan.ogg", ".Dan.wav"})
    WriteTestFile(folder / file, "x");
  EXPECT_EQ(Listed(FindPeople(folder.path().string(), PeopleLayout::kFolders)),
            "Ada: 1.flac 2.wav\nBob: x.mp3\n");
  EXPECT_EQ(Listed(FindPeople(folder.path().string(), PeopleLayout::kFiles)),
            "Dan: Dan.ogg\nEve: Eve.mp3 Eve.wav\n");
  LeftOut left_out;
  FindPeople(folder.path().string(), PeopleLayout::kFolders, &left_out);
  EXPECT_EQ(left_out.Text(), "1 .txt");
  MessageOf(ErrorCode::kNotFound, [&] { FindPeople(folder / "nowhere", PeopleLayout::kFiles); });
  MessageOf(ErrorCode::kNotFound, [&] { FindPeople(folder / "empty", PeopleLayout::kFolders); });
}

TEST(CheckNames, RefusesSomeButThrowsForOne) {
  const NamedPeople named = CheckNames({{"Ada", {"a.wav"}}, {" Bob", {}}, {"unknown speaker", {}}});
  EXPECT_EQ(Listed(named.people), "Ada: a.wav\n");
  ASSERT_EQ(named.refused.size(), 2u);
  EXPECT_EQ(named.refused[0].name, " Bob");
  EXPECT_NE(named.refused[1].failure.find("cannot be a name"), std::string::npos);
  MessageOf(ErrorCode::kInvalidArgument, [] { CheckNames({{"unknown speaker", {}}}); });
}

TEST(LooksLikeRecording, ButNotEveryNameWithADot) {
  EXPECT_TRUE(LooksLikeRecording("monday.wav"));
  EXPECT_FALSE(LooksLikeRecording("Beau.au"));
  EXPECT_FALSE(LooksLikeRecording("Ada"));
  EXPECT_FALSE(LooksLikeRecording("Ada/Lovelace"));
  TestFolder folder;
  WriteTestFile(folder / "Beau.au", "x");
  EXPECT_TRUE(LooksLikeRecording(folder / "Beau.au"));
}

}  // namespace
}  // namespace vpr
