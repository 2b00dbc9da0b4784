#include "vpr/audio/folder.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/testing.h"

namespace vpr {
namespace {

namespace fs = std::filesystem;

TEST(WalkRecordings, FollowsLinksButNotInCirclesAndCountsTheRest) {
  TestFolder test_folder;
  const fs::path folder = test_folder.path() / "inside", elsewhere = test_folder.path() / "outside";
  const std::string root = folder.string();
  for (const fs::path& made : {folder / "a/deep", folder / ".git", elsewhere})
    fs::create_directories(made);
  WriteTestFile((elsewhere / "far.ogg").string(), "x");
  for (const char* file : {"z.wav", "a/y.M4A", "a/deep/x.flac", "a/.x.wav", ".git/w.wav", "b.txt",
                           "a/c.txt", "a/d.pdf", "README"})
    WriteTestFile((folder / file).string(), "x");
  fs::create_directory_symlink(folder, folder / "a/up");
  fs::create_directory_symlink(elsewhere, folder / "a/there");
  fs::create_symlink(folder / "nowhere", folder / "gone.wav");
  LeftOut left_out;
  EXPECT_EQ(FindRecordings(root + "/", Depth::kAll, &left_out),
            (std::vector<std::string>{root + "/a/deep/x.flac", root + "/a/there/far.ogg",
                                      root + "/a/y.M4A", root + "/gone.wav", root + "/z.wav"}));
  EXPECT_EQ(left_out.Text(), "2 .txt, 1 without an ending, 1 .pdf");
  EXPECT_EQ(FindRecordings(root, Depth::kTop),
            (std::vector<std::string>{root + "/gone.wav", root + "/z.wav"}));
  int seen = 0;
  WalkRecordings(root, Depth::kAll, [&](const std::string&) { return ++seen < 2; });
  EXPECT_EQ(seen, 2);
  EXPECT_EQ(LeftOut().Text(), "");
  MessageOf(ErrorCode::kIo, [&] { FindRecordings(root + "/nowhere", Depth::kAll); });
}

TEST(LeftOut, NamesTheMostFrequentEndings) {
  LeftOut left_out;
  for (const char* path : {"a.1", "a.2", "a.3", "a.4", "a.5", "a.6", "a.7", "b.7", "a.8"})
    left_out.Add(path);
  EXPECT_EQ(left_out.Text(), "2 .7, 1 .1, 1 .2, 1 .3, 1 .4, 1 .5, 2 of other endings");
}

}  // namespace
}  // namespace vpr
