#include "vpr/diarize/transcript.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "vpr/base/error.h"

namespace vpr {
namespace {

Diarization Found() {
  Diarization found;
  found.speakers.resize(2);
  found.speakers[0].label = "Ada";
  found.speakers[1].label = "speaker 1";
  found.turns = {{0, 2, 0}, {2, 5, 1}, {10, 11, 0}};
  return found;
}

TEST(TranscriptTest, WhoSpeaks) {
  EXPECT_FALSE(WhoSpeaks(Found(), 6, 9).found);
  EXPECT_FALSE(WhoSpeaks({}, 0, 9).found);
  const SpokenBy sure = WhoSpeaks(Found(), 1.8, 4);
  EXPECT_EQ(sure.speaker, 1u);
  EXPECT_TRUE(sure.sure);
  const SpokenBy unsure = WhoSpeaks(Found(), 1, 3.5);
  EXPECT_EQ(unsure.speaker, 1u);
  EXPECT_TRUE(unsure.found && !unsure.sure);
}

TEST(TranscriptTest, Cues) {
  EXPECT_EQ(LabelTranscript("1\r\n00:00:00,000 --> 00:00:01,500\r\nHello\r\nyou\r\n\r\n"
                            "2\n00:00:01,000 --> 00:00:03,500\nYes\n\n"
                            "3\n00:00:06,000 --> 00:00:07,000\nNobody",
                            "a.srt", Found()),
            "1\r\n00:00:00,000 --> 00:00:01,500\r\nAda: Hello\r\nyou\r\n\r\n"
            "2\n00:00:01,000 --> 00:00:03,500\nspeaker 1?: Yes\n\n"
            "3\n00:00:06,000 --> 00:00:07,000\nNobody");
  EXPECT_EQ(
      LabelTranscript("WEBVTT\n\n00:03.000 --> 00:04.000 align:left\nYes\n", "a.vtt", Found()),
      "WEBVTT\n\n00:03.000 --> 00:04.000 align:left\nspeaker 1: Yes\n");
}

TEST(TranscriptTest, Json) {
  using Json = nlohmann::ordered_json;
  const Json whisper_x = Json::parse(LabelTranscript(
      R"({"segments": [{"start": 0.1, "end": 4.5, "text": "a b", "words":
          [{"word": "a", "start": 0.1, "end": 1}, {"word": "b"}]}], "language": "en"})",
      "a.json", Found()));
  EXPECT_EQ(whisper_x["segments"][0]["speaker"], "speaker 1");
  EXPECT_EQ(whisper_x["segments"][0]["speaker_sure"], false);
  EXPECT_EQ(whisper_x["segments"][0]["words"][0]["speaker"], "Ada");
  EXPECT_FALSE(whisper_x["segments"][0]["words"][1].contains("speaker"));
  EXPECT_EQ(whisper_x["language"], "en");
  const Json whisper_cpp = Json::parse(LabelTranscript(
      R"({"transcription": [{"offsets": {"from": 10000, "to": 11000}, "text": "c"}]})", "a.json",
      Found()));
  EXPECT_EQ(whisper_cpp["transcription"][0]["speaker"], "Ada");
}

TEST(TranscriptTest, Refuses) {
  for (const std::string& text :
       {std::string(), std::string("hello"), std::string("{}"), std::string("{\"segments\": 3}"),
        std::string("{"), std::string("1\n00:00 -> x"), std::string("1\n00:00:03 --> 00:00:01\nx"),
        std::string("1\nx --> y\nz"), "{\"a\": " + std::string(100000, '['),
        std::string("1\n00:01 --> 00:02\n\xff\n")}) {
    try {
      LabelTranscript(text, "bad", Found());
      FAIL() << text.substr(0, 40);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorrupt);
      EXPECT_EQ(std::string(error.what()).rfind("bad: ", 0), 0u);
    }
  }
}

}  // namespace
}  // namespace vpr
