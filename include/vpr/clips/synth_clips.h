// Clips of drawn faces that speak with one of seven expressions, in made voices that have it too:
// so that whatever learns from faces and voices can be tried without any recordings.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/base/rng.h"
#include "vpr/video/image.h"

namespace vpr {

// How an expression looks (lengths as DrawnFace has them) and sounds. Every clip has its own values
// about these.
struct SynthExpression {
  const char* name;
  double brow_raise, brow_inner, eye_open, mouth_curve, mouth_width, mouth_rest, nose_wrinkle;
  double pitch;      // by the person's own
  double swing;      // how far the pitch goes up and down, of itself
  double rise;       // of the pitch from the beginning to the end, of itself
  double syllables;  // a second
  double level;      // amplitude of the loudest, of full scale
  double slope;      // of the harmonics' amplitudes: k to the power of -slope
  double breath;     // noise in the voice, of the harmonics
  double tremor;     // depth of a tremolo of 7 Hz
};

inline constexpr std::array<SynthExpression, 7> kSynthExpressions = {{
    {"angry", -.022, .05, .75, -.016, .95, .004, .3, 1.2, .16, -.05, 5, .42, .7, .06, 0},
    {"disgust", -.008, .028, .6, -.026, .95, .008, 1, .86, .08, -.12, 2.8, .24, 1.5, .12, .25},
    {"fear", .026, -.035, 1.3, -.012, 1.08, .014, 0, 1.42, .06, .05, 5.4, .2, 1.1, .3, .4},
    {"happy", .01, 0, .85, .032, 1.16, .01, 0, 1.32, .3, .1, 4.2, .34, .9, .05, 0},
    {"neutral", 0, 0, 1, 0, 1, .006, 0, 1, .1, -.06, 3.6, .26, 1.2, .05, 0},
    {"sad", .004, -.045, .7, -.026, .92, .006, 0, .84, .05, -.18, 2.3, .15, 1.6, .12, .1},
    {"surprise", .044, 0, 1.45, 0, .82, .03, 0, 1.35, .12, .4, 3.2, .32, 1, .08, 0},
}};

struct SynthClipOptions {
  int count = 50;                // of each expression, 1 to 10000
  int people = 12;               // 1 to 1000, to whom the clips belong in turn
  int pixels = 128;              // of a side of the frames, 48 to 1024
  double seconds = 1.2;          // 0.4 to 60
  std::optional<double> snr_db;  // white noise so far below the voice; none: no noise
  double covered = 0;            // share of the clips, of every expression, with a covered face
  double shift_ms = 0;           // so much later the sound comes, -1000 to 1000
  std::uint64_t seed = 1;
};

inline constexpr int kSynthFrameRate = 25;

struct SynthClip {
  std::vector<Image> frames;    // kSynthFrameRate a second
  std::vector<float> samples;   // 16 kHz
  std::vector<double> opening;  // of the mouth, frame by frame: half the gap by the face's height
};
// Expression `expression` of a person (0, 1, ...), clip `number` of it. The mouth opens as the
// voice's envelope goes, shift_ms earlier.
SynthClip MakeSynthClip(std::size_t expression, int person, int number, bool covered,
                        const SynthClipOptions& options);

// Writes OUT_DIR/EXPRESSION/PERSON/EXPRESSION-001.avi and so on, as EncodeClip makes them, and
// OUT_DIR/clips.tsv: path, label, person, covered. The same options give the same files; existing
// ones are replaced. Returns the number of clips. Throws kInvalidArgument, kIo, kInterrupted.
std::size_t WriteSynthClips(const std::string& out_dir, const SynthClipOptions& options,
                            int threads, Progress& progress, const StopRequested& stop);

}  // namespace vpr
