#include "vpr/diarize/transcript.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kSure = 0.7;  // share of the speech in a cue
constexpr int kMostDepth = 32;

[[noreturn]] void Refuse(const std::string& path, const std::string& what) {
  throw Error(ErrorCode::kCorrupt, Printable(path) + ": " + what);
}

// [HH:]MM:SS,mmm, with a point in VTT.
std::optional<double> ParseClock(std::string_view text) {
  double seconds = 0;
  std::size_t parts = 0;
  while (true) {
    const std::size_t colon = text.find(':');
    std::string part(text.substr(0, colon));
    std::replace(part.begin(), part.end(), ',', '.');
    double value = 0;
    const auto [end, error] =
        std::from_chars(part.data(), part.data() + part.size(), value, std::chars_format::fixed);
    if (error != std::errc() || end != part.data() + part.size() || !(value >= 0) || value > 1e6)
      return std::nullopt;
    seconds = 60 * seconds + value;
    if (++parts > 3) return std::nullopt;
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
  }
  if (parts < 2) return std::nullopt;
  return seconds;
}

std::optional<TimeSpan> ParseCue(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t arrow = line.find("-->");
  if (arrow == std::string_view::npos) return std::nullopt;
  const auto before = SplitBlanks(line.substr(0, arrow)),
             after = SplitBlanks(line.substr(arrow + 3));
  if (before.size() != 1 || after.empty()) return std::nullopt;
  const auto begin = ParseClock(before[0]), end = ParseClock(after[0]);
  if (!begin || !end || *end < *begin) return std::nullopt;
  return TimeSpan{*begin, *end};
}

std::string LabelCues(std::string_view text, const std::string& path,
                      const Diarization& diarization) {
  std::string out;
  std::string name;
  bool first_line = false;
  std::size_t number = 0, cues = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end);
    ++number;
    if (!IsUtf8(line)) Refuse(path, Format("line %zu: not UTF-8; is this a transcript?", number));
    if (line.find("-->") != std::string_view::npos) {
      const std::optional<TimeSpan> cue = ParseCue(line);
      if (!cue)
        Refuse(path, Format("line %zu: expected BEGIN --> END, as 00:00:01,500 --> 00:00:04,000",
                            number));
      const SpokenBy who = WhoSpeaks(diarization, cue->begin, cue->end);
      name = who.found ? diarization.speakers[who.speaker].label + (who.sure ? ": " : "?: ") : "";
      first_line = true;
      ++cues;
      out += line;
      continue;
    }
    if (first_line && line.find_first_not_of(" \t\r\n") != std::string_view::npos) out += name;
    first_line = false;
    out += line;
  }
  if (cues == 0) Refuse(path, "no cue in it; expected SRT, WebVTT, or the JSON of Whisper");
  return out;
}

void Label(Json& part, double begin, double end, const Diarization& diarization) {
  const SpokenBy who = WhoSpeaks(diarization, begin, end);
  if (!who.found) return;
  part["speaker"] = diarization.speakers[who.speaker].label;
  part["speaker_sure"] = who.sure;
}

bool HasTimes(const Json& part, const char* begin, const char* end) {
  return part.is_object() && part.contains(begin) && part.contains(end) &&
         part[begin].is_number() && part[end].is_number();
}

std::string LabelJson(std::string_view text, const std::string& path,
                      const Diarization& diarization) {
  Json json;
  try {
    json = Json::parse(text, [&](int depth, Json::parse_event_t, Json&) {
      if (depth > kMostDepth) Refuse(path, "nested too deeply for a transcript");
      return true;
    });
  } catch (const Json::exception&) {
    Refuse(path, "neither JSON nor SRT nor WebVTT");
  }
  std::size_t labelled = 0;
  auto of_seconds = [&](Json& part) {
    if (!HasTimes(part, "start", "end")) return;
    Label(part, part["start"].get<double>(), part["end"].get<double>(), diarization);
    ++labelled;
  };
  auto each = [](Json& in, const char* member, const auto& use) {
    if (in.is_object() && in.contains(member) && in[member].is_array())
      for (Json& one : in[member]) use(one);
  };
  each(json, "segments", [&](Json& segment) {
    of_seconds(segment);
    each(segment, "words", of_seconds);
  });
  each(json, "word_segments", of_seconds);
  auto of_offsets = [&](Json& part) {
    if (!part.is_object() || !part.contains("offsets") || !HasTimes(part["offsets"], "from", "to"))
      return;
    Label(part, part["offsets"]["from"].get<double>() / 1000,
          part["offsets"]["to"].get<double>() / 1000, diarization);
    ++labelled;
  };
  each(json, "transcription", [&](Json& segment) {
    of_offsets(segment);
    each(segment, "tokens", of_offsets);
  });
  if (labelled == 0)
    Refuse(path,
           "no times in it; expected segments with start and end (Whisper, whisperX) or "
           "transcription with offsets (whisper.cpp)");
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

SpokenBy WhoSpeaks(const Diarization& diarization, double begin, double end) {
  std::vector<double> seconds(diarization.speakers.size(), 0);
  double all = 0;
  for (const Diarization::Stretch& turn : diarization.turns) {
    const double both = std::min(turn.end, end) - std::max(turn.begin, begin);
    if (both <= 0) continue;
    seconds[turn.speaker] += both;
    all += both;
  }
  SpokenBy who;
  if (all <= 0) return who;
  who.speaker =
      static_cast<std::size_t>(std::max_element(seconds.begin(), seconds.end()) - seconds.begin());
  who.found = true;
  who.sure = seconds[who.speaker] >= kSure * all;
  return who;
}

TranscriptFormat FormatOfTranscript(std::string_view text) {
  text = WithoutByteOrderMark(text);
  if (text.starts_with("WEBVTT")) return TranscriptFormat::kVtt;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{' ? TranscriptFormat::kJson
                                                               : TranscriptFormat::kSrt;
}

std::string LabelTranscript(std::string_view text, const std::string& path,
                            const Diarization& diarization) {
  text = WithoutByteOrderMark(text);
  return FormatOfTranscript(text) == TranscriptFormat::kJson ? LabelJson(text, path, diarization)
                                                             : LabelCues(text, path, diarization);
}

std::string ReadTranscript(const std::string& path) {
  std::string text = ReadFile(path, std::size_t{256} << 20);
  LabelTranscript(text, path, {});
  return text;
}

}  // namespace vpr
