#include "vpr/face/lip_sync.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/face/align.h"

namespace vpr {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kMostGap = 0.3;       // seconds between two moments that a line may join
constexpr double kTrendSeconds = 2;    // what changes more slowly says nothing of lips
constexpr double kMemorySeconds = 1;   // moments further apart count as independent
constexpr double kLeastSeconds = 0.8;  // of both together
constexpr double kLeastFrames = 16;
constexpr double kLeastRate = 8, kMostRate = 60;  // of the grid, a second
constexpr double kStill = 0.005;   // of the lips' height: less is how landmarks tremble
constexpr double kSilence = 1e-4;  // of full scale, the loudest moment
constexpr double kAlike = 0.02;    // of the level's logarithm
constexpr double kFloor = 0.01;    // of the loudest moment: what is below counts as that
constexpr double kLowHz = 300, kHighHz = 3000;

// Frames a second, by the median of the steps.
double RateOf(const std::vector<MouthMoment>& mouth) {
  std::vector<double> steps;
  for (std::size_t i = 1; i < mouth.size(); ++i)
    steps.push_back(mouth[i].seconds - mouth[i - 1].seconds);
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return std::clamp(1 / std::max(*middle, 1e-6), kLeastRate, kMostRate);
}

// The opening at `count` moments of a grid, NaN where the face was not seen.
std::vector<double> OnGrid(const std::vector<MouthMoment>& mouth, double rate, std::size_t count) {
  std::vector<double> values(count, kNone);
  std::size_t next = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double t = mouth[0].seconds + static_cast<double>(i) / rate;
    while (next < mouth.size() && mouth[next].seconds < t - 1e-9) ++next;
    if (next == mouth.size()) break;
    const MouthMoment& after = mouth[next];
    const MouthMoment& before = mouth[next == 0 ? 0 : next - 1];
    const double step = after.seconds - before.seconds;
    if (after.seconds - t < 1e-9)
      values[i] = after.opening;
    else if (step <= kMostGap)
      values[i] = before.opening + (after.opening - before.opening) * (t - before.seconds) / step;
  }
  return values;
}

// Butterworth of the second order, twice, by the bilinear transform.
void Filter(std::vector<double>& samples, double hz, bool high) {
  const double w = 2 * M_PI * hz / kSampleRate, cosine = std::cos(w);
  const double alpha = std::sin(w) / std::sqrt(2.0), a0 = 1 + alpha;
  const double b1 = (high ? -(1 + cosine) : 1 - cosine) / a0, b0 = std::abs(b1) / 2;
  const double a1 = -2 * cosine / a0, a2 = (1 - alpha) / a0;
  for (int pass = 0; pass < 2; ++pass) {
    double x1 = 0, x2 = 0, y1 = 0, y2 = 0;
    for (double& sample : samples) {
      const double y = b0 * sample + b1 * x1 + b0 * x2 - a1 * y1 - a2 * y2;
      x2 = x1, x1 = sample, y2 = y1, y1 = y;
      sample = y;
    }
  }
}

// The logarithm (base 10) of the level of the time of a frame about each moment, NaN where there is
// no sound; nothing but NaN in silence.
std::vector<double> Levels(const std::vector<float>& samples, double first, double rate,
                           std::size_t count) {
  std::vector<double> band(samples.begin(), samples.end());
  Filter(band, kLowHz, true);
  Filter(band, kHighHz, false);
  std::vector<double> sums(band.size() + 1);
  for (std::size_t i = 0; i < band.size(); ++i) sums[i + 1] = sums[i] + band[i] * band[i];
  std::vector<double> values(count, kNone);
  double loudest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double t = first + static_cast<double>(i) / rate;
    const double begin = std::round((t - 0.5 / rate) * kSampleRate);
    const double end = std::round((t + 0.5 / rate) * kSampleRate);
    if (begin < 0 || end > static_cast<double>(samples.size())) continue;
    const auto a = static_cast<std::size_t>(begin), b = static_cast<std::size_t>(end);
    const double power = std::max(0.0, sums[b] - sums[a]) / static_cast<double>(b - a);
    values[i] = std::sqrt(power);
    loudest = std::max(loudest, values[i]);
  }
  if (loudest < kSilence) return std::vector<double>(count, kNone);
  for (double& value : values)
    if (!std::isnan(value)) value = std::log10(std::max(value, kFloor * loudest));
  return values;
}

// Each value less the mean of those about it.
std::vector<double> WithoutTrend(const std::vector<double>& values, double rate) {
  const auto reach = static_cast<std::size_t>(std::lround(kTrendSeconds * rate / 2));
  std::vector<double> sums(values.size() + 1), counts(values.size() + 1);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool there = !std::isnan(values[i]);
    sums[i + 1] = sums[i] + (there ? values[i] : 0);
    counts[i + 1] = counts[i] + (there ? 1 : 0);
  }
  std::vector<double> result(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t a = i < reach ? 0 : i - reach, b = std::min(values.size(), i + reach + 1);
    result[i] = values[i] - (sums[b] - sums[a]) / (counts[b] - counts[a]);
  }
  return result;
}

struct Together {
  double correlation = 0;
  double count = 0;  // of moments in which there are both
};
// Of a[i] and b[i + shift].
Together Correlate(const std::vector<double>& a, const std::vector<double>& b, std::size_t shift) {
  double n = 0, sa = 0, sb = 0, aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < a.size() && i + shift < b.size(); ++i) {
    const double x = a[i], y = b[i + shift];
    if (std::isnan(x) || std::isnan(y)) continue;
    ++n, sa += x, sb += y, aa += x * x, bb += y * y, ab += x * y;
  }
  if (n < 2) return {0, n};
  const double va = aa - sa * sa / n, vb = bb - sb * sb / n;
  if (va <= 0 || vb <= 0) return {0, n};
  return {(ab - sa * sb / n) / std::sqrt(va * vb), n};
}

double Deviation(const std::vector<double>& values) {
  double n = 0, sum = 0, squares = 0;
  for (const double value : values)
    if (!std::isnan(value)) ++n, sum += value, squares += value * value;
  return n < 2 ? 0 : std::sqrt(std::max(0.0, squares / n - sum * sum / (n * n)));
}

// By how much fewer than the moments of two series the independent ones are (Bartlett 1935).
double Dependence(const std::vector<double>& a, const std::vector<double>& b, std::size_t most) {
  double sum = 1;
  for (std::size_t k = 1; k <= most; ++k)
    sum += 2 * Correlate(a, a, k).correlation * Correlate(b, b, k).correlation;
  return std::max(1.0, sum);
}

}  // namespace

SyncEstimate EstimateSync(const std::vector<MouthMoment>& mouth, const std::vector<float>& samples,
                          double sound_begins, const SyncOptions& options) {
  SyncEstimate estimate;
  const auto cannot = [&](const std::string& reason) {
    estimate.reason = reason;
    return estimate;
  };
  if (mouth.size() < 2) return cannot("no face is seen long enough");
  const double rate = RateOf(mouth);
  const double length = mouth.back().seconds - mouth.front().seconds;
  const auto count = static_cast<std::size_t>(std::floor(length * rate + 1e-6)) + 1;
  const auto most = static_cast<std::size_t>(std::ceil(options.most_ms / 1000 * rate));
  const std::vector<double> raw = OnGrid(mouth, rate, count);
  if (Deviation(raw) < kStill) return cannot("the mouth hardly moves");
  const double first = mouth.front().seconds - static_cast<double>(most) / rate - sound_begins;
  const std::vector<double> levels = Levels(samples, first, rate, count + 2 * most);
  if (Deviation(levels) < kAlike) return cannot("the sound is silent, or always alike");
  const std::vector<double> lips = WithoutTrend(raw, rate), sound = WithoutTrend(levels, rate);

  const double least = std::max(kLeastFrames, kLeastSeconds * rate);
  std::vector<double> correlations(2 * most + 1, kNone);
  std::size_t best = correlations.size();
  double moments = 0;
  for (std::size_t shift = 0; shift < correlations.size(); ++shift) {
    const Together here = Correlate(lips, sound, shift);
    if (here.count < least) continue;
    correlations[shift] = here.correlation;
    if (best == correlations.size() || here.correlation > correlations[best])
      best = shift, moments = here.count;
  }
  if (best == correlations.size())
    return cannot(Format("mouth and sound are there together for less than %.1f s", least / rate));
  estimate.correlation = correlations[best];
  const double dependence =
      Dependence(lips, sound, static_cast<std::size_t>(std::lround(kMemorySeconds * rate)));
  const double independent = std::max(4.0, moments / dependence);
  const double r = std::clamp(estimate.correlation, -0.999999, 0.999999);
  const double deviations = std::atanh(r) * std::sqrt(independent - 3);
  const double chance = 0.5 * std::erfc(deviations / std::sqrt(2.0));
  const double tries = std::max(1.0, static_cast<double>(correlations.size()) / dependence);
  estimate.confidence = std::pow(1 - chance, tries);

  double at = static_cast<double>(best) - static_cast<double>(most);
  const bool inner = best > 0 && best + 1 < correlations.size() &&
                     !std::isnan(correlations[best - 1]) && !std::isnan(correlations[best + 1]);
  if (inner) {
    const double before = correlations[best - 1], after = correlations[best + 1];
    const double bend = before - 2 * correlations[best] + after;
    if (bend < 0) at += 0.5 * (before - after) / bend;
  }
  estimate.likeliest_ms = 1000 * at / rate;
  if (estimate.confidence < options.confidence)
    return cannot("mouth and sound go no better together than by chance");
  if (!inner) return cannot(Format("they are further apart than %g ms", options.most_ms));
  estimate.offset_ms = estimate.likeliest_ms;
  return estimate;
}

ClipSync MeasureSync(const std::string& file, const VideoOptions& video, FaceOptions faces,
                     const SyncOptions& options, Progress& progress, const StopRequested& stop) {
  ClipSync result;
  result.file = file;
  ReadOptions reading;
  reading.max_seconds = video.max_seconds;
  const Audio sound = ReadAudio(file, reading);
  faces.landmarks = true;
  faces.track.steady_frames = 1;
  FaceSource source(VideoSource(file, video), faces);
  const VideoInfo& info = source.video().info();
  std::map<int, std::vector<MouthMoment>> mouths;
  progress.Start("lips", "frame",
                 static_cast<std::uint64_t>(info.seconds * info.frames_per_second));
  FacesOfFrame here;
  while (source.Next(here)) {
    if (stop && stop()) throw Error(ErrorCode::kInterrupted, "stopped");
    for (const Face& face : here.faces)
      if (face.found) mouths[face.track].push_back({here.frame.seconds, LipsHeight(face.points)});
    result.seconds = here.frame.seconds;
    progress.Update(++result.frames);
  }
  progress.Finish();
  result.warnings = source.video().warnings();
  for (const std::string& warning : sound.warnings) result.warnings.push_back(warning);
  result.faces = mouths.size();
  result.reason = "no face was found";
  for (const auto& [track, mouth] : mouths) {
    const SyncEstimate estimate = EstimateSync(mouth, sound.samples, info.sound_begins, options);
    if (result.face > 0 && estimate.confidence <= result.confidence) continue;
    static_cast<SyncEstimate&>(result) = estimate;
    result.face = track, result.with_face = mouth.size();
  }
  return result;
}

}  // namespace vpr
