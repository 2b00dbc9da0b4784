// Clips: recordings of which something is seen and something heard, either of which may be missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/base/rng.h"
#include "vpr/classify/example.h"
#include "vpr/features/feature_options.h"
#include "vpr/video/image.h"

namespace vpr {

// Files of one clip. Of a video both are its path; empty: that side is not there.
struct ClipFiles {
  std::string sound, picture;
  bool operator==(const ClipFiles&) const = default;
};

struct ClipList {
  std::vector<Example> examples;  // sorted by key; `path` is what messages name
  std::vector<ClipFiles> files;   // of each
  std::size_t unlabelled = 0;
};

// The labelled clips of
//   a folder: LABEL/**/FILE, videos, pictures and sounds alike (grouped: LABEL/GROUP/**/FILE);
//   a tab-separated list with a line of column names: `path`, of clips, or `sound` and `picture`,
//   of which either may be "-" in a line; labels, groups and parts as ListExamples has them.
// Throws what ListExamples throws.
ClipList ListClips(const std::string& source, const ExampleListOptions& options);

// True for the file name endings of pictures (.png .jpg .jpeg .webp .bmp), in any case.
bool HasPictureExtension(const std::string& path);

// What a network sees and hears of a clip.
struct ClipOptions {
  bool image = true, sound = true;  // false: that side is not looked at
  int side = 64;                    // of the square pictures, pixels
  int frames = 8;                   // of a video, evenly spread over it
  // The face that is seen longest, cut out as vpr faces does; else the whole frame, pressed into a
  // square.
  bool face = true;
  FeatureOptions features = DefaultFeatures();
  // Sounds longer than this are cut to their middle.
  double most_seconds = 96;

  // 64 mel bands in decibels below the loudest, transforms of 2048 every 512 samples.
  static FeatureOptions DefaultFeatures();
  bool operator==(const ClipOptions&) const = default;
  // Throws kInvalidArgument naming what is out of range.
  void Validate() const;
};

struct ClipInput {
  std::vector<Image> pictures;  // `side` x `side`, three colours; empty: nothing is seen
  std::vector<float> samples;   // 16 kHz; empty: nothing is heard
  // Of what is heard and of what is seen, as SpeechFingerprint.
  std::vector<std::string> fingerprints;
  std::string missing;  // why a side is not there although its file is; empty: nothing to say

  bool seen() const { return !pictures.empty(); }
  bool heard() const { return !samples.empty(); }
};

// Reads a clip. A file whose sound is digital silence, or in which no face is found, lacks that
// side. Throws what AudioSource, VideoSource and FaceSource throw; kUnusable if neither side is
// there. May be called from several threads at once.
ClipInput ReadClip(const ClipFiles& files, const ClipOptions& options);

// Whether faces can be looked for here (vpr_dlib.so).
bool CanFindFaces();

// `count` of `total` things, evenly spread: those in the middle of `count` equal parts. Fewer
// things than parts: some of them twice.
std::vector<std::size_t> SpreadOver(std::size_t total, std::size_t count);

// Planes of red, green and blue, one below the other, [3 side, side], less ImageNet's means and
// over its deviations (.485 .456 .406, .229 .224 .225 of the range 0 to 1), as torchvision's
// networks want them.
Matrix PictureMatrix(const Image& picture);

// What training does to a clip's pictures, the same to all: half of the time they are mirrored; all
// are made brighter or darker and their contrast changed by up to 20 % (torchvision's ColorJitter).
void JitterPictures(std::vector<Image>& pictures, Rng& rng);

// Adds white noise of up to 5 % of the loudest sample, to half of the sounds.
void AddClipNoise(std::vector<float>& samples, Rng& rng);

// Leaves out a side with this probability each, never both; a side that is not there stays so, and
// then the other one stays too.
void DropSides(double probability, bool& image, bool& sound, Rng& rng);

}  // namespace vpr
