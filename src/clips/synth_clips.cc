#include "vpr/clips/synth_clips.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "vpr/audio/audio_reader.h"
#include "vpr/audio/degrade.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/face/drawn_face.h"
#include "vpr/video/clip_file.h"

namespace vpr {
namespace {

enum Stream : std::uint64_t { kPersonStream = 71, kClipStream, kNoiseStream, kCoverStream };

constexpr double kMargin = 1.5;    // seconds that are spoken before and after what is kept
constexpr double kOpening = 0.05;  // of the mouth at the loudest
constexpr double kHighest = 3800;  // Hz, of the harmonics
constexpr double kLargestPeak = 0.98;

using Colour = std::array<double, 3>;
constexpr std::array<Colour, 6> kSkins = {{{245, 210, 190},
                                           {232, 184, 155},
                                           {224, 172, 140},
                                           {198, 142, 108},
                                           {164, 112, 80},
                                           {140, 92, 64}}};
constexpr std::array<Colour, 4> kHairs = {{{48, 34, 28}, {30, 24, 22}, {92, 66, 44}, {72, 70, 70}}};
// First three formants of a, e, i, o and u, Hz.
constexpr std::array<std::array<double, 3>, 5> kVowels = {
    {{730, 1100, 2450}, {530, 1850, 2500}, {300, 2250, 2900}, {560, 850, 2400}, {320, 800, 2250}}};

struct Person {
  Colour skin, hair;
  double pitch, tract, height;  // Hz; formants by the table's; of the face by the picture's

  Person(std::uint64_t seed, int number) {
    Rng rng(seed, kPersonStream, static_cast<std::uint64_t>(number));
    skin = kSkins[(static_cast<std::size_t>(number) + rng.Below(2)) % kSkins.size()];
    hair = kHairs[rng.Below(kHairs.size())];
    pitch = 95 * std::pow(2.3, rng.Uniform());
    tract = rng.Uniform(0.9, 1.18);
    height = rng.Uniform(0.58, 0.68);
  }
};

struct Syllable {
  double begin, length, strength;  // seconds; 0 to 1
  std::size_t vowel;
};

// What is spoken, from -kMargin on.
std::vector<Syllable> Speak(double rate, double seconds, Rng& rng) {
  std::vector<Syllable> syllables;
  for (double at = -kMargin; at < seconds + kMargin;) {
    const double step = rng.Uniform(0.75, 1.25) / rate;
    syllables.push_back({at, 0.9 * step, rng.Uniform(0.55, 1.0), rng.Below(kVowels.size())});
    at += step * (rng.Uniform() < 0.12 ? 1.8 : 1);
  }
  return syllables;
}

// The syllable that sounds at a moment, or that before it.
std::size_t At(const std::vector<Syllable>& syllables, double seconds, std::size_t from) {
  while (from + 1 < syllables.size() && syllables[from + 1].begin <= seconds) ++from;
  return from;
}
double Envelope(const Syllable& syllable, double seconds) {
  const double share = (seconds - syllable.begin) / syllable.length;
  if (share <= 0 || share >= 1) return 0;
  return syllable.strength * std::pow(std::sin(M_PI * share), 2);
}

double Resonance(double hz, const std::array<double, 3>& formants, double tract) {
  double gain = 0.02;
  for (std::size_t i = 0; i < formants.size(); ++i) {
    const double width = 90 + 60 * static_cast<double>(i);
    gain += 1 / (1 + std::pow((hz - tract * formants[i]) / width, 2));
  }
  return gain;
}

// What an expression is in one clip.
struct Manner : SynthExpression {
  Manner(const SynthExpression& about, Rng& rng) : SynthExpression(about) {
    // As strongly as people show it, each its own way; a voice tells less than the table says.
    const double strength = rng.Uniform(0.55, 1.1);
    for (double* value : {&brow_raise, &brow_inner, &mouth_curve, &nose_wrinkle})
      *value *= strength;
    brow_raise += 0.006 * rng.Normal(), brow_inner += 0.008 * rng.Normal();
    mouth_curve += 0.005 * rng.Normal();
    eye_open = std::max(0.4, 1 + strength * (eye_open - 1) + 0.07 * rng.Normal());
    mouth_width *= 1 + 0.03 * rng.Normal();
    mouth_rest = std::max(0.002, mouth_rest + 0.004 * rng.Normal());
    pitch = 1 + strength * (pitch - 1) + 0.06 * rng.Normal();
    swing *= rng.Uniform(0.7, 1.3);
    rise += 0.06 * rng.Normal();
    syllables *= rng.Uniform(0.8, 1.25);
    level *= std::pow(10, 0.12 * rng.Normal());
    slope += 0.15 * rng.Normal();
    breath *= rng.Uniform(0.6, 1.5);
    tremor *= rng.Uniform(0.6, 1.3);
  }
};

std::vector<float> Voice(const Manner& manner, const Person& person,
                         const std::vector<Syllable>& syllables,
                         const std::vector<double>& envelope, double begin, double seconds,
                         Rng& rng) {
  std::vector<float> samples(envelope.size());
  const double swing_hz = rng.Uniform(1.2, 2.2), swing_at = rng.Uniform(0, 2 * M_PI);
  double turns = 0;  // of the lowest harmonic
  std::size_t now = 0, shaped = syllables.size();
  std::vector<double> gains;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double t = begin + static_cast<double>(i) / kSampleRate;
    const double hz = person.pitch * manner.pitch *
                      (1 + manner.swing * std::sin(2 * M_PI * swing_hz * t + swing_at)) *
                      (1 + manner.rise * (std::clamp(t / seconds, 0.0, 1.0) - 0.5));
    turns += hz / kSampleRate;
    turns -= std::floor(turns);
    if (envelope[i] == 0) continue;
    now = At(syllables, t, now);
    if (now != shaped) {
      shaped = now;
      gains.clear();
      for (int k = 1; k * hz < kHighest; ++k)
        gains.push_back(std::pow(k, -manner.slope) *
                        Resonance(k * hz, kVowels[syllables[now].vowel], person.tract));
    }
    // sin(k x) of sin((k - 1) x) and sin((k - 2) x).
    const double twice = 2 * std::cos(2 * M_PI * turns);
    double before = 0, sine = std::sin(2 * M_PI * turns), sum = 0, power = 0;
    for (double gain : gains) {
      sum += gain * sine;
      power += gain * gain / 2;
      const double next = twice * sine - before;
      before = sine, sine = next;
    }
    const double voiced = sum / std::sqrt(power) + manner.breath * rng.Normal();
    const double tremolo = 1 - manner.tremor * (0.5 + 0.5 * std::sin(2 * M_PI * 7 * t));
    samples[i] = static_cast<float>(0.4 * manner.level * envelope[i] * tremolo * voiced);
  }
  return samples;
}

void CheckRange(const char* what, double value, double least, double most) {
  if (value >= least && value <= most) return;
  throw Error(ErrorCode::kInvalidArgument,
              Format("cannot make clips with %s %g; expected %g to %g", what, value, least, most));
}
void Check(const SynthClipOptions& options) {
  CheckRange("a count of", options.count, 1, 10000);
  CheckRange("people", options.people, 1, 1000);
  CheckRange("pixels", options.pixels, 48, 1024);
  CheckRange("seconds", options.seconds, 0.4, 60);
  CheckRange("a share of covered faces of", options.covered, 0, 1);
  CheckRange("a shift in ms of", options.shift_ms, -1000, 1000);
  if (options.snr_db) CheckRange("an SNR in dB of", *options.snr_db, -40, 100);
}

}  // namespace

SynthClip MakeSynthClip(std::size_t expression, int person, int number, bool covered,
                        const SynthClipOptions& options) {
  VPR_CHECK(expression < kSynthExpressions.size() && person >= 0);
  Check(options);
  Rng rng(options.seed, kClipStream, expression, static_cast<std::uint64_t>(number));
  const Person who(options.seed, person);
  const Manner manner(kSynthExpressions[expression], rng);
  const std::vector<Syllable> syllables = Speak(manner.syllables, options.seconds, rng);

  SynthClip clip;
  const double side = options.pixels;
  DrawnFace face;
  face.skin = who.skin, face.hair = who.hair;
  face.height = who.height * side * rng.Uniform(0.96, 1.04);
  face.brow_raise = manner.brow_raise, face.brow_inner = manner.brow_inner;
  face.eye_open = manner.eye_open, face.nose_wrinkle = std::clamp(manner.nose_wrinkle, 0.0, 1.0);
  face.mouth_curve = manner.mouth_curve, face.mouth_width = manner.mouth_width;
  face.light = rng.Uniform(-0.6, 0.6);
  face.edge = rng.Uniform(0.012, 0.022);
  face.covered = covered;
  const double x = side * rng.Uniform(0.47, 0.53), y = side * rng.Uniform(0.49, 0.54);
  const double sway = rng.Uniform(0.3, 0.8), phase = rng.Uniform(0, 2 * M_PI);
  const double brightness = rng.Uniform(0.75, 1.15);
  Image backdrop = Backdrop(options.pixels, options.pixels);
  for (std::uint8_t& value : backdrop.pixels)
    value = static_cast<std::uint8_t>(std::min(255.0, brightness * value));
  const auto frames = static_cast<std::size_t>(std::lround(options.seconds * kSynthFrameRate));
  std::size_t now = 0;
  for (std::size_t i = 0; i < frames; ++i) {
    const double t = static_cast<double>(i) / kSynthFrameRate;
    now = At(syllables, t, now);
    face.x = x + 0.02 * side * std::sin(2 * M_PI * sway * t + phase);
    face.y = y + 0.012 * side * std::sin(2 * M_PI * 1.4 * sway * t);
    face.turn = 0.06 * std::sin(2 * M_PI * 0.8 * sway * t + 2 * phase);
    face.mouth = manner.mouth_rest + kOpening * Envelope(syllables[now], t);
    clip.opening.push_back(face.mouth);
    clip.frames.push_back(backdrop);
    Draw(clip.frames.back(), face);
  }

  // The sound of a moment is what was spoken shift_ms before it.
  const double begin = -options.shift_ms / 1000;
  std::vector<double> envelope(static_cast<std::size_t>(options.seconds * kSampleRate));
  now = 0;
  for (std::size_t i = 0; i < envelope.size(); ++i) {
    const double t = begin + static_cast<double>(i) / kSampleRate;
    now = At(syllables, t, now);
    envelope[i] = Envelope(syllables[now], t);
  }
  clip.samples = Voice(manner, who, syllables, envelope, begin, options.seconds, rng);
  if (options.snr_db) {
    Rng draw(options.seed, kNoiseStream, expression, static_cast<std::uint64_t>(number));
    std::vector<float> noise(clip.samples.size());
    for (float& value : noise) value = static_cast<float>(draw.Normal());
    AddNoise(clip.samples, noise, *options.snr_db);
  }
  float peak = 0;
  for (float sample : clip.samples) peak = std::max(peak, std::abs(sample));
  if (peak > kLargestPeak)
    for (float& sample : clip.samples) sample *= static_cast<float>(kLargestPeak) / peak;
  return clip;
}

std::size_t WriteSynthClips(const std::string& out_dir, const SynthClipOptions& options,
                            int threads, Progress& progress, const StopRequested& stop) {
  Check(options);
  const auto count = static_cast<std::size_t>(options.count);
  const std::size_t total = count * kSynthExpressions.size();
  // Of every expression the share wanted, whoever's they are.
  std::vector<std::vector<bool>> covered;
  for (std::size_t e = 0; e < kSynthExpressions.size(); ++e) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), 0);
    Rng(options.seed, kCoverStream, e).Shuffle(order);
    covered.emplace_back(count, false);
    const auto some = static_cast<std::size_t>(std::lround(options.covered * options.count));
    for (std::size_t i = 0; i < some; ++i) covered[e][order[i]] = true;
  }
  const auto expression_of = [&](std::size_t i) { return i / count; };
  const auto person_of = [&](std::size_t i) {
    // In turn through all expressions, so that with few clips nobody has but one of them.
    return static_cast<int>((i % count + expression_of(i)) %
                            static_cast<std::size_t>(options.people));
  };
  const auto path_of = [&](std::size_t i) {
    const char* const name = kSynthExpressions[expression_of(i)].name;
    return Format("%s/p%03d/%s-%03zu.avi", name, person_of(i) + 1, name, i % count + 1);
  };
  MakeFolders(out_dir);
  const std::string root = (std::filesystem::path(out_dir) / "").string();
  const std::size_t window = 4 * static_cast<std::size_t>(threads);
  std::vector<std::string> files(window);
  std::string table = "path\tlabel\tperson\tcovered\n";
  progress.Start("drawing", "clip", total);
  const std::size_t done = OrderedParallelFor(
      total, threads, window,
      [&](std::size_t i) {
        const std::size_t e = expression_of(i), number = i % count;
        const SynthClip clip = MakeSynthClip(e, person_of(i), static_cast<int>(number) + 1,
                                             covered[e][number], options);
        files[i % window] = EncodeClip(clip.frames, kSynthFrameRate, clip.samples);
      },
      [&](std::size_t i) {
        const std::string path = path_of(i);
        MakeFolders(std::filesystem::path(root + path).parent_path().string());
        WriteFileAtomically(root + path, files[i % window]);
        files[i % window].clear();
        table +=
            Format("%s\t%s\tp%03d\t%s\n", path.c_str(), kSynthExpressions[expression_of(i)].name,
                   person_of(i) + 1, covered[expression_of(i)][i % count] ? "yes" : "no");
        progress.Update(i + 1);
      },
      stop);
  progress.Finish();
  if (done < total)
    throw Error(ErrorCode::kInterrupted, Format("stopped after %zu of %zu clips", done, total));
  WriteFileAtomically(root + "clips.tsv", table);
  return total;
}

}  // namespace vpr
