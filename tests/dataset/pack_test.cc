#include "vpr/dataset/pack.h"
#include "vpr/audio/pcm16.h"

#include <gmock/gmock.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <set>

#include "base/testing.h"
#include "dataset/recordings.h"
#include "support/failure_of.h"
#include "vpr/audio/speech.h"
#include "vpr/base/file_io.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"
#include "vpr/features/mel.h"

namespace vpr {
namespace {

using test::FailureOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* kEndings[] = {".data", ".header", ".label", ".json"};

// `speakers` folders with three recordings each.
void WriteVoices(const std::string& folder, int speakers) {
  for (int s = 0; s < speakers; ++s) {
    for (int i = 0; i < 3; ++i)
      WriteRecording(Format("%s/spk%02d/%d.wav", folder.c_str(), s, i),
                     static_cast<std::uint64_t>(10 * s + i), 0.5 + 0.2 * i);
  }
}

PackOptions Options(const std::string& source, const std::string& prefix) {
  PackOptions options;
  options.sources = {source};
  options.prefix = prefix;
  options.threads = 2;
  return options;
}

PackReport PackQuietly(const PackOptions& options) {
  Progress progress;
  return Pack(options, progress, {});
}

std::set<std::string> SpeakersOf(const std::string& prefix) {
  PackedDataset set(prefix);
  return {set.label_names().begin(), set.label_names().end()};
}

std::vector<std::string> Files(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file()) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(Pack, Pcm16HoldsTheSpeech) {
  TestFolder folder;
  WriteVoices(folder / "voices", 3);
  PackOptions options = Options(folder / "voices", folder / "set");
  options.trim_top_db = 15;
  PackReport report = PackQuietly(options);
  EXPECT_EQ(report.train.utterances, 9u);
  EXPECT_EQ(report.train.speakers, 3u);
  EXPECT_EQ(report.held_out.utterances, 0u);
  EXPECT_TRUE(report.skipped.empty());

  PackedDataset set(folder / "set");
  ASSERT_EQ(set.size(), 9u);
  EXPECT_EQ(set.info().fingerprint, report.train.fingerprint);
  EXPECT_EQ(set.info().trim_top_db, 15);
  EXPECT_EQ(set.info().source, folder / "voices");
  SpeechOptions speech;
  speech.trim_top_db = 15;
  double seconds = 0;
  for (std::size_t i = 0; i < set.size(); ++i) {
    std::string key(set.key(i));
    EXPECT_EQ(set.label_names()[static_cast<std::size_t>(set.label(i))], key.substr(0, 5));
    std::vector<float> expected = ReadSpeech(folder / "voices/" + key, speech).samples;
    EXPECT_THAT(set.payload(i), testing::ElementsAreArray(EncodePcm16(expected))) << key;
    seconds += static_cast<double>(expected.size()) / kSampleRate;
  }
  EXPECT_NEAR(report.train.seconds, seconds, 1e-9);
}

// Longer speech than is held in memory is written as it is read; its neighbours stay in their
// order.
TEST(Pack, LongRecordings) {
  TestFolder folder;
  WriteRecording(folder / "voices/a/1.wav", 1, 1);
  std::vector<float> speech = Babble(2, 10), samples;
  for (int i = 0; i < 31; ++i) samples.insert(samples.end(), speech.begin(), speech.end());
  WriteWav(folder / "voices/a/2.wav", samples, kSampleRate);
  WriteRecording(folder / "voices/b/3.wav", 3, 1);
  PackOptions options = Options(folder / "voices", folder / "set");
  options.threads = 2;
  EXPECT_EQ(PackQuietly(options).train.utterances, 3u);
  PackedDataset set(folder / "set");
  set.VerifyPayloads();
  SpeechOptions trim;
  trim.trim_top_db = options.trim_top_db;
  for (std::size_t i = 0; i < set.size(); ++i) {
    const std::string key(set.key(i));
    const std::vector<float> expected = ReadSpeech(folder / "voices/" + key, trim).samples;
    const auto payload = set.payload(i);
    EXPECT_TRUE(std::equal(payload.begin(), payload.end(), EncodePcm16(expected).begin()) &&
                payload.size() == 2 * expected.size())
        << key;
    EXPECT_EQ(set.Seconds(i) > 300, key == "a/2.wav");
  }
}

// Windows of speech that comes in blocks: each is one of the whole speech, none comes twice.
TEST(Pack, Mel64OfSpeechThatLiesInTwoBlocks) {
  TestFolder folder;
  fs::create_directories(folder / "voices/a");
  std::vector<float> samples(60 * kSampleRate), speech = Babble(5, 2.2);
  std::copy(speech.begin(), speech.end(), samples.begin() + 12 * 65536 - 10000);
  WriteWav(folder / "voices/a/1.wav", samples, kSampleRate);
  PackOptions options = Options(folder / "voices", folder / "set");
  options.payload = PayloadKind::kMel64;
  PackQuietly(options);
  PackedDataset set(folder / "set");
  ASSERT_EQ(set.size(), 20u);
  SpeechOptions trim;
  trim.trim_top_db = options.trim_top_db;
  speech = ReadSpeech(folder / "voices/a/1.wav", trim).samples;
  const MelComputer computer{FeatureOptions()};
  std::vector<int> matches(set.size());
  Matrix expected(128, 128);
  for (std::size_t offset = 0; offset + 32640 <= speech.size(); ++offset) {
    computer.ComputeMel(std::span(speech).subspan(offset, 32640), expected.data.data(), 128);
    for (std::size_t i = 0; i < set.size(); ++i) matches[i] += set.ReadMel(i).data == expected.data;
  }
  EXPECT_THAT(matches, ::testing::Each(1));
}

TEST(Pack, NoTrimming) {
  TestFolder folder;
  std::vector<float> samples = Babble(1, 0.5);
  samples.resize(16000);  // half a second of silence at the end
  fs::create_directories(folder / "voices/a");
  WriteWav(folder / "voices/a/1.wav", samples, kSampleRate);
  PackOptions options = Options(folder / "voices", folder / "set");
  PackQuietly(options);
  EXPECT_LT(PackedDataset(folder / "set").NumSamples(0), 12000u);
  options.trim_top_db = 0;
  PackQuietly(options);
  EXPECT_EQ(PackedDataset(folder / "set").NumSamples(0), 16000u);
}

// The payload of a whole window is the window's spectrogram; longer speech gives such windows.
TEST(Pack, Mel64HoldsSpectrogramsOfWindows) {
  TestFolder folder;
  WriteRecording(folder / "voices/a/exact.wav", 1, 2.04);
  WriteRecording(folder / "voices/a/short.wav", 2, 0.5);
  WriteRecording(folder / "voices/b/long.wav", 3, 2.041);  // 16 samples more: 17 windows
  WriteRecording(folder / "voices/b/longer.wav", 4, 3.0);
  PackOptions options = Options(folder / "voices", folder / "set");
  options.payload = PayloadKind::kMel64;
  options.trim_top_db = 0;
  PackReport report = PackQuietly(options);

  PackedDataset set(folder / "set");
  std::map<std::string, std::vector<std::size_t>> records;
  for (std::size_t i = 0; i < set.size(); ++i) {
    std::string key(set.key(i));
    std::string file = key.substr(0, key.rfind('#'));
    EXPECT_EQ(key, file + "#" + std::to_string(records[file].size() + 1));
    records[file].push_back(i);
  }
  EXPECT_EQ(records["a/exact.wav"].size(), 1u);
  EXPECT_EQ(records["a/short.wav"].size(), 1u);
  EXPECT_EQ(records["b/long.wav"].size(), 17u);
  EXPECT_EQ(records["b/longer.wav"].size(), 20u);
  EXPECT_EQ(report.train.utterances, 39u);
  EXPECT_NEAR(report.train.seconds, 39 * 2.04, 1e-9);

  const MelComputer computer{FeatureOptions()};
  auto mel_at = [&](const std::vector<float>& samples, std::size_t offset) {
    Matrix mel(128, 128);
    computer.ComputeMel(std::span(samples).subspan(offset, 32640), mel.data.data(), 128);
    return mel.data;
  };
  std::vector<float> exact = ReadAudio(folder / "voices/a/exact.wav").samples;
  ASSERT_EQ(exact.size(), 32640u);
  EXPECT_EQ(set.ReadMel(records["a/exact.wav"][0]).data, mel_at(exact, 0));

  std::vector<float> once = ReadAudio(folder / "voices/a/short.wav").samples, repeated;
  while (repeated.size() < 32640) repeated.insert(repeated.end(), once.begin(), once.end());
  EXPECT_EQ(set.ReadMel(records["a/short.wav"][0]).data, mel_at(repeated, 0));

  // Every possible window once, in some order.
  std::vector<float> longer = ReadAudio(folder / "voices/b/long.wav").samples;
  ASSERT_EQ(longer.size(), 32656u);
  std::vector<std::vector<float>> expected, found;
  for (std::size_t offset = 0; offset <= 16; ++offset) expected.push_back(mel_at(longer, offset));
  for (std::size_t i : records["b/long.wav"]) found.push_back(set.ReadMel(i).data);
  EXPECT_TRUE(std::is_permutation(found.begin(), found.end(), expected.begin(), expected.end()));

  options.crops = 3;
  EXPECT_EQ(PackQuietly(options).train.utterances, 1u + 1 + 3 + 3);
}

TEST(Pack, Mel64CanBeReadWithStructAlone) {
#ifdef VPR_PYTHON
  TestFolder folder;
  WriteVoices(folder / "voices ü", 2);
  PackOptions options = Options(folder / "voices ü", folder / "set");
  options.payload = PayloadKind::kMel64;
  PackQuietly(options);
  std::string command = std::string("PYTHONUTF8=1 '") + VPR_PYTHON + "' '" + VPR_TEST_DATA +
                        "/read_mel64.py' '" + folder / "set" + "' > '" + folder / "out" + "'";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  PackedDataset set(folder / "set");
  std::string text = ReadFile(folder / "out");
  std::vector<std::string_view> lines = Lines(text);
  ASSERT_EQ(lines.size(), set.size());
  for (std::size_t i = 0; i < set.size(); ++i) {
    std::vector<std::string_view> fields = Split(lines[i], '\t');
    ASSERT_EQ(fields.size(), 5u);
    EXPECT_EQ(fields[0], set.key(i));
    EXPECT_EQ(fields[1], set.label_names()[static_cast<std::size_t>(set.label(i))]);
    Matrix mel = set.ReadMel(i);
    EXPECT_EQ(std::stod(std::string(fields[2])), static_cast<double>(mel(0, 0)));
    EXPECT_EQ(std::stod(std::string(fields[3])), static_cast<double>(mel(5, 7)));
    EXPECT_EQ(std::stod(std::string(fields[4])), static_cast<double>(mel(127, 127)));
  }
#else
  GTEST_SKIP() << "SKIPPED: no python3";
#endif
}

TEST(Pack, BytesDoNotDependOnThreads) {
  TestFolder folder(TestFolder::kMemory);
  WriteVoices(folder / "voices", 6);
  WriteRecording(folder / "voices/spk00/long.wav", 99, 3);
  for (PayloadKind payload : {PayloadKind::kPcm16, PayloadKind::kMel64}) {
    std::map<std::string, std::string> first;
    for (int threads : {1, 2, 5, 0}) {
      PackOptions options = Options(folder / "voices", folder / "set");
      options.payload = payload;
      options.crops = 4;
      options.dev_speakers = 2;
      options.threads = threads;
      PackQuietly(options);
      for (const char* part : {"", "-dev"}) {
        for (const char* ending : kEndings) {
          std::string name = std::string("set") + part + ending;
          std::string bytes = ReadFile(folder / name);
          auto [entry, added] = first.try_emplace(name, bytes);
          EXPECT_EQ(entry->second == bytes, true) << name << " with " << threads << " threads";
        }
      }
    }
  }
}

// Packs `options` as a whole and in shards; what is joined must be the same bytes. Returns how many
// shards have no recording outside the part held out, and none in it.
std::pair<int, int> ExpectShardsMakeTheWhole(const TestFolder& folder, PackOptions options,
                                             std::size_t shards, const std::string& part) {
  options.prefix = folder / "set";
  PackQuietly(options);
  std::vector<std::string> prefixes;
  std::pair<int, int> without;
  for (std::size_t index = 1; index <= shards; ++index) {
    options.shard = {index, shards};
    options.prefix = prefixes.emplace_back(folder / Format("part%zu-of-%zu", index, shards));
    const PackReport report = PackQuietly(options);
    without.first += report.train.utterances == 0 ? 1 : 0;
    without.second += report.held_out.utterances == 0 ? 1 : 0;
    EXPECT_EQ(IsRegularFile(options.prefix + ".header"), report.train.utterances > 0);
    if (!part.empty()) {
      EXPECT_EQ(IsRegularFile(options.prefix + part + ".header"), report.held_out.utterances > 0);
    }
  }
  Progress progress;
  JoinPacked(prefixes, folder / "joined", progress, {});
  for (const std::string& one :
       part.empty() ? std::vector<std::string>{""} : std::vector{std::string(), part}) {
    for (const char* ending : kEndings)
      EXPECT_EQ(
          ReadFile(folder / ("set" + one + ending)) == ReadFile(folder / ("joined" + one + ending)),
          true)
          << one << ending;
    EXPECT_GT(PackedDataset(folder / ("joined" + one)).size(), 0u);
  }
  return without;
}

TEST(Pack, ShardsMakeTheWhole) {
  TestFolder folder(TestFolder::kMemory);
  WriteVoices(folder / "voices", 7);
  WriteRecording(folder / "voices/spk03/long.wav", 99, 3);
  WriteFileAtomically(folder / "voices/spk05/bad.wav", "no audio");
  PackOptions options = Options(folder / "voices", "");
  ExpectShardsMakeTheWhole(folder, options, 3, "");
  options.payload = PayloadKind::kMel64;
  options.crops = 12;  // their keys are not in the order of the bytes
  ExpectShardsMakeTheWhole(folder, options, 4, "");
  options.payload = PayloadKind::kPcm16;
  options.test_every = 3;
  ExpectShardsMakeTheWhole(folder, options, 5, "-test");
  options.test_every = 0;
  options.dev_speakers = 2;
  const auto [no_train, no_dev] = ExpectShardsMakeTheWhole(folder, options, 11, "-dev");
  EXPECT_GT(no_train, 0);  // or the test does not show what it is to show
  EXPECT_GT(no_dev, 0);

  // What another seed had held out of a shard does not stay beside the new one.
  std::set<std::string> held;
  for (std::uint64_t seed = 1; seed < 30; ++seed) {
    options.seed = seed;
    options.shard = {1, 7};
    options.prefix = folder / "again";
    const PackReport report = PackQuietly(options);
    EXPECT_EQ(IsRegularFile(folder / "again-dev.header"), report.held_out.utterances > 0);
    EXPECT_EQ(IsRegularFile(folder / "again.header"), report.train.utterances > 0);
    held.insert(report.held_out.utterances > 0 ? "some" : "none");
  }
  EXPECT_EQ(held.size(), 2u);

  options.dev_speakers = 0;
  options.shard = {24, 24};
  EXPECT_THAT(FailureOf([&] { PackQuietly(options); }), HasSubstr("shard 24/24 of 23"));
}

TEST(Pack, OnlyWhatBelongsTogetherIsJoined) {
  TestFolder folder(TestFolder::kMemory);
  WriteVoices(folder / "voices", 3);
  WriteVoices(folder / "more/one", 2);
  auto pack = [&](const std::string& name, const std::function<void(PackOptions&)>& change) {
    PackOptions options = Options(folder / "voices", folder / name);
    change(options);
    PackQuietly(options);
  };
  pack("a", [](PackOptions&) {});
  pack("mel", [](PackOptions& o) { o.payload = PayloadKind::kMel64; });
  pack("untrimmed", [](PackOptions& o) { o.trim_top_db = 0; });
  pack("dev", [](PackOptions& o) { o.dev_speakers = 1; });
  pack("test", [](PackOptions& o) { o.test_every = 2; });
  pack("other", [&](PackOptions& o) { o.sources = {folder / "more"}; });
  auto refused = [&](const std::string& first, const std::string& second) {
    Progress progress;
    const std::string why = FailureOf([&] {
      JoinPacked({folder / first, folder / second}, folder / "x", progress, {});
    });
    for (const std::string& name : Files(folder / ".")) EXPECT_FALSE(name.starts_with("x")) << name;
    return why;
  };
  EXPECT_THAT(refused("a", "mel"), HasSubstr("holds pcm16"));
  EXPECT_THAT(refused("a", "untrimmed"), HasSubstr("was not trimmed"));
  EXPECT_THAT(refused("dev", "test"), HasSubstr("dev-dev' and"));
  EXPECT_THAT(refused("a", "a"), HasSubstr("is already in a part before it"));
  EXPECT_THAT(refused("a", "missing"), HasSubstr("missing.header"));

  // Sets of different sources, the second of which sorts before the first.
  Progress progress;
  const PackReport report =
      JoinPacked({folder / "a", folder / "other"}, folder / "all", progress, {});
  EXPECT_EQ(report.train.utterances, 15u);
  EXPECT_EQ(report.train.speakers, 4u);
  PackedDataset all(folder / "all");
  EXPECT_EQ(all.info().source, (folder / "voices") + " " + (folder / "more"));
  all.VerifyPayloads();
  JoinPacked({folder / "other", folder / "a"}, folder / "a", progress, {});  // in place
  EXPECT_EQ(PackedDataset(folder / "a").size(), 15u);
}

TEST(Pack, SeedDrawsCropsAndSpeakers) {
  TestFolder folder(TestFolder::kMemory);
  WriteVoices(folder / "voices", 12);
  WriteRecording(folder / "voices/spk00/long.wav", 99, 4);
  std::set<std::set<std::string>> chosen;
  std::set<std::string> fingerprints;
  for (std::uint64_t seed : {1u, 2u, 3u}) {
    PackOptions options = Options(folder / "voices", folder / "set");
    options.seed = seed;
    options.dev_speakers = 4;
    PackQuietly(options);
    chosen.insert(SpeakersOf(folder / "set-dev"));
    options.dev_speakers = 0;
    options.payload = PayloadKind::kMel64;
    options.crops = 2;
    fingerprints.insert(PackQuietly(options).train.fingerprint);
  }
  EXPECT_EQ(chosen.size(), 3u);
  EXPECT_EQ(fingerprints.size(), 3u);
}

TEST(Pack, DevSpeakersAreDisjoint) {
  TestFolder folder;
  WriteVoices(folder / "voices", 7);
  PackOptions options = Options(folder / "voices", folder / "set");
  options.dev_speakers = 3;
  PackReport report = PackQuietly(options);
  EXPECT_EQ(report.held_out_prefix, folder / "set-dev");
  EXPECT_EQ(report.train.speakers, 4u);
  EXPECT_EQ(report.held_out.speakers, 3u);
  EXPECT_EQ(report.train.utterances + report.held_out.utterances, 21u);
  std::set<std::string> train = SpeakersOf(folder / "set"), dev = SpeakersOf(folder / "set-dev");
  for (const std::string& speaker : dev) EXPECT_FALSE(train.contains(speaker)) << speaker;
}

TEST(Pack, TestEveryIsAClosedSet) {
  TestFolder folder;
  WriteVoices(folder / "voices", 4);
  PackOptions options = Options(folder / "voices", folder / "set");
  options.test_every = 5;
  PackReport report = PackQuietly(options);
  EXPECT_EQ(report.held_out_prefix, folder / "set-test");
  PackedDataset test(folder / "set-test");
  ASSERT_EQ(test.size(), 2u);  // the 5th and the 10th of 12
  EXPECT_EQ(test.key(0), "spk01/1.wav");
  EXPECT_EQ(test.key(1), "spk03/0.wav");
  EXPECT_EQ(report.train.utterances, 10u);
  EXPECT_EQ(SpeakersOf(folder / "set").size(), 4u);
}

TEST(Pack, SeveralSources) {
  TestFolder folder;
  WriteRecording(folder / "one/anna/1.wav", 1, 0.5);
  WriteRecording(folder / "two/anna/1.wav", 2, 0.5);
  WriteRecording(folder / "two/bert/1.wav", 3, 0.5);
  PackOptions options = Options(folder / "one", folder / "set");
  options.sources = {folder / "two/", folder / "one"};
  PackQuietly(options);
  PackedDataset set(folder / "set");
  ASSERT_EQ(set.size(), 3u);
  EXPECT_EQ(set.key(0), "one/anna/1.wav");
  EXPECT_EQ(set.key(1), "two/anna/1.wav");
  EXPECT_EQ(set.key(2), "two/bert/1.wav");
  EXPECT_THAT(set.label_names(), ElementsAre("anna", "bert"));
  // Folders of one name are told apart by their paths.
  fs::rename(folder / "two", folder / "more");
  fs::create_directories(folder / "two");
  fs::rename(folder / "more", folder / "two/one");
  options.sources = {folder / "one", folder / "two/one"};
  EXPECT_EQ(PackQuietly(options).train.utterances, 3u);
  options.sources = {folder / "one", folder / "one"};
  EXPECT_THAT(MessageOf(ErrorCode::kInvalidArgument, [&] { PackQuietly(options); }),
              HasSubstr("anna/1.wav"));
}

// ---- Files that cannot be used ----

std::string FloatWav(const std::vector<float>& samples) {
  std::string bytes = "RIFF";
  auto add = [&](auto value) { bytes.append(reinterpret_cast<const char*>(&value), sizeof value); };
  auto size = static_cast<std::uint32_t>(4 * samples.size());
  add(std::uint32_t{36 + size});
  bytes += "WAVEfmt ";
  add(std::uint32_t{16});
  add(std::uint16_t{3});  // IEEE float
  add(std::uint16_t{1});
  add(std::uint32_t{16000});
  add(std::uint32_t{64000});
  add(std::uint16_t{4});
  add(std::uint16_t{32});
  bytes += "data";
  add(size);
  for (float sample : samples) add(sample);
  return bytes;
}

// Seven files, none of which can be used.
void WriteBadFiles(const std::string& folder) {
  fs::create_directories(folder);
  WriteTestFile(folder + "/empty.wav", "");
  WriteTestFile(folder + "/text.wav", "This is a text, not a recording.\n");
  WriteRecording(folder + "/truncated.wav", 1, 1.0);
  std::string whole = ReadFile(folder + "/truncated.wav");
  WriteTestFile(folder + "/truncated.wav", whole.substr(0, whole.size() / 2));
  std::string claims = whole;
  std::uint32_t huge = 0x7FFFE000u;
  std::memcpy(claims.data() + 4, &huge, 4);
  std::memcpy(claims.data() + claims.find("data") + 4, &huge, 4);
  WriteTestFile(folder + "/claims4gb.wav", claims);
  WriteWav(folder + "/silent.wav", std::vector<float>(16000), kSampleRate);
  WriteRecording(folder + "/short.wav", 2, 0.01);
  std::vector<float> nan = Babble(3, 1.0);
  nan[8000] = std::numeric_limits<float>::quiet_NaN();
  WriteTestFile(folder + "/nan.wav", FloatWav(nan));
}

void ExpectSevenReasons(const PackReport& report) {
  ASSERT_EQ(report.skipped.size(), 7u);
  const std::map<std::string, const char*> says = {
      {"empty", "empty"},   {"text", "not audio"},  {"truncated", "bytes"}, {"claims4gb", "bytes"},
      {"silent", "silent"}, {"short", "too short"}, {"nan", "NaN"}};
  std::set<std::string> reasons;
  for (const Skipped& skipped : report.skipped) {
    std::string stem = fs::path(skipped.path).stem().string();
    ASSERT_TRUE(says.contains(stem)) << stem;
    EXPECT_THAT(skipped.reason, HasSubstr(skipped.path));
    EXPECT_THAT(skipped.reason, HasSubstr(says.at(stem)));
    std::string reason = skipped.reason;
    reason.replace(reason.find(skipped.path), skipped.path.size(), "");
    EXPECT_TRUE(reasons.insert(reason).second) << "the same reason twice: " << reason;
    EXPECT_EQ(reason.find('\n'), std::string::npos);
  }
}

TEST(Pack, BadFilesAreSkippedWithTheirReasons) {
  TestFolder folder;
  WriteBadFiles(folder / "voices/bad");
  WriteRecording(folder / "voices/good/1.wav", 9, 0.5);
  PackReport report = PackQuietly(Options(folder / "voices", folder / "set"));
  ExpectSevenReasons(report);
  EXPECT_EQ(report.train.utterances, 1u);
  EXPECT_EQ(SpeakersOf(folder / "set"), std::set<std::string>{"good"});
}

TEST(Pack, OnlyBadFilesWriteNothing) {
  TestFolder folder;
  WriteBadFiles(folder / "bad");
  fs::create_directories(folder / "out");
  PackReport report = PackQuietly(Options(folder / "bad", folder / "out/set"));
  ExpectSevenReasons(report);
  EXPECT_EQ(report.train.utterances, 0u);
  EXPECT_TRUE(fs::is_empty(folder / "out"));
}

TEST(Pack, LooseFilesAreReported) {
  TestFolder folder;
  WriteRecording(folder / "voices/anna/1.wav", 1, 0.5);
  WriteRecording(folder / "voices/loose.wav", 2, 0.5);
  WriteTestFile(folder / "voices/anna/gone.txt", "no audio: not even looked at");
  fs::create_symlink(folder / "nowhere", folder / "voices/anna/gone.wav");
  PackReport report = PackQuietly(Options(folder / "voices", folder / "set"));
  ASSERT_EQ(report.skipped.size(), 2u);
  EXPECT_THAT(report.skipped[0].reason, HasSubstr("gone.wav"));
  EXPECT_THAT(report.skipped[1].reason, HasSubstr("no speaker for"));
  EXPECT_EQ(report.train.utterances, 1u);
}

TEST(Pack, MinSeconds) {
  TestFolder folder;
  WriteVoices(folder / "voices", 1);  // 0.5, 0.7 and 0.9 s
  PackOptions options = Options(folder / "voices", folder / "set");
  options.trim_top_db = 0;
  options.min_seconds = 0.6;
  PackReport report = PackQuietly(options);
  EXPECT_EQ(report.train.utterances, 2u);
  ASSERT_EQ(report.skipped.size(), 1u);
  EXPECT_THAT(report.skipped[0].reason, HasSubstr("0.6"));
}

TEST(Pack, OptionsAreChecked) {
  TestFolder folder;
  WriteVoices(folder / "voices", 2);
  auto refused = [&](auto change) {
    PackOptions options = Options(folder / "voices", folder / "set");
    change(options);
    return MessageOf(ErrorCode::kInvalidArgument, [&] { PackQuietly(options); });
  };
  refused([](PackOptions& o) { o.sources.clear(); });
  refused([](PackOptions& o) { o.prefix.clear(); });
  refused([](PackOptions& o) { o.prefix += "/"; });
  refused([](PackOptions& o) { o.layout = "timit"; });
  refused([](PackOptions& o) { o.crops = 0; });
  refused([](PackOptions& o) { o.trim_top_db = -1; });
  refused([](PackOptions& o) { o.trim_top_db = std::numeric_limits<double>::quiet_NaN(); });
  refused([](PackOptions& o) { o.min_seconds = -1; });
  refused([](PackOptions& o) { o.dev_speakers = -1; });
  refused([](PackOptions& o) { o.test_every = 1; });
  refused([](PackOptions& o) { o.dev_speakers = o.test_every = 2; });
  EXPECT_THAT(refused([](PackOptions& o) { o.dev_speakers = 2; }), HasSubstr("2 of 2 speakers"));
  // More than there are: nothing is held out, and nothing written.
  PackOptions options = Options(folder / "voices", folder / "set");
  options.test_every = 100;
  MessageOf(ErrorCode::kUnusable, [&] { PackQuietly(options); });
  EXPECT_TRUE(Files(folder.path().string()).empty());
}

// ---- Stopping and dying ----

TEST(Pack, StoppingWritesNothing) {
  TestFolder folder;
  WriteVoices(folder / "voices", 3);
  fs::create_directories(folder / "out");
  std::string before =
      PackQuietly(Options(folder / "voices", folder / "out/set")).train.fingerprint;
  struct Counter : Progress {
    void Update(std::uint64_t count, const std::string&) override { done = count; }
    std::uint64_t done = 0;
  } counter;
  PackOptions options = Options(folder / "voices", folder / "out/set");
  options.payload = PayloadKind::kMel64;
  EXPECT_THAT(MessageOf(ErrorCode::kInterrupted,
                        [&] { Pack(options, counter, [&] { return counter.done >= 4; }); }),
              HasSubstr("4 of 9"));
  EXPECT_EQ(PackedDataset(folder / "out/set").info().fingerprint, before);
  EXPECT_EQ(Files(folder / "out").size(), 4u);
}

// The fingerprint of the set that a reader finds; "" if none.
std::string FoundBy(const std::string& prefix) {
  try {
    PackedDataset set(prefix);
    set.VerifyPayloads();
    return set.info().fingerprint;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound) << error.what();
    EXPECT_THAT(error.what(), HasSubstr("run vpr pack again"));
    return "";
  }
}

TEST(Pack, KilledWhilePacking) {
  TestFolder folder(TestFolder::kMemory);
  WriteVoices(folder / "voices", 3);
  fs::create_directories(folder / "out");
  PackOptions old_options = Options(folder / "voices", folder / "out/set");
  PackOptions new_options = old_options;
  new_options.payload = PayloadKind::kMel64;
  const std::string fresh = PackQuietly(new_options).train.fingerprint;
  const std::string old = PackQuietly(old_options).train.fingerprint;
  Rng rng(1);
  for (int round = 0; round < 25; ++round) {
    pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      try {
        PackQuietly(round % 2 == 0 ? new_options : old_options);
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    ::usleep(static_cast<useconds_t>(rng.Below(60000)));
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_THAT(FoundBy(folder / "out/set"), AnyOf(old, fresh, ""));
  }
  EXPECT_EQ(PackQuietly(old_options).train.fingerprint, old);
  EXPECT_EQ(FoundBy(folder / "out/set"), old);
  EXPECT_THAT(Files(folder / "out"), ElementsAre("set.data", "set.header", "set.json", "set.label"))
      << "temporary files of killed runs are left";
}

// Runs `body` in a child and kills it at its `stop`-th entry into or return from the kernel.
// Returns 1 if it got to its end first, -1 if processes cannot be traced here.
int KilledAt(int stop, const std::function<void()>& body) {
  pid_t child = ::fork();
  if (child == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(3);
    ::raise(SIGSTOP);
    body();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status)) return -1;
  for (int i = 0; i < stop; ++i) {
    if (::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr) != 0) return -1;
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status)) return 1;
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  return 0;
}

TEST(PackedWriter, KilledAtEveryStepOfACommit) {
  TestFolder folder(TestFolder::kMemory);
  auto write_both = [&](std::uint8_t value) {
    PackedWriter a(folder / "set", {}), b(folder / "set-dev", {});
    a.Add("k", "x", std::vector<std::uint8_t>(1000, value), 0);
    b.Add("l", "y", std::vector<std::uint8_t>(2000, value), 0);
    DatasetInfo a_info, b_info;
    PackedWriter::CommitBoth(a, b, a_info, b_info);
  };
  auto found = [&] {
    std::string a = FoundBy(folder / "set"), b = FoundBy(folder / "set-dev");
    return std::pair(a, b);
  };
  write_both(2);
  const auto fresh = found();
  write_both(1);
  const auto old = found();
  std::map<std::string, std::string> old_files;
  for (const std::string& name : Files(folder.path().string()))
    old_files[name] = ReadFile(folder / name);
  ASSERT_EQ(old_files.size(), 8u);

  bool saw_old = false, saw_none = false, saw_new = false;
  // Leaving one call is as good as entering the next: every second stop shows everything.
  for (int stop = 1;; stop += 2) {
    int end = KilledAt(stop, [&] { write_both(2); });
    if (end < 0) GTEST_SKIP() << "SKIPPED: processes cannot be traced here";
    auto now = found();
    saw_old |= now == old;
    saw_new |= now == fresh;
    saw_none |= now.first.empty() || now.second.empty();
    EXPECT_TRUE(now == old || now == fresh || now.first.empty() || now.second.empty())
        << "a new set beside an old one after stop " << stop;
    for (const std::string& name : Files(folder.path().string())) fs::remove(folder / name);
    if (end == 1) break;
    ASSERT_LT(stop, 10000);
    for (const auto& [name, content] : old_files) WriteTestFile(folder / name, content);
  }
  EXPECT_TRUE(saw_old);
  EXPECT_TRUE(saw_none);
  EXPECT_TRUE(saw_new);
}

}  // namespace
}  // namespace vpr
