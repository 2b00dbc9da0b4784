#include "vpr/dataset/source.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <map>
#include <set>

#include "base/testing.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/dataset/packed_dataset.h"

namespace vpr {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

// Layouts go by names alone: the files are empty.
void Touch(const std::string& path) {
  fs::create_directories(fs::path(path).parent_path());
  WriteTestFile(path, "");
}

struct Tree {
  const char* name;
  const char* layout;  // that "auto" finds
  std::vector<std::string> files;
  std::map<std::string, std::string> expected;  // key to speaker
};

std::vector<Tree> Trees() {
  return {{"Folders",
           "folders",
           {"李达康 1/a.wav", "李达康 1/deep/er/b.FLAC", "bert/a.opus", "bert/notes.txt",
            "bert/.hidden.wav", ".git/x.wav", "README.md"},
           {{"李达康 1/a.wav", "李达康 1"},
            {"李达康 1/deep/er/b.FLAC", "李达康 1"},
            {"bert/a.opus", "bert"}}},
          {"LooseFilesHaveNoSpeaker",
           "folders",
           {"anna/a.wav", "loose.wav"},
           {{"anna/a.wav", "anna"}, {"loose.wav", ""}}},
          {"LibriSpeech",
           "librispeech",
           {"19/198/19-198-0000.flac", "19/198/19-198-0001.flac", "19/198/19-198.trans.txt",
            "103/1240/103-1240-0000.flac"},
           {{"19/198/19-198-0000.flac", "19"},
            {"19/198/19-198-0001.flac", "19"},
            {"103/1240/103-1240-0000.flac", "103"}}},
          {"LibriSpeechRoot",
           "librispeech",
           {"LibriSpeech/dev-clean/84/121123/84-121123-0000.flac", "LibriSpeech/SPEAKERS.TXT",
            "LibriSpeech/test-clean/61/70968/61-70968-0000.flac"},
           {{"LibriSpeech/dev-clean/84/121123/84-121123-0000.flac", "84"},
            {"LibriSpeech/test-clean/61/70968/61-70968-0000.flac", "61"}}},
          {"LibriTts",
           "librispeech",
           {"train/14/208/14_208_000001_000000.wav", "train/14/208/14_208.trans.tsv"},
           {{"train/14/208/14_208_000001_000000.wav", "14"}}},
          // Numbered speakers and sessions whose files are not named as LibriSpeech's.
          {"NumberedFolders",
           "folders",
           {"19/198/a.wav", "20/1/b.wav"},
           {{"19/198/a.wav", "19"}, {"20/1/b.wav", "20"}}},
          {"VoxCeleb",
           "voxceleb",
           {"wav/id10001/1zcIwhmdeo4/00001.wav", "wav/id10001/7gWzIy6yIIk/00001.wav",
            "wav/id10270/x/00002.wav", "vox1_meta.csv"},
           {{"wav/id10001/1zcIwhmdeo4/00001.wav", "id10001"},
            {"wav/id10001/7gWzIy6yIIk/00001.wav", "id10001"},
            {"wav/id10270/x/00002.wav", "id10270"}}},
          {"Aishell",
           "aishell",
           {"data_aishell/wav/train/S0002/BAC009S0002W0122.wav",
            "data_aishell/wav/test/S0764/BAC009S0764W0121.wav",
            "data_aishell/transcript/aishell_transcript_v0.8.txt"},
           {{"data_aishell/wav/train/S0002/BAC009S0002W0122.wav", "S0002"},
            {"data_aishell/wav/test/S0764/BAC009S0764W0121.wav", "S0764"}}},
          {"Vctk",
           "vctk",
           {"wav48_silence_trimmed/p225/p225_001_mic1.flac",
            "wav48_silence_trimmed/p225/p225_001_mic2.flac",
            "wav48_silence_trimmed/s5/s5_001_mic1.flac", "txt/p225/p225_001.txt"},
           {{"wav48_silence_trimmed/p225/p225_001_mic1.flac", "p225"},
            {"wav48_silence_trimmed/s5/s5_001_mic1.flac", "s5"}}},
          {"VctkOld",
           "vctk",
           {"wav48/p225/p225_001.wav", "wav48/p226/p226_001.wav"},
           {{"wav48/p225/p225_001.wav", "p225"}, {"wav48/p226/p226_001.wav", "p226"}}},
          {"StCmds",
           "st-cmds",
           {"20170001P00001A0001.wav", "20170001P00001A0002.wav", "20170001P00001I0001.wav",
            "20170001P00001A0001.txt"},
           {{"20170001P00001A0001.wav", "20170001P00001A"},
            {"20170001P00001A0002.wav", "20170001P00001A"},
            {"20170001P00001I0001.wav", "20170001P00001I"}}}};
}

class TreeTest : public testing::TestWithParam<Tree> {};

TEST_P(TreeTest, IsRecognisedAndListed) {
  TestFolder folder;
  for (const std::string& file : GetParam().files) Touch(folder / file);
  std::string layout;
  std::vector<Utterance> utterances = ListUtterances(folder.path().string(), "auto", &layout);
  EXPECT_EQ(layout, GetParam().layout);
  std::map<std::string, std::string> found;
  for (std::size_t i = 0; i < utterances.size(); ++i) {
    found[utterances[i].key] = utterances[i].speaker;
    EXPECT_EQ(utterances[i].path, folder / utterances[i].key);
    if (i > 0) {
      EXPECT_LT(utterances[i - 1].key, utterances[i].key);
    }
  }
  EXPECT_EQ(found, GetParam().expected);
  EXPECT_EQ(utterances.size(), found.size());
  // The same by name, and with a slash after the folder.
  EXPECT_EQ(ListUtterances(folder.path().string() + "/", GetParam().layout).size(), found.size());
}

INSTANTIATE_TEST_SUITE_P(Sources, TreeTest, testing::ValuesIn(Trees()),
                         [](const testing::TestParamInfo<Tree>& test) { return test.param.name; });

TEST(Sources, AFlatFolderIsOneSpeaker) {
  TestFolder folder;
  Touch(folder / "anna/1.wav");
  Touch(folder / "anna/2.wav");
  for (std::string path : {folder / "anna", folder / "anna/"}) {
    std::vector<Utterance> utterances = ListUtterances(path);
    ASSERT_EQ(utterances.size(), 2u);
    EXPECT_EQ(utterances[0].key, "1.wav");
    EXPECT_EQ(utterances[1].speaker, "anna");
  }
}

TEST(Sources, RecordingsOfUnknownSpeakers) {
  TestFolder folder;
  for (const char* name : {"x.wav", "a/y.flac", "a/b/z.mp3", "a/notes.txt"}) Touch(folder / name);
  const std::vector<Utterance> found = ListUtterances(folder / "", "unlabelled");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].key, "a/b/z.mp3");
  for (const Utterance& utterance : found) EXPECT_EQ(utterance.speaker, kUnlabelled);
  std::string layout;
  ListUtterances(folder / "", "auto", &layout);
  EXPECT_NE(layout, "unlabelled");  // a folder of speakers would look the same
}

TEST(Sources, LinksAreFollowedOnceRound) {
  TestFolder folder;
  Touch(folder / "elsewhere/1.wav");
  fs::create_directories(folder / "set/anna/sub");
  fs::create_directory_symlink(folder / "elsewhere", folder / "set/bert");
  fs::create_symlink(folder / "elsewhere/1.wav", folder / "set/anna/linked.wav");
  fs::create_directory_symlink(folder / "set/anna", folder / "set/anna/sub/back");
  fs::create_symlink(folder / "nowhere.wav", folder / "set/anna/dangling.wav");
  std::vector<Utterance> utterances = ListUtterances(folder / "set");
  std::vector<std::string> keys;
  for (const Utterance& utterance : utterances) keys.push_back(utterance.key);
  EXPECT_THAT(keys, ElementsAre("anna/dangling.wav", "anna/linked.wav", "bert/1.wav"));
}

TEST(Sources, NamesThatAreNotUtf8AreEscaped) {
  TestFolder folder;
  Touch(folder / "an\xFFna/tab\there.wav");
  std::vector<Utterance> utterances = ListUtterances(folder.path().string());
  ASSERT_EQ(utterances.size(), 1u);
  EXPECT_EQ(utterances[0].key, "an\\xffna/tab\\x09here.wav");
  EXPECT_EQ(utterances[0].speaker, "an\\xffna");
  EXPECT_TRUE(IsRegularFile(utterances[0].path));
}

TEST(Sources, Errors) {
  TestFolder folder;
  EXPECT_THAT(MessageOf(ErrorCode::kNotFound, [&] { ListUtterances(folder / "missing"); }),
              HasSubstr("missing"));
  EXPECT_THAT(MessageOf(ErrorCode::kUnusable, [&] { ListUtterances(folder.path().string()); }),
              HasSubstr("no recording"));
  EXPECT_THAT(MessageOf(ErrorCode::kInvalidArgument,
                        [&] { ListUtterances(folder.path().string(), "timit"); }),
              AllOf(HasSubstr("timit"), HasSubstr("librispeech"), HasSubstr("folders")));
  Touch(folder / "x/a.wav");
  EXPECT_THAT(
      MessageOf(ErrorCode::kUnusable, [&] { ListUtterances(folder.path().string(), "voxceleb"); }),
      HasSubstr("voxceleb"));
}

TEST(Sources, EveryLayoutExplainsItself) {
  std::set<std::string> names;
  for (const SourceLayout& layout : SourceLayouts()) {
    EXPECT_TRUE(names.insert(layout.name).second) << layout.name;
    EXPECT_GT(std::string(layout.description).size(), 10u);
  }
  EXPECT_STREQ(SourceLayouts().back().name, "folders") << "it matches every folder";
}

TEST(TsvList, TwoColumns) {
  TestFolder folder;
  Touch(folder / "wav/a.wav");
  WriteTestFile(folder / "list.tsv", "wav/a.wav\tanna\r\n\n/abs/b.dat\tbert 2\nwav/a\t7\n");
  std::string layout;
  std::vector<Utterance> utterances = ListUtterances(folder / "list.tsv", "auto", &layout);
  EXPECT_EQ(layout, "tsv");
  ASSERT_EQ(utterances.size(), 3u);
  EXPECT_EQ(utterances[0].key, "/abs/b.dat");
  EXPECT_EQ(utterances[0].path, "/abs/b.dat");
  EXPECT_EQ(utterances[0].speaker, "bert 2");
  EXPECT_EQ(utterances[1].path, folder / "wav/a");  // missing: named where it was expected
  EXPECT_EQ(utterances[1].speaker, "7");
  EXPECT_EQ(utterances[2].key, "wav/a.wav");
  EXPECT_EQ(utterances[2].path, folder / "wav/a.wav");
  EXPECT_EQ(utterances[2].speaker, "anna");
}

TEST(TsvList, NamedColumns) {
  TestFolder folder;
  for (const char* name : {"speaker", "label"}) {
    WriteTestFile(folder / "list",
                  std::string("\xEF\xBB\xBFgender\t") + name + "\tpath\nf\tanna\ta.wav\n");
    std::vector<Utterance> utterances = ListUtterances(folder / "list");
    ASSERT_EQ(utterances.size(), 1u);
    EXPECT_EQ(utterances[0].key, "a.wav");
    EXPECT_EQ(utterances[0].speaker, "anna");
  }
}

TEST(TsvList, LooksInTheWorkingFolderToo) {
  TestFolder folder;
  Touch(folder / "here/a.wav");
  Touch(folder / "lists/b.wav");
  Touch(folder / "here/b.wav");
  WriteTestFile(folder / "lists/list", "a.wav\tx\nb.wav\tx\n");
  fs::path before = fs::current_path();
  fs::current_path(folder / "here");
  std::vector<Utterance> utterances = ListUtterances(folder / "lists/list");
  fs::current_path(before);
  ASSERT_EQ(utterances.size(), 2u);
  EXPECT_EQ(utterances[0].path, "a.wav");
  EXPECT_EQ(utterances[1].path, folder / "lists/b.wav");
}

TEST(TsvList, ErrorsNameTheLine) {
  TestFolder folder;
  auto message = [&](const std::string& content) {
    WriteTestFile(folder / "list", content);
    return MessageOf(ErrorCode::kCorrupt, [&] { ListUtterances(folder / "list"); });
  };
  EXPECT_THAT(message("a\tx\nb x\n"), HasSubstr("line 2: found 1 columns, expected 2"));
  EXPECT_THAT(message("a\tx\tm\n"), HasSubstr("line 1: found 3 columns, expected 2"));
  EXPECT_THAT(message("path\tspeaker\tsex\na\tx\n"),
              HasSubstr("line 2: found 2 columns, expected 3"));
  EXPECT_THAT(message("a\t\n"), HasSubstr("line 1: found an empty speaker"));
  EXPECT_THAT(message("\tx\n"), HasSubstr("line 1: found an empty path"));
  EXPECT_THAT(message("a\tx\nb\tx\na\ty\n"), HasSubstr("line 3: the path is already in line 1: a"));
  EXPECT_THAT(message(std::string("RIFF\0\0\0\0WAVE", 12)), HasSubstr("not a text file"));
  WriteTestFile(folder / "list", "");
  MessageOf(ErrorCode::kUnusable, [&] { ListUtterances(folder / "list"); });
}

TEST(RecordingTable, HasEveryColumn) {
  TestFolder folder;
  Touch(folder / "b.wav");
  WriteTestFile(folder / "list", "speaker\tpath\tage\ns1\tb.wav\t\n\ns2\ta.wav\t30\n");
  const RecordingTable table = ReadRecordingTable(folder / "list");
  EXPECT_EQ(table.columns, (std::vector<std::string>{"speaker", "path", "age"}));
  EXPECT_EQ(table.Column("age"), 2u);
  EXPECT_EQ(table.Column("sex"), 3u);
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[0].key, "b.wav");
  EXPECT_EQ(table.rows[0].path, folder / "b.wav");
  EXPECT_EQ(table.rows[0].values, (std::vector<std::string>{"s1", "b.wav", ""}));
  EXPECT_EQ(table.rows[1].line, 4u);
  WriteTestFile(folder / "list", "path\tage\na\t30\n");
  EXPECT_THAT(MessageOf(ErrorCode::kCorrupt, [&] { ListUtterances(folder / "list"); }),
              HasSubstr("no column is named speaker or label"));
}

TEST(KaldiDirectory, IsListed) {
  TestFolder folder;
  Touch(folder / "wav/b.flac");
  WriteTestFile(folder / "wav.scp", "utt2 /data/my file.wav \nutt1\twav/b.flac\n");
  WriteTestFile(folder / "utt2spk", "utt1 anna\nutt2 bert\nunused bert\n");
  std::string layout;
  std::vector<Utterance> utterances = ListUtterances(folder.path().string(), "auto", &layout);
  EXPECT_EQ(layout, "kaldi");
  ASSERT_EQ(utterances.size(), 2u);
  EXPECT_EQ(utterances[0].key, "utt1");
  EXPECT_EQ(utterances[0].path, folder / "wav/b.flac");
  EXPECT_EQ(utterances[0].speaker, "anna");
  EXPECT_EQ(utterances[1].path, "/data/my file.wav");
  EXPECT_EQ(utterances[1].speaker, "bert");
}

TEST(KaldiDirectory, Errors) {
  TestFolder folder;
  auto message = [&](ErrorCode code, const std::string& scp, const std::string& utt2spk) {
    WriteTestFile(folder / "wav.scp", scp);
    WriteTestFile(folder / "utt2spk", utt2spk);
    return MessageOf(code, [&] { ListUtterances(folder.path().string()); });
  };
  EXPECT_THAT(
      message(ErrorCode::kUnusable, "u1 a.wav\nu2 sph2pipe -f wav b.sph |\n", "u1 s\nu2 s\n"),
      AllOf(HasSubstr("wav.scp"), HasSubstr("line 2"), HasSubstr("is a command")));
  EXPECT_THAT(message(ErrorCode::kCorrupt, "u1 a.wav\nu2 b.wav\n", "u1 s\n"),
              AllOf(HasSubstr("line 2"), HasSubstr("'u2' has no speaker")));
  EXPECT_THAT(message(ErrorCode::kCorrupt, "u1\n", "u1 s\n"), HasSubstr("line 1: found 'u1'"));
  EXPECT_THAT(message(ErrorCode::kCorrupt, "u1 a.wav\n", "u1 s\nu1 t\n"),
              AllOf(HasSubstr("utt2spk"), HasSubstr("two speakers")));
  EXPECT_THAT(message(ErrorCode::kCorrupt, "u1 a.wav\nu1 b.wav\n", "u1 s\n"), HasSubstr("'u1'"));
  WriteTestFile(folder / "segments", "u1 r1 0 1\n");
  EXPECT_THAT(message(ErrorCode::kIncompatible, "r1 a.wav\n", "u1 s\n"), HasSubstr("segments"));
}

TEST(Sources, SharedCorpora) {
  std::string corpora = std::string(VPR_SHARED_DIR) + "/corpora";
  if (!fs::exists(corpora)) GTEST_SKIP() << "SKIPPED: no ../shared";
  std::string layout;
  std::vector<Utterance> readers = ListUtterances(corpora + "/dev/librispeech", "auto", &layout);
  EXPECT_EQ(layout, "folders");
  std::set<std::string> speakers;
  for (const Utterance& utterance : readers) speakers.insert(utterance.speaker);
  EXPECT_EQ(readers.size(), 139u);
  EXPECT_EQ(speakers.size(), 12u);
  EXPECT_EQ(ListUtterances(corpora + "/train.tsv").size(), 16929u);
}

}  // namespace
}  // namespace vpr
