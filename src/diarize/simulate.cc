#include "vpr/diarize/simulate.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "vpr/audio/audio_reader.h"
#include "vpr/audio/degrade.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr std::uint64_t kMeetingStream = 91;
constexpr double kMeanPause = 0.21, kMeanOverlap = 0.7;  // seconds
constexpr double kLevel = 0.05, kLevelDeviationDb = 3;   // RMS of a speaker's speech
constexpr double kLeastSeconds = 1;
// Where a recording of one speaker holds speech; see SpokenParts.
constexpr double kFrame = 0.01;                               // seconds
constexpr double kLongestPause = 0.3, kShortestSpeech = 0.1;  // seconds
constexpr double kLoud = 0.95, kQuiet = 0.05;                 // quantiles of the frames' levels
constexpr double kBelowLoud = 35, kLeastBelowLoud = 12;       // dB
constexpr double kAboveQuiet = 0.35;                          // of the way from quiet to loud

double Exponential(double mean, Rng& rng) { return -mean * std::log(1 - rng.Uniform()); }

// A recording from its first to its last speech, and where in that somebody speaks.
struct Said {
  std::vector<float> samples;
  std::vector<TimeSpan> parts;
};

Said Read(const PackedDataset& set, std::size_t record) {
  std::vector<float> samples(set.NumSamples(record));
  set.ReadSamples(record, 0, samples.size(), samples.data());
  Said said;
  const std::vector<TimeSpan> parts = SpokenParts(samples);
  if (parts.empty()) return said;
  const auto begin = static_cast<std::ptrdiff_t>(std::lround(parts.front().begin * kSampleRate));
  const auto end =
      std::min(static_cast<std::ptrdiff_t>(samples.size()),
               static_cast<std::ptrdiff_t>(std::lround(parts.back().end * kSampleRate)));
  said.samples.assign(samples.begin() + begin, samples.begin() + end);
  for (const TimeSpan& part : parts)
    said.parts.push_back({part.begin - parts.front().begin, part.end - parts.front().begin});
  return said;
}

struct Planned {
  std::size_t speaker;  // in the meeting
  std::size_t record;
  std::size_t begin, samples;
  std::vector<TimeSpan> parts;  // from `begin` on
};

}  // namespace

std::vector<TimeSpan> SpokenParts(std::span<const float> samples) {
  const auto frame = static_cast<std::size_t>(kFrame * kSampleRate);
  std::vector<double> levels;
  for (std::size_t at = 0; at + frame <= samples.size(); at += frame) {
    // 25 ms around the frame.
    const std::size_t begin = at < 120 ? 0 : at - 120, end = std::min(at + 280, samples.size());
    double power = 1e-10;
    for (float sample : samples.subspan(begin, end - begin))
      power += static_cast<double>(sample) * sample / static_cast<double>(end - begin);
    levels.push_back(10 * std::log10(power));
  }
  if (levels.empty()) return {};
  std::vector<double> sorted = levels;
  std::sort(sorted.begin(), sorted.end());
  auto quantile = [&](double share) {
    return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
  };
  const double loud = quantile(kLoud), quiet = quantile(kQuiet);
  const double threshold = std::max(
      loud - kBelowLoud, std::min(quiet + kAboveQuiet * (loud - quiet), loud - kLeastBelowLoud));
  std::vector<TimeSpan> parts;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (levels[i] <= threshold) continue;
    const double begin = static_cast<double>(i) * kFrame;
    if (!parts.empty() && begin - parts.back().end <= kLongestPause + kFrame / 2)
      parts.back().end = begin + kFrame;
    else
      parts.push_back({begin, begin + kFrame});
  }
  std::erase_if(parts, [](const TimeSpan& one) {
    return one.end - one.begin < kShortestSpeech - kFrame / 2;
  });
  return parts;
}

SimulatedMeeting SimulateMeeting(const PackedDataset& set, const MeetingOptions& options,
                                 std::uint64_t number) {
  if (set.info().payload != PayloadKind::kPcm16)
    throw Error(ErrorCode::kInvalidArgument, Printable(set.prefix()) +
                                                 ": holds spectrograms; expected speech, which vpr "
                                                 "pack writes without --payload");
  std::vector<std::vector<std::size_t>> records(set.label_names().size());
  for (std::size_t i = 0; i < set.size(); ++i)
    if (set.Seconds(i) >= kLeastSeconds)
      records[static_cast<std::size_t>(set.label(i))].push_back(i);
  std::vector<std::size_t> people;
  for (std::size_t label = 0; label < records.size(); ++label)
    if (!records[label].empty() && set.label_names()[label] != kUnlabelled) people.push_back(label);
  if (people.size() < options.speakers)
    throw Error(ErrorCode::kInvalidArgument,
                Format("%s: %zu speakers with an utterance of a second or more, and %zu are wanted",
                       Printable(set.prefix()).c_str(), people.size(), options.speakers));

  Rng rng(options.seed, kMeetingStream, number);
  rng.Shuffle(people);
  people.resize(options.speakers);
  std::vector<std::vector<std::size_t>> left(people.size());
  std::vector<double> levels;
  for (std::size_t s = 0; s < people.size(); ++s)
    levels.push_back(kLevel * std::pow(10, kLevelDeviationDb * rng.Normal() / 20));

  // Who speaks when.
  const auto length = static_cast<std::size_t>(options.seconds * kSampleRate);
  std::vector<Planned> plan;
  double speech = 0, overlapped = 0;
  std::size_t end = 0, last = people.size(), silent = 0;
  while (true) {
    std::size_t speaker = rng.Below(people.size() - (last < people.size() && people.size() > 1));
    if (people.size() > 1 && speaker >= last) ++speaker;
    if (left[speaker].empty()) {
      left[speaker] = records[people[speaker]];
      rng.Shuffle(left[speaker]);
    }
    const std::size_t record = left[speaker].back();
    left[speaker].pop_back();
    Said said = Read(set, record);
    const std::size_t samples = said.samples.size();
    if (samples == 0) {
      if (++silent > set.size())
        throw Error(ErrorCode::kInvalidArgument,
                    Printable(set.prefix()) + ": no recording drawn from it holds speech");
      continue;
    }
    silent = 0;
    std::size_t begin = end;
    const bool overlaps = !plan.empty() && last != speaker && overlapped < options.overlap * speech;
    if (overlaps) {
      const auto most = static_cast<double>(std::min(samples, plan.back().samples)) * 0.9;
      const auto by =
          static_cast<std::size_t>(std::min(most, Exponential(kMeanOverlap, rng) * kSampleRate));
      begin -= std::min(by, begin);
      // Nobody speaks twice at once, and never more than two.
      std::size_t free = 0;
      for (std::size_t i = 0; i + 1 < plan.size(); ++i)
        free = std::max(free, plan[i].begin + plan[i].samples);
      begin = std::min(end, std::max(begin, free));
      overlapped += static_cast<double>(end - begin);
    } else if (!plan.empty()) {
      begin += static_cast<std::size_t>(Exponential(kMeanPause, rng) * kSampleRate);
    }
    if (begin + samples > length) break;
    plan.push_back({speaker, record, begin, samples, std::move(said.parts)});
    speech +=
        static_cast<double>(begin + samples - std::max(begin, std::min(end, begin + samples)));
    end = std::max(end, begin + samples);
    last = speaker;
  }

  SimulatedMeeting meeting;
  for (const Planned& turn : plan)
    for (const TimeSpan& part : turn.parts) {
      const double begin = static_cast<double>(turn.begin) / kSampleRate;
      meeting.turns.push_back(
          {begin + part.begin, begin + part.end, set.label_names()[people[turn.speaker]]});
    }
  std::stable_sort(meeting.turns.begin(), meeting.turns.end(),
                   [](const Turn& a, const Turn& b) { return a.begin < b.begin; });
  for (std::size_t m = 0; m < options.microphones; ++m) {
    std::vector<float> mix(length, 0.0f);
    std::vector<std::vector<float>> responses(people.size());
    if (!options.rooms.empty())
      for (std::vector<float>& response : responses)
        response = TrimResponse(options.rooms[rng.Below(options.rooms.size())]);
    for (const Planned& turn : plan) {
      std::vector<float> samples = Read(set, turn.record).samples;
      if (!responses[turn.speaker].empty()) Convolve(samples, responses[turn.speaker]);
      const double power = Power(samples);
      const auto gain = static_cast<float>(power > 0 ? levels[turn.speaker] / std::sqrt(power) : 0);
      for (std::size_t i = 0; i < samples.size(); ++i) mix[turn.begin + i] += gain * samples[i];
    }
    if (!options.noises.empty() && Power(mix) > 0) {
      const std::vector<float>& noise = options.noises[rng.Below(options.noises.size())];
      const std::size_t offset = rng.Below(noise.size());
      std::vector<float> stretch(mix.size());
      for (std::size_t i = 0; i < stretch.size(); ++i)
        stretch[i] = noise[(offset + i) % noise.size()];
      if (Power(stretch) > 0) AddNoise(mix, stretch, options.snr_db);
    }
    float peak = 0;
    for (float sample : mix) peak = std::max(peak, std::abs(sample));
    if (peak > 0.99f)
      for (float& sample : mix) sample *= 0.99f / peak;
    meeting.microphones.push_back(std::move(mix));
  }
  return meeting;
}

void WriteMeetings(const PackedDataset& set, const MeetingOptions& options, std::size_t count,
                   const std::string& folder, Progress& progress, const StopRequested& stop,
                   const std::function<void(const WrittenMeeting&)>& use) {
  progress.Start("simulating", "meeting", count);
  for (std::size_t k = 0; k < count; ++k) {
    if (stop()) throw Error(ErrorCode::kInterrupted, "stopped; the meetings before are whole");
    const SimulatedMeeting meeting = SimulateMeeting(set, options, k);
    WrittenMeeting written;
    written.turns = meeting.turns.size();
    for (const Turn& turn : meeting.turns) written.people.insert(turn.speaker);
    std::string names;
    for (const std::string& one : written.people) names += RttmField(one) + "\n";
    for (std::size_t m = 0; m < meeting.microphones.size(); ++m) {
      std::string name = Format("meeting-%03zu", k + 1);
      if (meeting.microphones.size() > 1) name += Format("-mic-%zu", m + 1);
      const std::string base = (std::filesystem::path(folder) / name).string();
      written.wav = base + ".wav";
      written.rttm = base + ".rttm";
      WriteWav(written.wav, meeting.microphones[m], kSampleRate);
      WriteFileAtomically(base + ".people", names);
      // The truth last: where it is, the recording is whole.
      WriteFileAtomically(written.rttm, ToRttm({name, meeting.turns}));
      use(written);
    }
    progress.Update(k + 1);
  }
  progress.Finish();
}

}  // namespace vpr
