#include "vpr/print/recordings.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "vpr/base/text.h"
#include "vpr/print/json_line.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

double Seconds(std::size_t samples) { return static_cast<double>(samples) / kSampleRate; }

struct Range {
  float low = 0, high = 0;
  double mean = 0;
};

Range RangeOf(const std::vector<float>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  double sum = 0;
  for (float value : values) sum += static_cast<double>(value);
  return {*low, *high, sum / static_cast<double>(values.size())};
}

}  // namespace

std::string ToText(const AudioInfo& info) {
  std::string text =
      Format("format        %s\nsample rate   %d Hz\nchannels      %d\nlength        %.2f s\n",
             Printable(info.format).c_str(), info.sample_rate, info.channels, info.seconds);
  for (std::size_t i = 0; i < info.tracks.size(); ++i) {
    const AudioTrack& track = info.tracks[i];
    text +=
        Format("track %-7zu %s, %d Hz, %d channel%s%s%s%s\n", i + 1, Printable(track.codec).c_str(),
               track.sample_rate, track.channels, track.channels == 1 ? "" : "s",
               track.language.empty() ? "" : (", " + Printable(track.language)).c_str(),
               track.title.empty() ? "" : (", " + Printable(track.title)).c_str(),
               static_cast<int>(i) + 1 == info.track ? "  (read)" : "");
  }
  return text;
}

std::string ToJson(const std::string& file, const AudioInfo& info,
                   const std::vector<std::string>& warnings) {
  Json tracks = Json::array();
  for (const AudioTrack& track : info.tracks)
    tracks.push_back({{"codec", track.codec},
                      {"sample_rate", track.sample_rate},
                      {"channels", track.channels},
                      {"language", track.language},
                      {"title", track.title}});
  return JsonLine({{"file", file},
                   {"format", info.format},
                   {"sample_rate", info.sample_rate},
                   {"channels", info.channels},
                   {"seconds", info.seconds},
                   {"track", info.track},
                   {"tracks", tracks},
                   {"warnings", warnings}});
}

std::string ToText(const ComputedFeatures& features) {
  const AudioInfo& info = features.info;
  const FeatureTable& table = features.table;
  std::string text =
      Format("file      %s, %d Hz, %d channel%s, %.3f s\n", info.format.c_str(), info.sample_rate,
             info.channels, info.channels == 1 ? "" : "s", info.seconds);
  if (!table.frames) {
    for (std::size_t i = 0; i < table.names.size(); ++i)
      text +=
          Format("%-16s  %.6g\n", table.names[i].c_str(), static_cast<double>(table.values(0, i)));
    return text;
  }
  const Range range = RangeOf(table.values.data);
  return text + Format(
                    "features  %s, %zu bands x %zu frames of %.3f s %s\n"
                    "values    %.6g to %.6g, mean %.6g\n",
                    features.kind.c_str(), table.values.rows, table.values.cols, features.seconds,
                    features.trimmed ? "of speech" : "of audio", static_cast<double>(range.low),
                    static_cast<double>(range.high), range.mean);
}

std::string ToJson(const ComputedFeatures& features) {
  const FeatureTable& table = features.table;
  const Range range = RangeOf(table.values.data);
  Json json = {{"file", features.file},
               {"format", features.info.format},
               {"kind", features.kind},
               {"sample_rate", features.sample_rate},
               {"shape", {table.values.rows, table.values.cols}},
               {"file_seconds", features.info.seconds},
               {"seconds", features.seconds},
               {"min", range.low},
               {"mean", range.mean},
               {"max", range.high},
               {table.frames ? "rows" : "columns", table.names}};
  if (!table.frames) json["values"] = table.values.data;
  if (!features.array.empty()) json["array"] = features.array;
  if (!features.plot.empty()) json["plot"] = features.plot;
  return JsonLine(json);
}

std::string ToText(const TrimmedRecording& trimmed) {
  std::string lines;
  for (const Interval& interval : trimmed.intervals)
    lines += Format("%zu\t%zu\t%.3f\t%.3f\n", interval.begin, interval.end, Seconds(interval.begin),
                    Seconds(interval.end));
  return lines;
}

std::string ToJson(const std::string& file, const TrimmedRecording& trimmed,
                   const std::string& output) {
  Json json = {{"file", file},
               {"sample_rate", kSampleRate},
               {"seconds", Seconds(trimmed.samples)},
               {"kept_seconds", Seconds(trimmed.kept)},
               {"intervals", Json::array()}};
  for (const Interval& interval : trimmed.intervals)
    json["intervals"].push_back({interval.begin, interval.end});
  if (!output.empty()) json["output"] = output;
  return JsonLine(json);
}

std::string ToText(const SpeechOfFile& speech) {
  std::string lines;
  for (const auto& [begin, end] : speech.stretches) lines += Format("%.2f\t%.2f\n", begin, end);
  return lines;
}

std::string ToRow(const SpeechOfFile& speech) {
  return Format("%.2f\t%.2f\t%s\n", speech.speech_seconds, speech.seconds,
                Printable(speech.path).c_str());
}

std::string ToJson(const SpeechOfFile& speech) {
  return JsonLine({{"file", speech.path},
                   {"seconds", speech.seconds},
                   {"speech_seconds", speech.speech_seconds},
                   {"intervals", speech.stretches}});
}

std::string ToRow(const AudioDevice& device) {
  return Format("%d\t%s\t%s\t%d channels\t%.0f Hz%s\n", device.number,
                Printable(device.name).c_str(), Printable(device.api).c_str(), device.channels,
                device.rate, device.is_default ? "\tdefault" : "");
}

std::string ToJson(const AudioDevice& device) {
  return JsonLine({{"number", device.number},
                   {"name", device.name},
                   {"api", device.api},
                   {"channels", device.channels},
                   {"rate", device.rate},
                   {"default", device.is_default}});
}

}  // namespace vpr
