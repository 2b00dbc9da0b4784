#include "vpr/diarize/error_rate.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"
#include "vpr/diarize/assignment.h"

namespace vpr {
namespace {

constexpr std::size_t kMostSpeakers = 2000;
constexpr std::uint64_t kResampleStream = 83;
constexpr std::size_t kDraws = 1000;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double Ratio(double part, double whole) { return whole > 0 ? part / whole : kNone; }

// One side's speakers, their turns joined.
struct Side {
  std::vector<std::string> names;
  std::vector<std::vector<TimeSpan>> turns;
};

Side MakeSide(const std::vector<Turn>& turns) {
  std::map<std::string, std::vector<TimeSpan>> by_name;
  for (const Turn& turn : turns)
    if (turn.end > turn.begin) by_name[turn.speaker].push_back({turn.begin, turn.end});
  if (by_name.size() > kMostSpeakers)
    throw Error(ErrorCode::kInvalidArgument,
                Format("%zu speakers in one recording; at most %zu can be scored", by_name.size(),
                       kMostSpeakers));
  Side side;
  for (auto& [name, intervals] : by_name) {
    side.names.push_back(name);
    side.turns.push_back(UnionOf(std::move(intervals)));
  }
  return side;
}

std::vector<TimeSpan> Extent(const Side& reference, const Side& hypothesis) {
  TimeSpan extent = {std::numeric_limits<double>::infinity(), 0};
  for (const Side* side : {&reference, &hypothesis})
    for (const auto& turns : side->turns)
      extent = {std::min(extent.begin, turns.front().begin),
                std::max(extent.end, turns.back().end)};
  return UnionOf({extent});
}

// Who speaks between two boundaries.
struct Moment {
  double seconds;
  std::vector<std::size_t> reference, hypothesis;
};

enum class Kind { kReference, kHypothesis, kPart, kCollar };
struct Boundary {
  double time;
  int step;  // +1 or -1
  Kind kind;
  std::size_t speaker;
};

// Calls take(Moment) for every stretch that is scored, in order of time.
template <typename Take>
void ForEachMoment(const Side& reference, const Side& hypothesis,
                   const std::vector<TimeSpan>& parts, const ErrorProtocol& protocol,
                   const Take& take) {
  std::vector<Boundary> boundaries;
  auto add = [&](const TimeSpan& interval, Kind kind, std::size_t speaker) {
    boundaries.push_back({interval.begin, 1, kind, speaker});
    boundaries.push_back({interval.end, -1, kind, speaker});
  };
  for (std::size_t s = 0; s < reference.turns.size(); ++s) {
    for (const TimeSpan& turn : reference.turns[s]) {
      add(turn, Kind::kReference, s);
      if (protocol.collar > 0)
        for (double edge : {turn.begin, turn.end})
          add({edge - protocol.collar, edge + protocol.collar}, Kind::kCollar, 0);
    }
  }
  for (std::size_t s = 0; s < hypothesis.turns.size(); ++s)
    for (const TimeSpan& turn : hypothesis.turns[s]) add(turn, Kind::kHypothesis, s);
  for (const TimeSpan& part : parts) add(part, Kind::kPart, 0);
  std::sort(boundaries.begin(), boundaries.end(),
            [](const Boundary& a, const Boundary& b) { return a.time < b.time; });

  Moment moment;
  int in_part = 0, in_collar = 0;
  auto change = [](std::vector<std::size_t>& speakers, const Boundary& boundary) {
    if (boundary.step > 0)
      speakers.push_back(boundary.speaker);
    else
      speakers.erase(std::find(speakers.begin(), speakers.end(), boundary.speaker));
  };
  for (std::size_t i = 0; i < boundaries.size(); ++i) {
    const Boundary& boundary = boundaries[i];
    switch (boundary.kind) {
      case Kind::kReference:
        change(moment.reference, boundary);
        break;
      case Kind::kHypothesis:
        change(moment.hypothesis, boundary);
        break;
      case Kind::kPart:
        in_part += boundary.step;
        break;
      case Kind::kCollar:
        in_collar += boundary.step;
        break;
    }
    if (i + 1 == boundaries.size()) break;
    moment.seconds = boundaries[i + 1].time - boundary.time;
    if (moment.seconds > 0 && in_part > 0 && in_collar == 0 &&
        !(protocol.skip_overlap && moment.reference.size() > 1))
      take(moment);
  }
}

using Matrix = std::vector<std::vector<double>>;

// Seconds: each speaker's, and of pairs at once.
struct Together {
  std::vector<double> reference, hypothesis;
  Matrix both;
  DiarizationErrors errors;
};

Together Measure(const Side& reference, const Side& hypothesis, const std::vector<TimeSpan>& parts,
                 const ErrorProtocol& protocol) {
  Together sums;
  sums.reference.resize(reference.names.size());
  sums.hypothesis.resize(hypothesis.names.size());
  sums.both.assign(reference.names.size(), std::vector<double>(hypothesis.names.size()));
  double either = 0;  // where as many as the fewer side has could be right
  ForEachMoment(reference, hypothesis, parts, protocol, [&](const Moment& moment) {
    const auto r = static_cast<double>(moment.reference.size());
    const auto h = static_cast<double>(moment.hypothesis.size());
    sums.errors.speech += r * moment.seconds;
    sums.errors.miss += std::max(0.0, r - h) * moment.seconds;
    sums.errors.false_alarm += std::max(0.0, h - r) * moment.seconds;
    either += std::min(r, h) * moment.seconds;
    for (std::size_t j : moment.hypothesis) sums.hypothesis[j] += moment.seconds;
    for (std::size_t i : moment.reference) {
      sums.reference[i] += moment.seconds;
      for (std::size_t j : moment.hypothesis) sums.both[i][j] += moment.seconds;
    }
  });
  const std::vector<std::size_t> mapped = AssignMost(sums.both);
  double right = 0;
  for (std::size_t i = 0; i < mapped.size(); ++i)
    if (mapped[i] != kUnassigned) right += sums.both[i][mapped[i]];
  // Differences of sums: what is left of rounding is none.
  sums.errors.confusion = std::max(0.0, either - right);
  if (sums.errors.confusion < 1e-9 * either) sums.errors.confusion = 0;
  return sums;
}

JaccardErrors MeasureJaccard(const Together& sums) {
  Matrix likeness = sums.both;
  // A speaker of the reference who is not in what is scored does not count.
  std::vector<std::vector<double>> rows;
  for (std::size_t i = 0; i < likeness.size(); ++i) {
    if (!(sums.reference[i] > 0)) continue;
    for (std::size_t j = 0; j < likeness[i].size(); ++j) {
      const double either = sums.reference[i] + sums.hypothesis[j] - sums.both[i][j];
      likeness[i][j] = either > 0 ? sums.both[i][j] / either : 0;
    }
    rows.push_back(std::move(likeness[i]));
  }
  JaccardErrors errors;
  errors.speakers = rows.size();
  const std::vector<std::size_t> mapped = AssignMost(rows);
  for (std::size_t i = 0; i < rows.size(); ++i)
    errors.sum += mapped[i] == kUnassigned ? 1 : 1 - rows[i][mapped[i]];
  return errors;
}

NameErrors MeasureNames(const Side& reference, const Side& hypothesis,
                        const std::vector<TimeSpan>& parts, const std::set<std::string>& enrolled) {
  NameErrors errors;
  ForEachMoment(reference, hypothesis, parts, {}, [&](const Moment& moment) {
    std::size_t with_name = 0, strangers = 0, right = 0, names = 0;
    for (std::size_t i : moment.reference)
      ++(enrolled.contains(reference.names[i]) ? with_name : strangers);
    for (std::size_t j : moment.hypothesis) {
      const std::string& name = hypothesis.names[j];
      if (!enrolled.contains(name)) continue;
      const bool speaks = std::any_of(moment.reference.begin(), moment.reference.end(),
                                      [&](std::size_t i) { return reference.names[i] == name; });
      ++(speaks ? right : names);
    }
    const std::size_t named = std::min(names, strangers);
    const std::size_t wrong = std::min(names - named, with_name - right);
    auto seconds = [&](std::size_t n) { return static_cast<double>(n) * moment.seconds; };
    errors.enrolled += seconds(with_name);
    errors.right += seconds(right);
    errors.wrong += seconds(wrong);
    errors.missed += seconds(with_name - right - wrong);
    errors.strangers += seconds(strangers);
    errors.named += seconds(named);
    errors.named_nothing += seconds(names - named - wrong);
  });
  return errors;
}

std::size_t CountSpeaking(const std::vector<double>& seconds) {
  return static_cast<std::size_t>(
      std::count_if(seconds.begin(), seconds.end(), [](double s) { return s > 0; }));
}

double CountError(const RecordingErrors& one) {
  return std::abs(static_cast<double>(one.hypothesis_speakers) -
                  static_cast<double>(one.reference_speakers));
}

void Add(RecordingErrors& sum, const RecordingErrors& one) {
  sum.full += one.full;
  sum.fair += one.fair;
  sum.forgiving += one.forgiving;
  sum.jaccard += one.jaccard;
  sum.reference_speakers += one.reference_speakers;
  sum.hypothesis_speakers += one.hypothesis_speakers;
  if (one.names) {
    if (!sum.names) sum.names.emplace();
    *sum.names += *one.names;
  }
}

}  // namespace

double DiarizationErrors::rate() const { return Ratio(errors(), speech); }

DiarizationErrors& DiarizationErrors::operator+=(const DiarizationErrors& other) {
  speech += other.speech;
  miss += other.miss;
  false_alarm += other.false_alarm;
  confusion += other.confusion;
  return *this;
}

double JaccardErrors::rate() const { return Ratio(sum, static_cast<double>(speakers)); }

JaccardErrors& JaccardErrors::operator+=(const JaccardErrors& other) {
  sum += other.sum;
  speakers += other.speakers;
  return *this;
}

double NameErrors::rate() const {
  return Ratio(wrong + missed + named + named_nothing, enrolled + strangers);
}

NameErrors& NameErrors::operator+=(const NameErrors& other) {
  enrolled += other.enrolled;
  right += other.right;
  wrong += other.wrong;
  missed += other.missed;
  strangers += other.strangers;
  named += other.named;
  named_nothing += other.named_nothing;
  return *this;
}

DiarizationErrors ScoreDiarization(const std::vector<Turn>& reference,
                                   const std::vector<Turn>& hypothesis,
                                   const std::optional<std::vector<TimeSpan>>& parts,
                                   const ErrorProtocol& protocol) {
  const Side truth = MakeSide(reference), found = MakeSide(hypothesis);
  return Measure(truth, found, parts ? *parts : Extent(truth, found), protocol).errors;
}

RecordingErrors ScoreRecording(const Annotation& reference, const std::vector<Turn>& hypothesis,
                               const std::optional<std::vector<TimeSpan>>& given,
                               const DiarizationScoring& scoring) {
  const Side truth = MakeSide(reference.turns), found = MakeSide(hypothesis);
  const std::vector<TimeSpan> parts = given ? *given : Extent(truth, found);
  RecordingErrors errors;
  errors.recording = reference.recording;
  const Together full = Measure(truth, found, parts, {});
  errors.full = full.errors;
  errors.fair = Measure(truth, found, parts, {scoring.collar, false}).errors;
  errors.forgiving = Measure(truth, found, parts, {scoring.collar, true}).errors;
  errors.jaccard = MeasureJaccard(full);
  errors.reference_speakers = CountSpeaking(full.reference);
  errors.hypothesis_speakers = CountSpeaking(full.hypothesis);
  if (scoring.enrolled) errors.names = MeasureNames(truth, found, parts, *scoring.enrolled);
  return errors;
}

PooledErrors PoolErrors(const std::vector<RecordingErrors>& recordings, std::uint64_t seed) {
  // The rates, of recordings that count as often as they were drawn.
  using Draw = std::vector<std::size_t>;
  auto pool = [&](const Draw& draw) {
    RecordingErrors sum;
    double count_error = 0, count_right = 0;
    for (std::size_t i : draw) {
      Add(sum, recordings[i]);
      count_error += CountError(recordings[i]);
      count_right += CountError(recordings[i]) == 0 ? 1 : 0;
    }
    const auto n = static_cast<double>(draw.size());
    std::vector<double> rates = {sum.full.rate(),    sum.fair.rate(),       sum.forgiving.rate(),
                                 sum.jaccard.rate(), Ratio(count_error, n), Ratio(count_right, n)};
    const NameErrors names = sum.names.value_or(NameErrors{});
    for (double rate :
         {names.rate(), Ratio(names.right, names.enrolled), Ratio(names.wrong, names.enrolled),
          Ratio(names.missed, names.enrolled), Ratio(names.named, names.strangers)})
      rates.push_back(rate);
    return std::pair(sum, rates);
  };
  Draw every(recordings.size());
  for (std::size_t i = 0; i < every.size(); ++i) every[i] = i;
  const auto measured = pool(every);
  const auto& sum = measured.first;
  const auto& rates = measured.second;
  std::vector<std::vector<double>> drawn(rates.size());
  if (recordings.size() > 1) {
    for (std::size_t d = 0; d < kDraws; ++d) {
      Rng rng(seed, kResampleStream, d);
      Draw draw(recordings.size());
      for (std::size_t& one : draw) one = rng.Below(recordings.size());
      const std::vector<double> of_draw = pool(draw).second;
      for (std::size_t k = 0; k < of_draw.size(); ++k) drawn[k].push_back(of_draw[k]);
    }
  }
  auto rate = [&](std::size_t k) {
    return PooledErrors::Rate{rates[k], PercentileInterval(drawn[k])};
  };
  PooledErrors pooled;
  pooled.sum = sum;
  pooled.full = rate(0);
  pooled.fair = rate(1);
  pooled.forgiving = rate(2);
  pooled.jer = rate(3);
  pooled.count_error = rate(4);
  pooled.count_right = rate(5);
  if (sum.names) {
    pooled.names = rate(6);
    pooled.right_names = rate(7);
    pooled.wrong_names = rate(8);
    pooled.missed_names = rate(9);
    pooled.strangers_named = rate(10);
  }
  return pooled;
}

ScoredFiles ScoreFiles(const FilesToScore& files, Progress& progress) {
  const std::vector<Annotation> references = ReadRttm(files.reference);
  std::map<std::string, std::vector<Turn>> hypotheses;
  for (Annotation& one : ReadRttm(files.hypothesis))
    hypotheses.emplace(one.recording, std::move(one.turns));
  std::optional<std::map<std::string, std::vector<TimeSpan>>> uem;
  if (!files.uem.empty()) {
    uem.emplace();
    for (ScoredParts& one : ReadUem(files.uem)) uem->emplace(one.recording, one.parts);
  }
  DiarizationScoring scoring;
  scoring.collar = files.collar;
  if (!files.enrolled.empty()) {
    scoring.enrolled.emplace();
    const std::string text = ReadFile(files.enrolled, std::size_t{64} << 20);
    for (std::string_view line : Lines(WithoutByteOrderMark(text)))
      if (!line.empty()) scoring.enrolled->insert(RttmField(line));
  }

  std::set<std::string> known;
  for (const Annotation& reference : references) known.insert(reference.recording);
  for (const auto& [recording, turns] : hypotheses)
    if (!known.contains(recording))
      throw Error(ErrorCode::kInvalidArgument,
                  Format("%s: recording '%s' is not in %s, so it cannot be scored",
                         Printable(files.hypothesis).c_str(), Printable(recording).c_str(),
                         Printable(files.reference).c_str()));

  std::vector<RecordingErrors> all;
  std::size_t left_out = 0;
  for (const Annotation& reference : references) {
    std::optional<std::vector<TimeSpan>> parts;
    if (uem) {
      const auto found = uem->find(reference.recording);
      if (found == uem->end()) {
        ++left_out;
        continue;
      }
      parts = found->second;
    }
    const auto hypothesis = hypotheses.find(reference.recording);
    if (hypothesis == hypotheses.end())
      progress.Warn(Printable(files.hypothesis) + ": nothing about recording '" +
                    Printable(reference.recording) + "'; all of it counts as missed");
    all.push_back(ScoreRecording(
        reference, hypothesis == hypotheses.end() ? std::vector<Turn>() : hypothesis->second, parts,
        scoring));
  }
  if (left_out > 0)
    progress.Warn(Format("%zu of %zu recordings are not in %s and are not scored", left_out,
                         references.size(), Printable(files.uem).c_str()));
  if (all.empty())
    throw Error(ErrorCode::kInvalidArgument,
                Format("%s: no recording to score", Printable(files.reference).c_str()));
  return {all, PoolErrors(all), files.collar};
}

}  // namespace vpr
