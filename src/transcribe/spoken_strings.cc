#include "vpr/transcribe/spoken_strings.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>

#include "vpr/audio/audio_reader.h"
#include "vpr/audio/degrade.h"
#include "vpr/audio/speech.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/dataset/source.h"

namespace vpr {
namespace {

constexpr double kEdgeDb = 30;                           // below the loudest: silence
constexpr std::size_t kMargin = kSampleRate / 20;        // kept at either end
constexpr std::size_t kWindow = 4 * 16;                  // recordings decoded at once, at most
constexpr double kPauseLeast = 0.03, kPauseMost = 0.35;  // seconds
constexpr double kEdgeLeast = 0.05, kEdgeMost = 0.4;     // before the first, after the last
constexpr double kPauseNoiseDb = 45;  // pauses are no digital silence: below the words

std::vector<std::int16_t> ToInt16(std::span<const float> samples) {
  std::vector<std::int16_t> integers;
  integers.reserve(samples.size());
  for (float sample : samples)
    integers.push_back(
        static_cast<std::int16_t>(std::lround(std::clamp(sample, -1.0f, 1.0f) * 32767.0f)));
  return integers;
}

std::vector<float> ToFloat(const std::vector<std::int16_t>& integers) {
  std::vector<float> samples;
  samples.reserve(integers.size());
  for (std::int16_t integer : integers) samples.push_back(static_cast<float>(integer) / 32767.0f);
  return samples;
}

std::span<const float> WithoutEdges(const std::vector<float>& samples) {
  const std::vector<Interval> intervals = SplitSpeech(samples, kEdgeDb);
  if (intervals.empty()) return samples;
  const std::size_t begin = intervals.front().begin, end = intervals.back().end;
  const std::size_t first = begin > kMargin ? begin - kMargin : 0;
  return std::span(samples).subspan(first, std::min(end + kMargin, samples.size()) - first);
}

void AddWhiteNoise(std::vector<float>& samples, double snr_db, Rng& rng) {
  const double deviation = std::sqrt(Power(samples) * std::pow(10, -snr_db / 10));
  for (float& sample : samples) sample += static_cast<float>(deviation * rng.Normal());
}

std::vector<std::vector<std::int16_t>> ReadAll(const std::vector<std::string>& paths, bool trim,
                                               const char* what, int threads, Progress& progress,
                                               const StopRequested& stop,
                                               std::vector<std::string>& failures) {
  std::vector<std::vector<std::int16_t>> recordings(paths.size());
  failures.assign(paths.size(), "");
  progress.Start(what, "file", paths.size());
  const std::size_t done = OrderedParallelFor(
      paths.size(), threads > 0 ? threads : HardwareThreads(), kWindow,
      [&](std::size_t i) {
        try {
          const std::vector<float> samples = ReadAudio(paths[i]).samples;
          if (!(Power(samples) > 0))
            throw Error(ErrorCode::kUnusable, "'" + Printable(paths[i]) + "' is silent");
          recordings[i] = ToInt16(trim ? WithoutEdges(samples) : std::span<const float>(samples));
        } catch (const Error& error) {
          failures[i] = error.what();
        }
      },
      [&](std::size_t i) { progress.Update(i + 1); }, stop);
  if (done < paths.size()) throw Error(ErrorCode::kInterrupted, "stopped while reading recordings");
  progress.Finish();
  return recordings;
}

}  // namespace

JoinOptions ParseJoin(const std::string& text) {
  if (text.empty()) return {};
  const std::size_t dash = text.find('-');
  auto number = [&](std::string_view digits) {
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || value < 1 || value > 50)
      throw Error(
          ErrorCode::kInvalidArgument,
          "'" + Printable(text) + "' is no number of recordings; expected N or A-B, 1 to 50");
    return value;
  };
  JoinOptions options;
  options.least = number(std::string_view(text).substr(0, dash));
  options.most =
      dash == std::string::npos ? options.least : number(std::string_view(text).substr(dash + 1));
  if (options.most < options.least)
    throw Error(ErrorCode::kInvalidArgument, "'" + Printable(text) + "' goes down");
  return options;
}

SpokenStrings::SpokenStrings(const std::string& list, const TokenTable& tokens,
                             const JoinOptions& join, int threads, Progress& progress,
                             const StopRequested& stop)
    : join_(join) {
  VPR_CHECK(join.least >= 1 && join.most >= join.least);
  RecordingTable table = ReadRecordingTable(list);
  const std::size_t text = table.Column("text"), speaker = table.Column("speaker");
  auto missing = [&](const char* name) {
    return Error(ErrorCode::kInvalidArgument, "list '" + Printable(list) + "' has no column '" +
                                                  name + "'; expected path, text and speaker");
  };
  if (text == table.columns.size()) throw missing("text");
  if (join.most > 1 && speaker == table.columns.size()) throw missing("speaker");
  std::vector<std::string> paths;
  for (RecordingTable::Row& row : table.rows) {
    Utterance utterance;
    utterance.path = std::move(row.path);
    if (speaker < table.columns.size()) utterance.speaker = row.values[speaker];
    const std::string& said = row.values[text];
    if (said.empty() || said == "-") {
      left_out_.push_back(Format("line %zu has no text", row.line));
      continue;
    }
    try {
      utterance.labels = tokens.Encode(said);
    } catch (const Error& error) {
      left_out_.push_back(Format("line %zu: ", row.line) + error.what());
      continue;
    }
    paths.push_back(utterance.path);
    utterances_.push_back(std::move(utterance));
  }
  std::vector<std::string> failures;
  std::vector<std::vector<std::int16_t>> recordings =
      ReadAll(paths, join.most > 1, "reading", threads, progress, stop, failures);
  std::vector<Utterance> usable;
  for (std::size_t i = 0; i < utterances_.size(); ++i) {
    if (!failures[i].empty()) {
      left_out_.push_back(failures[i]);
      continue;
    }
    utterances_[i].samples = std::move(recordings[i]);
    usable.push_back(std::move(utterances_[i]));
  }
  utterances_ = std::move(usable);
  if (utterances_.empty())
    throw Error(ErrorCode::kUnusable,
                "no recording of '" + Printable(list) + "' can be used" +
                    (left_out_.empty() ? "" : "; the first one: " + left_out_.front()));
  std::map<std::string, std::vector<std::size_t>> by_speaker;
  for (std::size_t i = 0; i < utterances_.size(); ++i)
    by_speaker[utterances_[i].speaker].push_back(i);
  speaker_of_.resize(utterances_.size());
  for (auto& [name, numbers] : by_speaker) {
    for (std::size_t i : numbers) speaker_of_[i] = speakers_.size();
    speakers_.push_back(name);
    of_speaker_.push_back(std::move(numbers));
  }
}

SpokenStrings::String SpokenStrings::Make(std::size_t first, Rng& rng) const {
  const Utterance& begins = utterances_.at(first);
  String string;
  string.speaker = begins.speaker;
  string.first = begins.path;
  if (join_.most == 1) {
    string.samples = ToFloat(begins.samples);
    string.labels = begins.labels;
    return string;
  }
  auto pause = [&](double least, double most) {
    string.samples.resize(string.samples.size() +
                          static_cast<std::size_t>(rng.Uniform(least, most) * kSampleRate));
  };
  const std::vector<std::size_t>& others = of_speaker_[speaker_of_[first]];
  const int count =
      join_.least +
      static_cast<int>(rng.Below(static_cast<std::size_t>(join_.most - join_.least + 1)));
  pause(kEdgeLeast, kEdgeMost);
  for (int k = 0; k < count; ++k) {
    if (k > 0) pause(kPauseLeast, kPauseMost);
    const Utterance& next = k == 0 ? begins : utterances_[others[rng.Below(others.size())]];
    const std::vector<float> samples = ToFloat(next.samples);
    string.samples.insert(string.samples.end(), samples.begin(), samples.end());
    string.labels.insert(string.labels.end(), next.labels.begin(), next.labels.end());
  }
  pause(kEdgeLeast, kEdgeMost);
  AddWhiteNoise(string.samples, kPauseNoiseDb, rng);
  return string;
}

StringAugmenter::StringAugmenter(const std::string& noise_list, int threads, Progress& progress,
                                 const StopRequested& stop) {
  if (noise_list.empty()) return;
  std::vector<std::string> paths, failures;
  for (RecordingTable::Row& row : ReadRecordingTable(noise_list).rows)
    paths.push_back(std::move(row.path));
  for (std::vector<std::int16_t>& noise :
       ReadAll(paths, false, "reading noises", threads, progress, stop, failures))
    if (!noise.empty()) noises_.push_back(std::move(noise));
  for (const std::string& failure : failures)
    if (!failure.empty()) progress.Warn("left out: " + failure);
  if (noises_.empty())
    throw Error(ErrorCode::kUnusable, "no noise of '" + Printable(noise_list) + "' can be used");
}

void StringAugmenter::Apply(std::vector<float>& samples, Rng& rng) const {
  if (samples.empty()) return;
  if (rng.Uniform() < 0.7) {
    const double speed = rng.Uniform(0.9, 1.1);
    std::vector<float> changed;
    for (double at = 0; at < static_cast<double>(samples.size() - 1); at += speed) {
      const auto i = static_cast<std::size_t>(at);
      const auto t = static_cast<float>(at - static_cast<double>(i));
      changed.push_back(samples[i] * (1 - t) + samples[i + 1] * t);
    }
    if (!changed.empty()) samples = std::move(changed);
  }
  if (rng.Uniform() < 0.3) {
    const double t60 = rng.Uniform(0.1, 0.6), reverberant = rng.Uniform(-12, 3);
    Convolve(samples, SimulateRoom(t60, reverberant, rng));
  }
  if (rng.Uniform() < 0.2) NarrowBand(samples, 8000, rng.Uniform() < 0.5);
  const double snr_db = rng.Uniform(5, 40);
  if (!noises_.empty() && rng.Uniform() < 0.6) {
    const std::vector<float> noise = ToFloat(noises_[rng.Below(noises_.size())]);
    const std::size_t from = rng.Below(noise.size());
    if (Power(std::span(noise).subspan(from)) > 0)
      AddNoise(samples, std::span(noise).subspan(from), snr_db);
  } else if (rng.Uniform() < 0.5) {
    AddWhiteNoise(samples, snr_db, rng);
  }
}

}  // namespace vpr
