#include "vpr/classify/example.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/testing.h"
#include "vpr/base/rng.h"

namespace vpr {
namespace {

using ::testing::HasSubstr;

TEST(ListExamples, FoldersAndGroups) {
  TestFolder folder;
  for (const char* file :
       {"happy/ada/1.wav", "happy/bob/1.wav", "sad/ada/1.wav", "sad/ada/2.flac"}) {
    std::filesystem::create_directories((folder.path() / file).parent_path());
    WriteTestFile(folder / file, "");
  }
  ExampleList list = ListExamples(folder.path().string(), {});
  ASSERT_EQ(list.examples.size(), 4u);
  EXPECT_EQ(LabelsOf(list.examples), (std::vector<std::string>{"happy", "sad"}));
  EXPECT_EQ(ClassesOf(list.examples, {"happy", "sad"}), (std::vector<int>{0, 0, 1, 1}));
  EXPECT_EQ(GroupsOf(list.examples), (std::vector<int>{0, 1, 2, 3}));
  list = ListExamples(folder.path().string(), {"", "speaker", ""});
  EXPECT_EQ(GroupsOf(list.examples), (std::vector<int>{0, 1, 0, 0}));
  WriteTestFile(folder / "sad/loose.wav", "");
  EXPECT_THAT(MessageOf(ErrorCode::kInvalidArgument,
                        [&] {
                          ListExamples(folder.path().string(), {"", "speaker", ""});
                        }),
              HasSubstr("'sad/loose.wav' by speaker: expected CLASS/speaker/FILE"));
  MessageOf(ErrorCode::kInvalidArgument, [&] {
    ListExamples(folder.path().string(), {"gender", "", ""});
  });
  MessageOf(ErrorCode::kNotFound, [&] { ListExamples(folder / "none", {}); });
}

TEST(ListExamples, ListsWithColumns) {
  TestFolder folder;
  const std::string list = folder / "list.tsv";
  WriteTestFile(list,
                "path\tspeaker\tgender\tcorpus\n"
                "b.wav\ts1\tf\tx\n"
                "a.wav\ts1\tf\tx\n"
                "c.wav\ts2\t-\ty\n"
                "d.wav\ts3\tm\ty\n");
  const ExampleList found = ListExamples(list, {"gender", "speaker", "corpus"});
  ASSERT_EQ(found.examples.size(), 3u);
  EXPECT_EQ(found.unlabelled, 1u);
  EXPECT_EQ(found.examples[0].key, "a.wav");
  EXPECT_EQ(found.examples[0].label, "f");
  EXPECT_EQ(found.examples[2].by, "y");
  EXPECT_EQ(GroupsOf(found.examples), (std::vector<int>{0, 0, 1}));
  EXPECT_EQ(LabelsOf(ListExamples(list, {}).examples),
            (std::vector<std::string>{"s1", "s2", "s3"}));  // without a column: the speakers
  EXPECT_THAT(MessageOf(ErrorCode::kInvalidArgument,
                        [&] {
                          ListExamples(list, {"age", "", ""});
                        }),
              HasSubstr("no column 'age'; it has path, speaker, gender, corpus"));
  MessageOf(ErrorCode::kInvalidArgument, [&] { ListExamples(list, {"speaker", "gender", ""}); });
}

TEST(AssignParts, SharesAreKeptInEveryClass) {
  std::vector<int> classes, groups;
  for (int i = 0; i < 150; ++i) {
    classes.push_back(i < 100 ? 0 : 1);
    groups.push_back(i);
  }
  const std::vector<int> parts = AssignParts(classes, groups, {0.8, 0.2}, 7);
  std::map<std::pair<int, int>, int> counts;
  for (std::size_t i = 0; i < parts.size(); ++i) ++counts[{classes[i], parts[i]}];
  EXPECT_EQ((counts[{0, 1}]), 20);
  EXPECT_EQ((counts[{1, 1}]), 10);
  EXPECT_EQ(parts, AssignParts(classes, groups, {0.8, 0.2}, 7));
  EXPECT_NE(parts, AssignParts(classes, groups, {0.8, 0.2}, 8));
}

TEST(AssignParts, TwoOfAClassAreOnBothSides) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const std::vector<int> parts = AssignParts({0, 0, 1, 1, 1}, {0, 1, 2, 3, 4}, {0.9, 0.1}, seed);
    EXPECT_NE(parts[0], parts[1]);
    EXPECT_EQ((std::set<int>{parts[2], parts[3], parts[4]}.size()), 2u);
  }
}

TEST(AssignParts, GroupsAreNeverParted) {
  Rng rng(3);
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    std::vector<int> classes, groups;
    for (int i = 0; i < 300; ++i) {
      groups.push_back(static_cast<int>(rng.Below(40)));
      classes.push_back(static_cast<int>(rng.Below(4)));
    }
    const std::vector<int> parts = AssignParts(classes, groups, std::vector<double>(5, 0.2), seed);
    std::map<int, std::set<int>> parts_of;
    std::vector<int> sizes(5);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      parts_of[groups[i]].insert(parts[i]);
      ++sizes[static_cast<std::size_t>(parts[i])];
    }
    for (const auto& [group, own] : parts_of) EXPECT_EQ(own.size(), 1u) << group;
    for (int size : sizes) EXPECT_NEAR(size, 60, 15);
  }
}

}  // namespace
}  // namespace vpr
