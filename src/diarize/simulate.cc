#include "vpr/diarize/simulate.h"

#include <algorithm>
#include <cmath>

#include "vpr/audio/audio_reader.h"
#include "vpr/audio/degrade.h"
#include "vpr/base/error.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr std::uint64_t kMeetingStream = 91;
constexpr double kMeanPause = 0.21, kMeanOverlap = 0.7;  // seconds
constexpr double kLevel = 0.05, kLevelDeviationDb = 3;   // RMS of a speaker's speech
constexpr double kLeastSeconds = 1;

double Exponential(double mean, Rng& rng) { return -mean * std::log(1 - rng.Uniform()); }

struct Planned {
  std::size_t speaker;  // in the meeting
  std::size_t record;
  std::size_t begin, samples;
};

}  // namespace

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
  std::size_t end = 0, last = people.size();
  while (true) {
    std::size_t speaker = rng.Below(people.size() - (last < people.size() && people.size() > 1));
    if (people.size() > 1 && speaker >= last) ++speaker;
    if (left[speaker].empty()) {
      left[speaker] = records[people[speaker]];
      rng.Shuffle(left[speaker]);
    }
    const std::size_t record = left[speaker].back();
    left[speaker].pop_back();
    const std::size_t samples = set.NumSamples(record);
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
    plan.push_back({speaker, record, begin, samples});
    speech +=
        static_cast<double>(begin + samples - std::max(begin, std::min(end, begin + samples)));
    end = std::max(end, begin + samples);
    last = speaker;
  }

  SimulatedMeeting meeting;
  for (const Planned& turn : plan)
    meeting.turns.push_back({static_cast<double>(turn.begin) / kSampleRate,
                             static_cast<double>(turn.begin + turn.samples) / kSampleRate,
                             set.label_names()[people[turn.speaker]]});
  for (std::size_t m = 0; m < options.microphones; ++m) {
    std::vector<float> mix(length, 0.0f);
    std::vector<std::vector<float>> responses(people.size());
    if (!options.rooms.empty())
      for (std::vector<float>& response : responses)
        response = TrimResponse(options.rooms[rng.Below(options.rooms.size())]);
    for (const Planned& turn : plan) {
      std::vector<float> samples(turn.samples);
      set.ReadSamples(turn.record, 0, turn.samples, samples.data());
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

}  // namespace vpr
