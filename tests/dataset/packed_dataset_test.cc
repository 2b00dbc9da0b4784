#include "vpr/dataset/packed_dataset.h"
#include "vpr/audio/pcm16.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/testing.h"
#include "vpr/base/file_io.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

std::vector<std::uint8_t> Payload(std::size_t size, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<std::uint8_t> bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng.Next());
  return bytes;
}

std::string U32(std::uint32_t value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

// A small set of three records of two speakers.
DatasetInfo WriteSmallSet(const std::string& prefix) {
  DatasetInfo info;
  info.source = "voices";
  info.trim_top_db = 20;
  PackedWriter writer(prefix, info);
  writer.Add("anna/1.wav", "anna", Payload(200, 1), 1);
  writer.Add("bert/一.wav", "bert", Payload(20, 2), 0.5);
  writer.Add("anna/2.wav", "anna", Payload(64, 3), 0.25);
  return writer.Commit();
}

// A set as the tutorial's programs write it: no PREFIX.json, numbers as labels.
void WriteTutorialSet(const std::string& prefix, std::size_t payload_size = kMel64Bytes) {
  std::string data, header, label;
  for (int i = 0; i < 3; ++i) {
    std::string key = "wav/" + std::to_string(i) + ".wav#1";
    data += U32(static_cast<std::uint32_t>(key.size())) + key;
    data += U32(static_cast<std::uint32_t>(payload_size));
    header += Format("%s\t%zu\t%zu\n", key.c_str(), data.size(), payload_size);
    std::vector<double> values(payload_size / sizeof(double), i + 0.5);
    if (!values.empty()) values[1] = 1e-3;
    data.append(reinterpret_cast<const char*>(values.data()), payload_size);
    label = key + "\t" + std::to_string(10 - i) + "\n" + label;  // not in the header's order
  }
  WriteTestFile(prefix + ".data", data);
  WriteTestFile(prefix + ".header", header);
  WriteTestFile(prefix + ".label", label);
}

TEST(PackedDataset, RoundTrip) {
  TestFolder folder;
  DatasetInfo written = WriteSmallSet(folder / "sét");
  PackedDataset set(folder / "sét");
  ASSERT_EQ(set.size(), 3u);
  EXPECT_EQ(set.key(0), "anna/1.wav");
  EXPECT_EQ(set.key(1), "bert/一.wav");
  EXPECT_EQ(set.key(2), "anna/2.wav");
  EXPECT_THAT(set.label_names(), ElementsAre("anna", "bert"));
  EXPECT_EQ(set.label(0), 0);
  EXPECT_EQ(set.label(1), 1);
  EXPECT_EQ(set.label(2), 0);
  for (std::size_t i = 0; i < 3; ++i) {
    std::vector<std::uint8_t> expected = Payload(std::vector<std::size_t>{200, 20, 64}[i], i + 1);
    EXPECT_THAT(set.payload(i), testing::ElementsAreArray(expected));
    EXPECT_EQ(set.NumSamples(i), expected.size() / 2);
  }
  EXPECT_EQ(set.info().utterances, 3u);
  EXPECT_EQ(set.info().speakers, 2u);
  EXPECT_EQ(set.info().seconds, 1.75);
  EXPECT_EQ(set.info().source, "voices");
  EXPECT_EQ(set.info().trim_top_db, 20);
  EXPECT_EQ(set.info().payload, PayloadKind::kPcm16);
  EXPECT_EQ(set.info().fingerprint, written.fingerprint);
  EXPECT_EQ(set.prefix(), folder / "sét");
  EXPECT_NO_THROW(set.VerifyPayloads());
}

TEST(PackedDataset, BytesAreAsDocumented) {
  TestFolder folder;
  PackedWriter writer(folder / "set", {});
  writer.Add("k1", "x", std::vector<std::uint8_t>{1, 2, 3, 4}, 0);
  writer.Add("key2", "y", std::vector<std::uint8_t>{5, 6}, 0);
  writer.Commit();
  EXPECT_EQ(ReadFile(folder / "set.data"),
            U32(2) + "k1" + U32(4) + "\x01\x02\x03\x04" + U32(4) + "key2" + U32(2) + "\x05\x06");
  EXPECT_EQ(ReadFile(folder / "set.header"), "k1\t10\t4\nkey2\t26\t2\n");
  EXPECT_EQ(ReadFile(folder / "set.label"), "k1\tx\nkey2\ty\n");
  auto json = nlohmann::json::parse(ReadFile(folder / "set.json"));
  EXPECT_EQ(json["files"]["data"]["bytes"], 28);
  EXPECT_EQ(json["files"]["header"]["bytes"], 18);
  EXPECT_EQ(json["sample_rate"], 16000);
  EXPECT_EQ(json["version"], 1);
  // Each field with its length before it, in the order key, label, payload.
  EXPECT_EQ(json["fingerprint"],
            Fingerprint(U32(2) + "k1" + U32(1) + "x" + U32(4) + "\x01\x02\x03\x04" + U32(4) +
                        "key2" + U32(1) + "y" + U32(2) + "\x05\x06"));
}

TEST(PackedDataset, ReadsPieces) {
  TestFolder folder;
  std::vector<float> samples;
  for (int i = 0; i < 1000; ++i) samples.push_back(static_cast<float>(i - 500) / 512.0f);
  PackedWriter writer(folder / "set", {});
  writer.Add("k", "x", EncodePcm16(samples), 0);  // payload at an odd offset
  writer.Commit();
  PackedDataset set(folder / "set");
  ASSERT_EQ(set.NumSamples(0), 1000u);
  std::vector<float> piece(10);
  for (std::size_t begin : {0u, 1u, 990u}) {
    set.ReadSamples(0, begin, 10, piece.data());
    for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(piece[i], samples[begin + i]);
  }
  set.ReadSamples(0, 1000, 0, piece.data());
  MessageOf(ErrorCode::kInternal, [&] { set.ReadSamples(0, 991, 10, piece.data()); });
  MessageOf(ErrorCode::kInternal,
            [&] { set.ReadSamples(0, std::numeric_limits<std::size_t>::max(), 10, piece.data()); });
}

TEST(PackedDataset, ReadsTheTutorialsSets) {
  TestFolder folder;
  WriteTutorialSet(folder / "set");
  PackedDataset set(folder / "set");
  ASSERT_EQ(set.size(), 3u);
  EXPECT_EQ(set.info().payload, PayloadKind::kMel64);
  EXPECT_EQ(set.info().utterances, 3u);
  EXPECT_EQ(set.info().speakers, 3u);
  EXPECT_DOUBLE_EQ(set.info().seconds, 3 * 2.04);
  EXPECT_EQ(set.info().fingerprint.size(), 32u);
  // Names in the order of their bytes, numbers or not.
  EXPECT_THAT(set.label_names(), ElementsAre("10", "8", "9"));
  EXPECT_EQ(set.label(0), 0);
  EXPECT_EQ(set.label(1), 2);
  EXPECT_EQ(set.label(2), 1);
  Matrix mel = set.ReadMel(2);
  EXPECT_EQ(mel.rows, 128u);
  EXPECT_EQ(mel.cols, 128u);
  EXPECT_EQ(mel(0, 0), 2.5f);
  EXPECT_EQ(mel(0, 1), 1e-3f);
  EXPECT_EQ(mel(127, 127), 2.5f);
  EXPECT_NO_THROW(set.VerifyPayloads());
}

TEST(PackedDataset, ForeignPayloadsAreRefused) {
  TestFolder folder;
  WriteTutorialSet(folder / "set", 640);
  std::string message = MessageOf(ErrorCode::kCorrupt, [&] { PackedDataset set(folder / "set"); });
  EXPECT_THAT(message, HasSubstr("set.header"));
  EXPECT_THAT(message, HasSubstr("640 bytes"));
  EXPECT_THAT(message, HasSubstr("131072"));
}

TEST(PackedDataset, WindowsLineEnds) {
  TestFolder folder;
  WriteTutorialSet(folder / "set");
  for (const char* ending : {".header", ".label"}) {
    std::string unix_text = ReadFile(folder / ("set" + std::string(ending))), text;
    for (std::string_view line : Lines(unix_text)) text += std::string(line) + "\r\n";
    WriteTestFile(folder / ("set" + std::string(ending)), text);
  }
  EXPECT_EQ(PackedDataset(folder / "set").size(), 3u);
}

TEST(PackedDataset, ManyKeysAndLabels) {
  TestFolder folder;
  PackedWriter writer(folder / "set", {});
  std::vector<std::string> names;
  for (int i = 0; i < 20000; ++i) {
    std::string speaker = Format("s%d", i % 777);
    writer.Add(Format("%d/%d", i % 777, i), speaker, Payload(2, 1), 0);
    names.push_back(speaker);
  }
  writer.Commit();
  PackedDataset set(folder / "set");
  ASSERT_EQ(set.size(), 20000u);
  EXPECT_EQ(set.label_names().size(), 777u);
  EXPECT_TRUE(std::is_sorted(set.label_names().begin(), set.label_names().end()));
  for (std::size_t i = 0; i < set.size(); ++i)
    ASSERT_EQ(set.label_names()[static_cast<std::size_t>(set.label(i))], names[i]);
}

// ---- Corruption ----

TEST(PackedDataset, EveryMissingFileIsNamed) {
  for (const char* ending : {".data", ".header", ".label"}) {
    TestFolder folder;
    WriteSmallSet(folder / "set");
    fs::remove(folder / ("set" + std::string(ending)));
    std::string message =
        MessageOf(ErrorCode::kNotFound, [&] { PackedDataset set(folder / "set"); });
    EXPECT_THAT(message, HasSubstr("set" + std::string(ending) + "' is missing"));
    EXPECT_THAT(message, HasSubstr("run vpr pack again"));
  }
  // Without its description a pcm16 set cannot be told from anything else.
  TestFolder folder;
  WriteSmallSet(folder / "set");
  fs::remove(folder / "set.json");
  EXPECT_THAT(MessageOf(ErrorCode::kCorrupt, [&] { PackedDataset set(folder / "set"); }),
              HasSubstr("set.json"));
}

TEST(PackedDataset, EveryTruncationIsNoticed) {
  TestFolder folder;
  WriteSmallSet(folder / "set");
  for (const char* ending : {".data", ".header", ".label", ".json"}) {
    std::string path = folder / ("set" + std::string(ending));
    std::string whole = ReadFile(path);
    // The description's last byte is a line end, which it can do without.
    std::size_t longest = whole.size() - (std::string(ending) == ".json" ? 2 : 1);
    for (std::size_t size = 0; size <= longest; ++size) {
      WriteTestFile(path, whole.substr(0, size));
      std::string message =
          MessageOf(ErrorCode::kCorrupt, [&] { PackedDataset set(folder / "set"); });
      ASSERT_THAT(message, HasSubstr("set" + std::string(ending))) << size;
    }
    WriteTestFile(path, whole + "x");
    std::string message =
        MessageOf(ErrorCode::kCorrupt, [&] { PackedDataset set(folder / "set"); });
    EXPECT_THAT(message, HasSubstr("set" + std::string(ending)));
    WriteTestFile(path, whole);
  }
  EXPECT_NO_THROW(PackedDataset(folder / "set").VerifyPayloads());
}

TEST(PackedDataset, EveryFlippedBitIsNoticed) {
  TestFolder folder;
  WriteSmallSet(folder / "set");
  for (const char* ending : {".data", ".header", ".label"}) {
    std::string path = folder / ("set" + std::string(ending));
    std::string whole = ReadFile(path);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
      WriteTestFile(path, damaged);
      std::string message = MessageOf(ErrorCode::kCorrupt, [&] {
        PackedDataset set(folder / "set");
        set.VerifyPayloads();
      });
      ASSERT_THAT(message, HasSubstr("set" + std::string(ending))) << "byte " << i;
    }
    WriteTestFile(path, whole);
  }
}

// Without PREFIX.json there are no checksums: the structure alone must keep readers from harm.
TEST(PackedDataset, DamagedTutorialSetsDoNoHarm) {
  TestFolder folder;
  WriteTutorialSet(folder / "set");
  for (const char* ending : {".header", ".label", ".data"}) {
    std::string path = folder / ("set" + std::string(ending));
    std::string whole = ReadFile(path);
    std::size_t end = std::min<std::size_t>(whole.size(), 40);
    for (std::size_t i = 0; i < end; ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
        WriteTestFile(path, damaged);
        try {
          PackedDataset set(folder / "set");
          for (std::size_t record = 0; record < set.size(); ++record) {
            EXPECT_EQ(set.payload(record).size(), kMel64Bytes);
            set.ReadMel(record);
            EXPECT_LT(set.label(record), 3);
          }
        } catch (const Error& error) {
          EXPECT_EQ(error.code(), ErrorCode::kCorrupt) << error.what();
          EXPECT_THAT(error.what(), HasSubstr("set."));
        }
      }
    }
    WriteTestFile(path, whole);
  }
}

struct Damage {
  const char* name;
  const char* ending;  // of the file to change
  std::function<std::string(std::string)> change;
  const char* file;  // which the message names
  const char* says;
};

std::string Replace(std::string text, const std::string& from, const std::string& to) {
  std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, from.size(), to);
}

// Header of the tutorial's set: keys wav/N.wav#1 of 11 bytes, payloads at 19, 131110 and 262201.
// (A table: testing::Values() of so many takes long to compile.)
std::vector<Damage> Damages() {
  return {
      {"EmptyHeader", ".header", [](std::string) { return ""; }, ".header", "no records"},
      {"NoTabs", ".header", [](std::string text) { return "oops\n" + text; }, ".header",
       "line 1: found 'oops'"},
      {"OneTab", ".header", [](std::string text) { return text + "key\t5\n"; }, ".header",
       "line 4: found 'key\\x095'"},
      {"NoKey", ".header", [](std::string text) { return text + "\t5\t6\n"; }, ".header", "line 4"},
      {"BlankLine", ".header", [](std::string text) { return text + "\n"; }, ".header",
       "line 4: found ''"},
      {"NotANumber", ".header",
       [](std::string text) { return Replace(text, "\t131110\t", "\tabc\t"); }, ".header",
       "line 2: found 'abc\\x09131072'"},
      {"Negative", ".header",
       [](std::string text) { return Replace(text, "\t131110\t", "\t-1\t"); }, ".header", "line 2"},
      {"TooLargeANumber", ".header",
       [](std::string text) { return Replace(text, "\t131110\t", "\t99999999999999999999\t"); },
       ".header", "line 2"},
      {"OffsetBeyondTheEnd", ".header",
       [](std::string text) { return Replace(text, "\t131110\t", "\t999999\t"); }, ".header",
       "line 2: a payload of 131072 bytes at 999999 goes beyond the end"},
      {"OffsetPlusLengthOverflows", ".header",
       [](std::string text) {
         return Replace(text, "\t131110\t131072", "\t18446744073709551615\t131072");
       },
       ".header", "line 2: a payload of 131072 bytes at 18446744073709551615"},
      {"LengthOverflows", ".header",
       [](std::string text) {
         return Replace(text, "\t131110\t131072", "\t131110\t18446744073709551615");
       },
       ".header", "line 2"},
      {"OffsetBeforeItsKey", ".header",
       [](std::string text) { return Replace(text, "\t131110\t", "\t18\t"); }, ".header",
       "line 2: payload offset 18 leaves no room"},
      {"WrongOffset", ".header",
       [](std::string text) { return Replace(text, "\t131110\t", "\t131111\t"); }, ".data",
       "as in line 2"},
      {"KeyTwice", ".header",
       [](std::string text) { return text + "wav/1.wav#1\t131110\t131072\n"; }, ".header",
       "line 4: key 'wav/1.wav#1' is already in line 2"},
      {"KeyLength", ".data", [](std::string data) { return U32(12) + data.substr(4); }, ".data",
       "at byte 0: key length 12, expected 11"},
      {"Key", ".data", [](std::string data) { return Replace(data, "wav/1", "wav/9"); }, ".data",
       "key 'wav/9.wav#1', expected 'wav/1.wav#1'"},
      {"PayloadLength", ".data", [](std::string data) { return data.replace(15, 4, U32(7)); },
       ".data", "at byte 15: payload length 7, expected 131072"},
      {"Truncated", ".data", [](std::string data) { return data.substr(0, data.size() - 1); },
       ".header", "line 3: a payload of 131072 bytes"},
      {"NoData", ".data", [](std::string) { return ""; }, ".header", "line 1"},
      {"LabelWithoutTab", ".label", [](std::string text) { return "oops\n" + text; }, ".label",
       "line 1: found 'oops', expected key<TAB>label"},
      {"EmptyLabel", ".label", [](std::string text) { return Replace(text, "\t9\n", "\t\n"); },
       ".label", "line 2"},
      {"LabelMissing", ".label",
       [](std::string text) { return Replace(text, "wav/1.wav#1\t9\n", ""); }, ".label",
       "no label for key 'wav/1.wav#1' of line 2"},
      {"LabelOfNoKey", ".label", [](std::string text) { return text + "other\t1\n"; }, ".label",
       "line 4: key 'other' is not in"},
      {"LabelTwice", ".label", [](std::string text) { return text + "wav/1.wav#1\t3\n"; }, ".label",
       "line 4: key 'wav/1.wav#1' is labelled a second time"},
      {"NoLabels", ".label", [](std::string) { return ""; }, ".label",
       "no label for key 'wav/0.wav#1'"}};
}

class DamageTest : public testing::TestWithParam<Damage> {};

TEST_P(DamageTest, MessageNamesFileAndReason) {
  TestFolder folder;
  WriteTutorialSet(folder / "set");
  std::string path = folder / ("set" + std::string(GetParam().ending));
  WriteTestFile(path, GetParam().change(ReadFile(path)));
  std::string message = MessageOf(ErrorCode::kCorrupt, [&] { PackedDataset set(folder / "set"); });
  EXPECT_THAT(message, HasSubstr(std::string("set") + GetParam().file));
  EXPECT_THAT(message, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(PackedDataset, DamageTest, testing::ValuesIn(Damages()),
                         [](const testing::TestParamInfo<Damage>& test) {
                           return test.param.name;
                         });

// Errors in the description itself, the other files being right.
TEST(PackedDataset, DescriptionIsChecked) {
  TestFolder folder;
  WriteSmallSet(folder / "set");
  const auto whole = nlohmann::json::parse(ReadFile(folder / "set.json"));
  auto message_with = [&](ErrorCode code, const char* pointer, const nlohmann::json& value) {
    nlohmann::json changed = whole;
    changed[nlohmann::json::json_pointer(pointer)] = value;
    WriteTestFile(folder / "set.json", changed.dump());
    std::string message = MessageOf(code, [&] { PackedDataset set(folder / "set"); });
    EXPECT_THAT(message, HasSubstr("set.json")) << pointer;
    return message;
  };
  EXPECT_THAT(message_with(ErrorCode::kIncompatible, "/version", 2), HasSubstr("version 2"));
  message_with(ErrorCode::kCorrupt, "/version", "one");
  message_with(ErrorCode::kCorrupt, "/format", "something else");
  EXPECT_THAT(message_with(ErrorCode::kCorrupt, "/sample_rate", 8000), HasSubstr("8000"));
  EXPECT_THAT(message_with(ErrorCode::kCorrupt, "/payload", "mp3"), HasSubstr("mp3"));
  EXPECT_THAT(message_with(ErrorCode::kCorrupt, "/utterances", 4), HasSubstr("4 utterances"));
  EXPECT_THAT(message_with(ErrorCode::kCorrupt, "/speakers", 3), HasSubstr("3 speakers"));
  EXPECT_THAT(message_with(ErrorCode::kCorrupt, "/files/data/bytes", 1), HasSubstr("set.data"));
  // What the JSON library alone takes for the right number.
  for (const char* pointer : {"/utterances", "/speakers", "/sample_rate", "/files/data/bytes"}) {
    const double right = whole.at(nlohmann::json::json_pointer(pointer)).get<double>();
    EXPECT_THAT(message_with(ErrorCode::kCorrupt, pointer, right + 0.5), HasSubstr("whole number"))
        << pointer;
  }
  EXPECT_THAT(message_with(ErrorCode::kIncompatible, "/version", 4294967297),
              HasSubstr("version 4294967297"));
  message_with(ErrorCode::kCorrupt, "/files/label/xxh3", "0");
  message_with(ErrorCode::kCorrupt, "/files", nullptr);
  WriteTestFile(folder / "set.json", "{");
  EXPECT_THAT(MessageOf(ErrorCode::kCorrupt, [&] { PackedDataset set(folder / "set"); }),
              HasSubstr("set.json"));
}

TEST(PackedDataset, PayloadSizesGoWithTheirKind) {
  TestFolder folder;
  WriteSmallSet(folder / "set");
  auto json = nlohmann::json::parse(ReadFile(folder / "set.json"));
  json["payload"] = "mel64";
  WriteTestFile(folder / "set.json", json.dump());
  EXPECT_THAT(MessageOf(ErrorCode::kCorrupt, [&] { PackedDataset set(folder / "set"); }),
              AllOf(HasSubstr("set.header"), HasSubstr("line 1"), HasSubstr("131072")));
}

// ---- Writing ----

TEST(PackedWriter, RefusesWhatCannotBeReadBack) {
  TestFolder folder;
  PackedWriter writer(folder / "set", {});
  auto refused = [&](std::string_view key, std::string_view label, std::size_t bytes) {
    return MessageOf(ErrorCode::kInvalidArgument,
                     [&] { writer.Add(key, label, Payload(bytes, 1), 0); });
  };
  refused("", "x", 2);
  refused("k", "", 2);
  refused("a\tb", "x", 2);
  refused("a\nb", "x", 2);
  refused("a\r", "x", 2);
  refused("k", "x\t", 2);
  refused(std::string_view("a\0b", 3), "x", 2);
  refused("\xFF", "x", 2);
  refused("k", "x", 0);
  refused("k", "x", 3);
  DatasetInfo mel;
  mel.payload = PayloadKind::kMel64;
  PackedWriter mel_writer(folder / "mel", mel);
  MessageOf(ErrorCode::kInvalidArgument, [&] { mel_writer.Add("k", "x", Payload(8, 1), 0); });
  MessageOf(ErrorCode::kUnusable, [&] { writer.Commit(); });
}

std::vector<std::string> Names(const TestFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.path()))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(PackedWriter, OldSetStaysUntilCommit) {
  TestFolder folder;
  std::string fingerprint = WriteSmallSet(folder / "set").fingerprint;
  {
    PackedWriter writer(folder / "set", {});
    writer.Add("k", "x", Payload(2, 1), 0);
    EXPECT_EQ(PackedDataset(folder / "set").info().fingerprint, fingerprint);
  }
  EXPECT_EQ(PackedDataset(folder / "set").info().fingerprint, fingerprint);
  EXPECT_THAT(Names(folder), ElementsAre("set.data", "set.header", "set.json", "set.label"));

  PackedWriter writer(folder / "set", {});
  writer.Add("k", "x", Payload(2, 1), 0);
  writer.Commit();
  EXPECT_EQ(PackedDataset(folder / "set").size(), 1u);
  EXPECT_THAT(Names(folder), ElementsAre("set.data", "set.header", "set.json", "set.label"));
}

TEST(PackedWriter, OpenReadersKeepTheOldSet) {
  TestFolder folder;
  WriteSmallSet(folder / "set");
  PackedDataset old(folder / "set");
  PackedWriter writer(folder / "set", {});
  writer.Add("k", "x", Payload(2, 1), 0);
  writer.Commit();
  EXPECT_EQ(old.key(1), "bert/一.wav");
  EXPECT_NO_THROW(old.VerifyPayloads());
}

TEST(PackedWriter, ReadersNeverComeBetween) {
  TestFolder folder(TestFolder::kMemory);
  auto write = [&](std::uint64_t seed) {
    PackedWriter writer(folder / "set", {});
    writer.Add("k", "x", Payload(1000, seed), 0);
    return writer.Commit().fingerprint;
  };
  std::string b = write(2), a = write(1);
  std::atomic<bool> done{false};
  std::thread other([&] {
    for (int i = 0; i < 30; ++i) write(i % 2 == 0 ? 2 : 1);
    done = true;
  });
  while (!done) {
    try {
      PackedDataset set(folder / "set");
      set.VerifyPayloads();
      EXPECT_TRUE(set.info().fingerprint == a || set.info().fingerprint == b);
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
    }
  }
  other.join();
}

TEST(PackedWriter, CommitsTwoSetsTogether) {
  TestFolder folder;
  WriteSmallSet(folder / "a");
  WriteSmallSet(folder / "b");
  PackedWriter a(folder / "a", {}), b(folder / "b", {});
  a.Add("k", "x", Payload(2, 1), 0);
  DatasetInfo a_info, b_info;
  // The second is empty: neither changes.
  MessageOf(ErrorCode::kUnusable, [&] { PackedWriter::CommitBoth(a, b, a_info, b_info); });
  EXPECT_EQ(PackedDataset(folder / "a").size(), 3u);
  EXPECT_EQ(PackedDataset(folder / "b").size(), 3u);
}

TEST(PackedWriter, RemovesWhatDeadProcessesLeft) {
  TestFolder folder;
  // No process has this number: it is above the kernel's limit of 2^22.
  std::vector<std::string> stale = {"set.data.tmp.4999999.0", "set.json.tmp.4999999.3"};
  std::string living = "set.data.tmp." + std::to_string(::getpid()) + ".999";
  std::vector<std::string> kept = {"other.data.tmp.4999999.0", "set-dev.data.tmp.4999999.0", living,
                                   "set.data.tmp.x.0", "set.data.tmp.4999999"};
  for (const auto& name : stale) WriteTestFile(folder / name, "x");
  for (const auto& name : kept) WriteTestFile(folder / name, "x");
  WriteSmallSet(folder / "set");
  for (const auto& name : stale) EXPECT_FALSE(fs::exists(folder / name)) << name;
  for (const auto& name : kept) EXPECT_TRUE(fs::exists(folder / name)) << name;
}

TEST(PackedWriter, MakesTheFolderUnlessAFileIsThere) {
  TestFolder folder;
  { PackedWriter writer(folder / "new/set", {}); }
  EXPECT_TRUE(std::filesystem::is_directory(folder / "new"));
  std::ofstream(folder / "file") << "x";
  EXPECT_THAT(MessageOf(ErrorCode::kIo, [&] { PackedWriter writer(folder / "file/set", {}); }),
              HasSubstr("file"));
}

TEST(PayloadKindTest, Names) {
  EXPECT_EQ(ParsePayloadKind("pcm16"), PayloadKind::kPcm16);
  EXPECT_EQ(ParsePayloadKind("mel64"), PayloadKind::kMel64);
  EXPECT_STREQ(ToString(PayloadKind::kPcm16), "pcm16");
  EXPECT_STREQ(ToString(PayloadKind::kMel64), "mel64");
  MessageOf(ErrorCode::kInvalidArgument, [] { ParsePayloadKind("MEL64"); });
}

}  // namespace
}  // namespace vpr
