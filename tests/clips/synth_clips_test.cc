#include "vpr/clips/synth_clips.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "base/testing.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/file_io.h"
#include "vpr/base/resources.h"
#include "vpr/dataset/source.h"
#include "vpr/face/face_source.h"
#include "vpr/video/clip_file.h"
#include "vpr/video/video_source.h"

namespace vpr {
namespace {

bool Has(const char* module) {
  return std::filesystem::exists(ResourcePath(std::string("lib/vpr/") + module + ".so"));
}

double Rms(const std::vector<float>& samples, double begin, double end) {
  double sum = 0;
  std::size_t count = 0;
  for (auto i = static_cast<std::size_t>(std::max(0.0, begin) * kSampleRate);
       i < std::min(samples.size(), static_cast<std::size_t>(end * kSampleRate)); ++i, ++count)
    sum += static_cast<double>(samples[i]) * static_cast<double>(samples[i]);
  return count == 0 ? 0 : std::sqrt(sum / static_cast<double>(count));
}

double Correlation(const std::vector<double>& a, const std::vector<double>& b) {
  double mean_a = 0, mean_b = 0, aa = 0, bb = 0, ab = 0;
  const auto count = static_cast<double>(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) mean_a += a[i] / count, mean_b += b[i] / count;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i] - mean_a, y = b[i] - mean_b;
    aa += x * x, bb += y * y, ab += x * y;
  }
  return ab / std::sqrt(aa * bb);
}

TEST(MakeSynthClip, MouthOpensAsLoudAsTheVoiceIs) {
  SynthClipOptions options;
  options.seconds = 3;
  options.pixels = 48;
  for (const double shift : {0.0, 200.0, -160.0}) {
    options.shift_ms = shift;
    for (std::size_t e = 0; e < kSynthExpressions.size(); ++e) {
      SCOPED_TRACE(kSynthExpressions[e].name);
      const SynthClip clip = MakeSynthClip(e, 1, 1, false, options);
      ASSERT_EQ(clip.frames.size(), 75u);
      ASSERT_EQ(clip.samples.size(), 3u * kSampleRate);
      std::vector<double> opening, loud;
      for (std::size_t i = 10; i < 65; ++i) {
        const double heard = static_cast<double>(i) / kSynthFrameRate + shift / 1000;
        opening.push_back(clip.opening[i]);
        loud.push_back(Rms(clip.samples, heard - 0.02, heard + 0.02));
      }
      EXPECT_GT(Correlation(opening, loud), 0.75);
    }
  }
}

TEST(MakeSynthClip, NoiseIsAsLoudAsTold) {
  SynthClipOptions options;
  options.seconds = 4;
  options.pixels = 48;
  const std::vector<float> clean = MakeSynthClip(4, 0, 1, false, options).samples;
  options.snr_db = 0;
  const std::vector<float> noisy = MakeSynthClip(4, 0, 1, false, options).samples;
  ASSERT_EQ(clean.size(), noisy.size());
  std::vector<float> noise(clean.size());
  for (std::size_t i = 0; i < clean.size(); ++i) noise[i] = noisy[i] - clean[i];
  EXPECT_NEAR(20 * std::log10(Rms(clean, 0, 4) / Rms(noise, 0, 4)), 0, 0.1);
}

TEST(WriteSynthClips, AreSeededListedAndCoveredInTheShareTold) {
  TestFolder folder(TestFolder::kMemory);
  SynthClipOptions options;
  options.count = 4, options.people = 3, options.pixels = 48, options.seconds = 0.4;
  options.covered = 0.5;
  Progress quiet;
  EXPECT_EQ(WriteSynthClips(folder / "a", options, 2, quiet, {}), 28u);
  WriteSynthClips(folder / "b", options, 1, quiet, {});
  const RecordingTable table = ReadRecordingTable(folder / "a/clips.tsv");
  ASSERT_EQ(table.rows.size(), 28u);
  EXPECT_EQ(ReadFile(folder / "a/clips.tsv"), ReadFile(folder / "b/clips.tsv"));
  std::map<std::string, int> covered, people;
  for (const RecordingTable::Row& row : table.rows) {
    EXPECT_EQ(ReadFile(row.path), ReadFile(folder / ("b/" + row.key)));
    covered[row.values[table.Column("label")]] += row.values[table.Column("covered")] == "yes";
    ++people[row.values[table.Column("person")]];
    EXPECT_TRUE(row.key.starts_with(row.values[table.Column("label")] + "/" +
                                    row.values[table.Column("person")] + "/"));
  }
  EXPECT_EQ(people.size(), 3u);
  ASSERT_EQ(covered.size(), kSynthExpressions.size());
  for (const auto& [label, count] : covered) EXPECT_EQ(count, 2) << label;
  options.seed = 2;
  WriteSynthClips(folder / "c", options, 2, quiet, {});
  EXPECT_NE(ReadFile(folder / ("a/" + table.rows[0].key)),
            ReadFile(folder / ("c/" + table.rows[0].key)));
  options.pixels = 8;
  EXPECT_THAT(MessageOf(ErrorCode::kInvalidArgument,
                        [&] { WriteSynthClips(folder / "d", options, 1, quiet, {}); }),
              ::testing::HasSubstr("pixels 8; expected 48 to 1024"));
  options.pixels = 48;
  MessageOf(ErrorCode::kInterrupted,
            [&] { WriteSynthClips(folder / "e", options, 1, quiet, [] { return true; }); });
}

// What is written is what is read: pictures to the bit, sound to 16 bits.
TEST(WriteSynthClips, AreReadAsTheyWereMade) {
  if (!Has("vpr_ffmpeg")) GTEST_SKIP() << "SKIPPED: this build has no module of FFmpeg";
  TestFolder folder;
  SynthClipOptions options;
  options.count = 1, options.people = 1, options.pixels = 65, options.seconds = 0.5;
  Progress quiet;
  WriteSynthClips(folder / "a", options, 1, quiet, {});
  const std::string path = folder / "a/happy/p001/happy-001.avi";
  const SynthClip clip = MakeSynthClip(3, 0, 1, false, options);
  VideoSource video(path);
  EXPECT_EQ(video.info().frames_per_second, kSynthFrameRate);
  VideoFrame frame;
  for (std::size_t i = 0; i < clip.frames.size(); ++i) {
    ASSERT_TRUE(video.Next(frame)) << i;
    EXPECT_NEAR(frame.seconds, static_cast<double>(i) / kSynthFrameRate, 1e-6);
    EXPECT_EQ(frame.picture.pixels, clip.frames[i].pixels) << i;
  }
  EXPECT_FALSE(video.Next(frame));
  const Audio sound = ReadAudio(path);
  EXPECT_EQ(sound.info.sample_rate, kSampleRate);
  ASSERT_EQ(sound.samples.size(), clip.samples.size());
  for (std::size_t i = 0; i < clip.samples.size(); ++i)
    ASSERT_NEAR(sound.samples[i], clip.samples[i], 0.51 / 32768) << i;
}

// Of every expression, of people of all skins; a covered one is not.
TEST(MakeSynthClip, FacesAreFound) {
  if (!Has("vpr_ffmpeg") || !Has("vpr_dlib"))
    GTEST_SKIP() << "SKIPPED: this build has no module of dlib or FFmpeg";
  TestFolder folder;
  SynthClipOptions options;
  options.seconds = 0.4;
  std::vector<Image> frames;
  for (const bool covered : {false, true})
    for (std::size_t e = 0; e < kSynthExpressions.size(); ++e)
      for (int person = 0; person < 6; person += covered ? 3 : 1)
        frames.push_back(MakeSynthClip(e, person, person, covered, options).frames[6]);
  WriteTestFile(folder / "all.avi", EncodeClip(frames, kSynthFrameRate, {}));
  FaceOptions faces;
  faces.least_side = 64;
  FaceSource source(VideoSource(folder / "all.avi"), faces);
  FacesOfFrame here;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    ASSERT_TRUE(source.Next(here));
    const auto found = std::count_if(here.faces.begin(), here.faces.end(),
                                     [](const Face& face) { return face.found; });
    EXPECT_EQ(found, i < 6 * kSynthExpressions.size() ? 1 : 0) << i;
  }
  EXPECT_FALSE(source.Next(here));
}

}  // namespace
}  // namespace vpr
