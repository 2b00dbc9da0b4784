// What recordings are and what was found in them, and microphones, in words and as JSON
// (docs/json.md). Each JSON is one object on a line of its own.
#pragma once

#include <string>
#include <vector>

#include "vpr/audio/audio_reader.h"
#include "vpr/audio/trim.h"
#include "vpr/features/feature_table.h"
#include "vpr/mic/microphone.h"

namespace vpr {

// What a file says of itself. Its audio tracks are a line each.
std::string ToText(const AudioInfo& info);
std::string ToJson(const std::string& file, const AudioInfo& info,
                   const std::vector<std::string>& warnings);

// Features that were computed, of what, and where they were written; empty: nowhere.
struct ComputedFeatures {
  std::string file, kind, array, plot;
  bool trimmed = true;
  AudioInfo info;
  int sample_rate = 0;
  double seconds = 0;  // of what they are computed from
  FeatureTable table;
};
std::string ToText(const ComputedFeatures& features);
std::string ToJson(const ComputedFeatures& features);

// A line an interval: begin and end in samples, and both again in seconds.
std::string ToText(const TrimmedRecording& trimmed);
// `output`: where it was written; empty: nowhere.
std::string ToJson(const std::string& file, const TrimmedRecording& trimmed,
                   const std::string& output);

// A line a stretch of speech, begin and end in seconds.
std::string ToText(const SpeechOfFile& speech);
// One line: seconds of speech, seconds in all, name.
std::string ToRow(const SpeechOfFile& speech);
std::string ToJson(const SpeechOfFile& speech);

// One line: number, name, sound system, channels, rate.
std::string ToRow(const AudioDevice& device);
std::string ToJson(const AudioDevice& device);

}  // namespace vpr
