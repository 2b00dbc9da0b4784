#include "vpr/diarize/diarizer.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>

#include "vpr/audio/speech_detector.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/diarize/cluster.h"
#include "vpr/model/measure_conditions.h"

namespace vpr {
namespace {

constexpr double kFrameSeconds = 0.01;
constexpr double kLongestPause = 0.3, kShortestSpeech = 0.2;
// Of the detector's own threshold: a meeting's short words and soft ends are worth more than the
// noise that comes in with them.
constexpr double kSpeechShare = 0.4;
constexpr double kMargin = 0.05;       // on each side of speech: the detector hears its loud middle
constexpr double kStepSeconds = 0.05;  // of the path through the groups
constexpr double kChange = 0.1;  // seconds that a change of speaker must be worth, at one deviation
constexpr double kPinned = 100;  // deviations by which a window is a group's own
constexpr double kPartSeconds = 10;      // speech embedded at once for a name
constexpr double kLeastPartSeconds = 2;  // the last part may be shorter if it is the only one
constexpr std::size_t kBatch = 32;       // windows embedded at once
constexpr double kJoinFmr = 0.01;        // of the threshold that windows are joined from
constexpr double kJoinCosine = 0.45;     // the same where embeddings are compared by their cosine
// Of the time: finding speech, embedding, naming.
constexpr double kFound = 0.1, kEmbedded = 0.7;

OnRead PartOf(const OnRead& on_read, double from, double to) {
  if (!on_read) return {};
  return [&on_read, from, to](double share) { on_read(from + (to - from) * share); };
}

std::size_t SampleAt(double seconds) {
  return static_cast<std::size_t>(std::llround(seconds * kSampleRate));
}

struct FoundSpeech {
  double seconds = 0;
  std::vector<TimeSpan> parts;
};

FoundSpeech FindSpeech(AudioSource& source, const OnRead& on_read) {
  SpeechDetector detector;
  const double threshold = kSpeechShare * SpeechDetector::DefaultNetwork().threshold;
  std::vector<bool> frames;
  std::vector<float> probabilities;
  std::size_t samples = 0;
  auto take = [&] {
    for (float probability : probabilities) frames.push_back(probability >= threshold);
    probabilities.clear();
  };
  source.ForEachBlock(
      [&](std::span<const float> block) {
        samples += block.size();
        detector.Accept(block, probabilities);
        take();
      },
      on_read);
  detector.Finish(probabilities);
  take();
  FoundSpeech speech{static_cast<double>(samples) / kSampleRate, SpeechParts(frames)};
  // At most to the middle of a pause.
  double before = 0;
  for (std::size_t p = 0; p < speech.parts.size(); ++p) {
    TimeSpan& part = speech.parts[p];
    const double end = part.end;
    const double middle =
        p + 1 < speech.parts.size() ? (end + speech.parts[p + 1].begin) / 2 : speech.seconds;
    part.begin = std::max(part.begin - kMargin, before);
    part.end = std::min(end + kMargin, middle);
    before = middle;
  }
  return speech;
}

struct Windows {
  std::vector<TimeSpan> at;
  std::vector<std::size_t> part;  // of speech, that each is in
};

Windows PlaceWindows(const std::vector<TimeSpan>& parts, const DiarizerOptions& options) {
  Windows windows;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    const TimeSpan& part = parts[p];
    double begin = part.begin;
    while (true) {
      const double end = std::min(begin + options.window, part.end);
      windows.at.push_back({std::max(part.begin, std::min(begin, part.end - options.window)), end});
      windows.part.push_back(p);
      if (end >= part.end) break;
      begin += options.step;
    }
  }
  return windows;
}

// Windows may overlap: their samples are kept from the earliest one under way on.
std::vector<Voiceprint> EmbedWindows(AudioSource& source, const std::vector<TimeSpan>& windows,
                                     const EmbeddingExtractor& extractor, int threads,
                                     const OnRead& on_read) {
  std::vector<Voiceprint> voices(windows.size());
  std::vector<float> buffer;
  std::size_t first = 0;  // sample number of the buffer's begin
  std::size_t next = 0;   // window
  std::vector<std::vector<float>> batch;
  std::size_t batch_begin = 0;
  auto embed = [&] {
    ParallelFor(batch.size(), threads, [&](std::size_t i) {
      const double seconds = static_cast<double>(batch[i].size()) / kSampleRate;
      SpeechConditions conditions =
          extractor.scorer().is_conditional() ? MeasureConditions(batch[i]) : SpeechConditions{};
      conditions.seconds = seconds;
      voices[batch_begin + i] =
          extractor.scorer().MakeVoiceprint(extractor.Extract(batch[i]), conditions);
      voices[batch_begin + i].embedding.clear();
      voices[batch_begin + i].embedding.shrink_to_fit();
    });
    batch_begin += batch.size();
    batch.clear();
  };
  auto take = [&](bool last) {
    while (next < windows.size()) {
      const std::size_t begin = SampleAt(windows[next].begin);
      std::size_t end = SampleAt(windows[next].end);
      if (last) end = std::min(end, first + buffer.size());
      if (first + buffer.size() < end) break;
      batch.emplace_back(buffer.begin() + static_cast<std::ptrdiff_t>(begin - first),
                         buffer.begin() + static_cast<std::ptrdiff_t>(end - first));
      ++next;
      if (batch.size() == kBatch) embed();
    }
    const std::size_t keep =
        next < windows.size() ? SampleAt(windows[next].begin) : first + buffer.size();
    const std::size_t drop = std::min(buffer.size(), keep > first ? keep - first : 0);
    buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(drop));
    first += drop;
  };
  source.ForEachBlock(
      [&](std::span<const float> block) {
        buffer.insert(buffer.end(), block.begin(), block.end());
        take(false);
      },
      on_read);
  take(true);
  embed();
  return voices;
}

// The groups' scores at every step of a part of speech, and the path that is worth most: the score
// of who speaks less what the changes cost.
void AddTurns(const TimeSpan& part, const std::vector<TimeSpan>& windows,
              const std::vector<std::vector<double>>& scores, double change,
              std::vector<Diarization::Stretch>& turns) {
  const auto steps = std::max<std::size_t>(
      1, static_cast<std::size_t>(std::ceil((part.end - part.begin) / kStepSeconds)));
  const std::size_t groups = scores[0].size();
  std::vector<double> value(groups, 0), arrived(groups);
  std::vector<std::vector<std::uint32_t>> from(steps, std::vector<std::uint32_t>(groups));
  std::size_t w = 0;
  for (std::size_t s = 0; s < steps; ++s) {
    const double at =
        std::min(part.begin + (static_cast<double>(s) + 0.5) * kStepSeconds, part.end);
    while (w + 1 < windows.size() && windows[w].end < at) ++w;
    const auto best =
        static_cast<std::uint32_t>(std::max_element(value.begin(), value.end()) - value.begin());
    for (std::size_t g = 0; g < groups; ++g) {
      const bool stay = value[g] >= value[best] - change;
      from[s][g] = stay ? static_cast<std::uint32_t>(g) : best;
      arrived[g] = stay ? value[g] : value[best] - change;
      double sum = 0, weight = 0;
      for (std::size_t k = w; k < windows.size() && windows[k].begin <= at; ++k) {
        if (windows[k].end < at) continue;
        // Most of what a window says is about its middle.
        const double half = (windows[k].end - windows[k].begin) / 2;
        const double near =
            1.05 - std::abs(at - (windows[k].begin + windows[k].end) / 2) / std::max(half, 1e-3);
        sum += near * scores[k][g];
        weight += near;
      }
      if (weight > 0) arrived[g] += sum / weight * kStepSeconds;
    }
    value = arrived;
  }
  std::vector<std::size_t> path(steps);
  auto g = static_cast<std::size_t>(std::max_element(value.begin(), value.end()) - value.begin());
  for (std::size_t s = steps; s-- > 0;) {
    path[s] = g;
    g = from[s][g];
  }
  for (std::size_t s = 0; s < steps; ++s) {
    const double begin = part.begin + static_cast<double>(s) * kStepSeconds;
    const double end = s + 1 == steps ? part.end : begin + kStepSeconds;
    if (s > 0 && path[s] == path[s - 1])
      turns.back().end = end;
    else
      turns.push_back({begin, end, path[s]});
  }
}

// All speech of each speaker, in parts: the mean of their embeddings, and its conditions.
class SpeakerEmbedder {
 public:
  SpeakerEmbedder(const EmbeddingExtractor& extractor, double seconds)
      : extractor_(&extractor), meter_(SampleAt(seconds)) {}

  void Accept(std::span<const float> samples) {
    meter_.Accept(samples);
    part_.insert(part_.end(), samples.begin(), samples.end());
    const std::size_t whole = SampleAt(kPartSeconds);
    while (part_.size() >= whole) {
      Embed(std::span(part_).first(whole));
      part_.erase(part_.begin(), part_.begin() + static_cast<std::ptrdiff_t>(whole));
    }
  }

  // Of somebody in `source`.
  Recording Finish(const std::string& source) {
    if (sum_.empty() || part_.size() >= SampleAt(kLeastPartSeconds)) Embed(part_);
    double square = 0;
    for (float value : sum_) square += static_cast<double>(value) * value;
    for (float& value : sum_) value /= static_cast<float>(std::sqrt(square));
    Recording recording;
    recording.source = source;
    recording.heard = true;
    recording.embedding = std::move(sum_);
    recording.conditions = meter_.Finish();
    recording.quality.speech_seconds = recording.conditions.seconds;
    return recording;
  }

 private:
  void Embed(std::span<const float> part) {
    const std::vector<float> embedding = extractor_->Extract(part);
    sum_.resize(embedding.size());
    for (std::size_t k = 0; k < sum_.size(); ++k) sum_[k] += embedding[k];
  }

  const EmbeddingExtractor* extractor_;
  ConditionsMeter meter_;
  std::vector<float> part_, sum_;
};

void NameSpeakers(AudioSource& source, const EmbeddingExtractor& extractor, const NameVoice& name,
                  Diarization& result, const OnRead& on_read) {
  std::vector<TimeSpan> cuts;
  for (const Diarization::Stretch& turn : result.turns) cuts.push_back({turn.begin, turn.end});
  std::vector<SpeakerEmbedder> embedders;
  for (const DiarizedSpeaker& speaker : result.speakers)
    embedders.emplace_back(extractor, speaker.seconds);
  ForEachCut(
      source, cuts,
      [&](std::size_t turn, std::span<const float> samples) {
        embedders[result.turns[turn].speaker].Accept(samples);
      },
      on_read);
  for (std::size_t s = 0; s < result.speakers.size(); ++s)
    result.speakers[s].name = name(embedders[s].Finish(source.name()));
}

// Groups with one name become one, the others are numbered.
void Label(Diarization& result) {
  std::vector<DiarizedSpeaker> speakers;
  std::vector<std::size_t> number(result.speakers.size());
  std::map<std::string, std::size_t> named;
  for (std::size_t s = 0; s < result.speakers.size(); ++s) {
    const DiarizedSpeaker& one = result.speakers[s];
    const auto found = one.name.known ? named.find(one.name.nearest) : named.end();
    if (found == named.end()) {
      number[s] = speakers.size();
      if (one.name.known) named[one.name.nearest] = speakers.size();
      speakers.push_back(one);
      continue;
    }
    number[s] = found->second;
    DiarizedSpeaker& same = speakers[found->second];
    if (one.name.score > same.name.score) same.name = one.name;
    same.seconds += one.seconds;
  }
  std::size_t unknown = 0;
  for (DiarizedSpeaker& one : speakers)
    one.label = one.name.known ? one.name.nearest : Format("speaker %zu", ++unknown);
  std::vector<Diarization::Stretch> turns;
  for (Diarization::Stretch turn : result.turns) {
    turn.speaker = number[turn.speaker];
    if (!turns.empty() && turns.back().speaker == turn.speaker && turns.back().end >= turn.begin)
      turns.back().end = turn.end;
    else
      turns.push_back(turn);
  }
  result.speakers = std::move(speakers);
  result.turns = std::move(turns);
}

}  // namespace

std::vector<TimeSpan> SpeechParts(const std::vector<bool>& frames) {
  std::vector<TimeSpan> found;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (!frames[i]) continue;
    const double begin = static_cast<double>(i) * kFrameSeconds;
    if (!found.empty() && begin - found.back().end <= kLongestPause + kFrameSeconds / 2)
      found.back().end = begin + kFrameSeconds;
    else
      found.push_back({begin, begin + kFrameSeconds});
  }
  std::erase_if(found, [](const TimeSpan& one) {
    return one.end - one.begin < kShortestSpeech - kFrameSeconds / 2;
  });
  return found;
}

void ForEachCut(const std::string& path, const ReadOptions& read,
                const std::vector<TimeSpan>& intervals,
                const std::function<void(std::size_t, std::span<const float>)>& use,
                const OnRead& on_read) {
  AudioSource source(path, read);
  ForEachCut(source, intervals, use, on_read);
}

void ForEachCut(AudioSource& source, const std::vector<TimeSpan>& intervals,
                const std::function<void(std::size_t, std::span<const float>)>& use,
                const OnRead& on_read) {
  std::size_t at = 0, next = 0;
  source.ForEachBlock(
      [&](std::span<const float> block) {
        const std::size_t end = at + block.size();
        while (next < intervals.size()) {
          const std::size_t from = std::max(SampleAt(intervals[next].begin), at);
          const std::size_t to = std::min(SampleAt(intervals[next].end), end);
          if (from < to) use(next, block.subspan(from - at, to - from));
          if (SampleAt(intervals[next].end) > end) break;
          ++next;
        }
        at = end;
      },
      on_read);
}

Annotation Diarization::ToAnnotation(const std::string& recording) const {
  Annotation annotation{recording, {}};
  for (const Stretch& turn : turns)
    annotation.turns.push_back({turn.begin, turn.end, speakers[turn.speaker].label});
  return annotation;
}

double DefaultClusterThreshold(const ModelInfo& info, const Scorer& scorer) {
  for (const FmrThreshold& one : info.fmr_thresholds)
    if (std::abs(one.wanted_fmr - kJoinFmr) < 1e-9) return one.threshold;
  if (!info.decision.basis.empty()) return info.decision.threshold;
  return scorer.is_cosine() ? kJoinCosine : 0;
}

Diarization Diarize(const std::string& path, const EmbeddingExtractor& extractor,
                    const DiarizerOptions& options, const NameVoice& name, const OnRead& on_read) {
  Diarization result =
      Diarize(AudioSource(path, extractor.options().read), extractor, options, name, on_read);
  result.source = path;
  return result;
}

Diarization Diarize(AudioSource source, const EmbeddingExtractor& extractor,
                    const DiarizerOptions& options, const NameVoice& name, const OnRead& on_read) {
  Diarization result;
  result.source = source.name();
  const FoundSpeech speech = FindSpeech(source, PartOf(on_read, 0, kFound));
  result.seconds = speech.seconds;
  for (const TimeSpan& part : speech.parts) result.speech_seconds += part.end - part.begin;
  if (speech.parts.empty()) return result;

  const Windows windows = PlaceWindows(speech.parts, options);
  const std::vector<Voiceprint> voices =
      EmbedWindows(source, windows.at, extractor, options.threads,
                   PartOf(on_read, kFound, name ? kEmbedded : 1));
  const Scorer& scorer = extractor.scorer();
  ClusterOptions cluster;
  cluster.threshold = options.threshold.value_or(DefaultClusterThreshold(extractor.info(), scorer));
  cluster.fewest = options.fewest;
  cluster.most = options.most;
  // Windows overlap, so their seconds add up to more than the speech.
  cluster.least_seconds = options.least_seconds * options.window / options.step;
  cluster.neighbours =
      static_cast<std::size_t>(std::ceil(options.window / options.step - 1e-9)) - 1;
  const std::vector<std::size_t> labels = ClusterVoices(voices, scorer, cluster);
  const std::size_t groups = 1 + *std::max_element(labels.begin(), labels.end());

  std::vector<VoiceGroup> group(groups);
  for (std::size_t i = 0; i < voices.size(); ++i)
    group[labels[i]].Add(VoiceGroup(voices[i], scorer));
  std::vector<std::vector<double>> scores(voices.size(), std::vector<double>(groups));
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < voices.size(); ++i) {
    const VoiceGroup piece(voices[i], scorer);
    for (std::size_t g = 0; g < groups; ++g) {
      scores[i][g] = piece.MeanScore(group[g]);
      sum += scores[i][g];
      squares += scores[i][g] * scores[i][g];
    }
  }
  const double n = static_cast<double>(voices.size() * groups), mean = sum / n;
  const double deviation = std::sqrt(std::max(squares / n - mean * mean, 1e-12));
  auto find_turns = [&] {
    result.turns.clear();
    std::size_t first = 0;
    for (std::size_t p = 0; p < speech.parts.size(); ++p) {
      std::size_t end = first;
      while (end < windows.part.size() && windows.part[end] == p) ++end;
      const auto from = static_cast<std::ptrdiff_t>(first), to = static_cast<std::ptrdiff_t>(end);
      AddTurns(speech.parts[p], {windows.at.begin() + from, windows.at.begin() + to},
               {scores.begin() + from, scores.begin() + to}, kChange * deviation, result.turns);
      first = end;
    }
    std::vector<bool> speaks(groups, false);
    for (const Diarization::Stretch& turn : result.turns) speaks[turn.speaker] = true;
    return speaks;
  };
  // A group without a turn after the path is none, unless so many are wanted: its windows are then
  // its own.
  std::vector<bool> speaks = find_turns();
  if (static_cast<std::size_t>(std::count(speaks.begin(), speaks.end(), true)) <
      std::min(options.fewest, groups)) {
    for (std::size_t i = 0; i < voices.size(); ++i)
      if (!speaks[labels[i]])
        scores[i][labels[i]] = *std::max_element(scores[i].begin(), scores[i].end()) +
                               kPinned * std::max(deviation, 1e-3);
    find_turns();
  }
  std::vector<std::size_t> number(groups, groups);
  for (Diarization::Stretch& turn : result.turns) {
    if (number[turn.speaker] == groups) {
      number[turn.speaker] = result.speakers.size();
      result.speakers.emplace_back();
    }
    turn.speaker = number[turn.speaker];
    result.speakers[turn.speaker].seconds += turn.end - turn.begin;
  }
  if (name) NameSpeakers(source, extractor, name, result, PartOf(on_read, kEmbedded, 1));
  Label(result);
  return result;
}

}  // namespace vpr
