#include "vpr/clips/clip.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <utility>

#include "base/open_module.h"
#include "face/face_engine.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/audio/folder.h"
#include "vpr/audio/pcm16.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/dataset/source.h"
#include "vpr/face/align.h"
#include "vpr/face/face_source.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/video/video_source.h"

namespace vpr {
namespace {

constexpr std::size_t kLeastFrames = 16;  // of a spectrogram: shorter sounds are repeated
constexpr int kFaceFrameSide = 960;       // of frames in which faces are looked for
constexpr float kSilence = 1.0f / 32768;

bool HasClipExtension(const std::string& path) {
  return HasAudioExtension(path) || HasPictureExtension(path);
}

// A few of what comes one by one, evenly spread, however many come.
class Spread {
 public:
  explicit Spread(std::size_t wanted) : most_(4 * wanted) {}

  // Make: () -> Image, only called for what is kept.
  template <typename Make>
  void Add(const Make& make) {
    if (count_++ % step_ != 0) return;
    kept_.push_back(make());
    if (kept_.size() <= most_) return;
    for (std::size_t i = 1; 2 * i < kept_.size(); ++i) kept_[i] = std::move(kept_[2 * i]);
    kept_.resize((kept_.size() + 1) / 2);
    step_ *= 2;
  }
  std::size_t count() const { return count_; }
  std::vector<Image> Take(std::size_t wanted) {
    std::vector<Image> chosen;
    for (std::size_t i : SpreadOver(kept_.size(), std::min(wanted, kept_.size())))
      chosen.push_back(kept_[i]);
    return chosen;
  }

 private:
  std::size_t most_, step_ = 1, count_ = 0;
  std::vector<Image> kept_;
};

std::vector<Image> ReadFrames(const std::string& path, const ClipOptions& options) {
  VideoOptions video;
  video.longest_side = 4 * options.side;
  VideoSource source(path, video);
  Spread spread(static_cast<std::size_t>(options.frames));
  VideoFrame frame;
  while (source.Next(frame))
    spread.Add([&] { return Resize(frame.picture, options.side, options.side); });
  return spread.Take(static_cast<std::size_t>(options.frames));
}

std::vector<Image> ReadFaces(const std::string& path, const ClipOptions& options) {
  VideoOptions video;
  video.longest_side = kFaceFrameSide;
  FaceSource source(VideoSource(path, video), {});
  std::map<int, Spread> faces;
  FacesOfFrame here;
  while (source.Next(here)) {
    for (const Face& face : here.faces) {
      faces.try_emplace(face.track, static_cast<std::size_t>(options.frames))
          .first->second.Add([&] {
            return Warp(here.frame.picture, BoxCrop(face.steady_box, options.side), options.side,
                        options.side);
          });
    }
  }
  Spread* longest = nullptr;
  for (auto& [track, spread] : faces)
    if (longest == nullptr || spread.count() > longest->count()) longest = &spread;
  if (longest == nullptr) return {};
  return longest->Take(static_cast<std::size_t>(options.frames));
}

std::string PictureFingerprint(const std::vector<Image>& pictures) {
  FingerprintStream stream;
  for (const Image& picture : pictures) stream.Add(picture.pixels.data(), picture.pixels.size());
  return stream.Digest().substr(0, kFingerprintDigits);
}

// What only says that there is nothing of the kind in the file; others are thrown.
bool MeansMissing(const Error& error) {
  return error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kUnusable;
}

// Of a list, whether its first line names this column.
bool NamesColumn(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

FeatureOptions ClipOptions::DefaultFeatures() {
  FeatureOptions features;
  features.hop_length = 512;
  features.n_mels = 64;
  features.kind = FeatureKind::kDb;
  features.trim_top_db = 0;
  return features;
}

void ClipOptions::Validate() const {
  if (!image && !sound)
    throw Error(ErrorCode::kInvalidArgument, "clips are neither seen nor heard: nothing to learn");
  if (side < 32 || side > 512)
    throw Error(ErrorCode::kInvalidArgument,
                Format("pictures of %d pixels; expected 32 to 512", side));
  if (frames < 1 || frames > 64)
    throw Error(ErrorCode::kInvalidArgument,
                Format("%d pictures of a clip; expected 1 to 64", frames));
  if (!(most_seconds >= 1 && most_seconds <= 3600))
    throw Error(ErrorCode::kInvalidArgument,
                Format("sounds of at most %g s; expected 1 to 3600", most_seconds));
  features.Validate();
}

bool HasPictureExtension(const std::string& path) {
  constexpr std::array<std::string_view, 5> kEndings = {".png", ".jpg", ".jpeg", ".webp", ".bmp"};
  std::string lower = path;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [&](std::string_view ending) { return lower.ends_with(ending); });
}

ClipList ListClips(const std::string& source, const ExampleListOptions& options) {
  ClipList list;
  std::error_code error;
  if (std::filesystem::is_directory(source, error)) {
    ExampleList listed = ListExamples(source, options, HasClipExtension);
    list.unlabelled = listed.unlabelled;
    list.examples = std::move(listed.examples);
    for (const Example& example : list.examples) list.files.push_back({example.path, example.path});
    return list;
  }
  bool pairs = false;
  if (std::filesystem::exists(source, error)) {
    const std::string content = ReadFile(source);
    const std::vector<std::string_view> lines = Lines(WithoutByteOrderMark(content));
    const std::vector<std::string_view> names =
        lines.empty() ? std::vector<std::string_view>() : Split(lines[0], '\t');
    pairs =
        NamesColumn(names, "picture") && NamesColumn(names, "sound") && !NamesColumn(names, "path");
  }
  ExampleListOptions wanted = options;
  if (pairs) wanted.path_columns = {"sound", "picture"};
  ExampleList listed = ListExamples(source, wanted);
  list.unlabelled = listed.unlabelled;
  list.examples = std::move(listed.examples);
  for (Example& example : list.examples) {
    if (!pairs) {
      list.files.push_back({example.path, example.path});
      continue;
    }
    list.files.push_back({example.paths.at(0), example.paths.at(1)});
    if (list.files.back() == ClipFiles{})
      throw Error(ErrorCode::kCorrupt,
                  "list '" + Printable(source) + "' has a line with neither a sound nor a picture");
  }
  return list;
}

bool CanFindFaces() {
  std::string missing;
  return OpenOptionalModule(kFaceModule, kFaceEntry, "libdlib-dev", missing) != nullptr;
}

std::vector<std::size_t> SpreadOver(std::size_t total, std::size_t count) {
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back((2 * i + 1) * total / (2 * count));
  return chosen;
}

ClipInput ReadClip(const ClipFiles& files, const ClipOptions& options) {
  if (files.sound == "-" || files.picture == "-")
    throw Error(ErrorCode::kInvalidArgument,
                "a clip is read twice, to be seen and to be heard, which standard input cannot be; "
                "give a file");
  ClipInput input;
  std::vector<std::string> reasons;
  const bool clip = files.sound == files.picture;
  bool look = options.image && !files.picture.empty();
  if (options.sound && !files.sound.empty()) {
    try {
      Audio audio = ReadAudio(files.sound);
      // What FFmpeg did not decode is no video.
      if (clip && audio.info.tracks.empty()) look = false;
      const bool silent = std::none_of(audio.samples.begin(), audio.samples.end(),
                                       [](float x) { return std::abs(x) > kSilence; });
      if (silent) {
        reasons.push_back("its sound is silent");
      } else {
        input.samples = std::move(audio.samples);
      }
    } catch (const Error& error) {
      if (!MeansMissing(error)) throw;
      reasons.push_back(error.what());
    }
  }
  if (look) {
    try {
      input.pictures =
          options.face ? ReadFaces(files.picture, options) : ReadFrames(files.picture, options);
      if (input.pictures.empty())
        reasons.push_back("no face was found in '" + Printable(files.picture) + "'");
    } catch (const Error& error) {
      if (!MeansMissing(error)) throw;
      reasons.push_back(error.what());
    }
  }
  for (const std::string& reason : reasons)
    input.missing += (input.missing.empty() ? "" : "; ") + reason;
  if (!input.heard() && !input.seen())
    throw Error(ErrorCode::kUnusable,
                "cannot use clip '" +
                    Printable(files.picture.empty() ? files.sound : files.picture) + "': " +
                    (reasons.empty() ? std::string("it has nothing of what the classifier takes")
                                     : input.missing));
  if (input.heard()) {
    input.fingerprints.push_back(SpeechFingerprint(input.samples));
    const auto most = static_cast<std::size_t>(options.most_seconds * kSampleRate);
    if (input.samples.size() > most) {
      const auto begin = static_cast<std::ptrdiff_t>((input.samples.size() - most) / 2);
      input.samples = {input.samples.begin() + begin,
                       input.samples.begin() + begin + static_cast<std::ptrdiff_t>(most)};
    }
    const std::size_t least = kLeastFrames * static_cast<std::size_t>(options.features.hop_length);
    if (input.samples.size() < least) input.samples = RepeatTo(input.samples, least);
  }
  if (input.seen()) input.fingerprints.push_back(PictureFingerprint(input.pictures));
  return input;
}

Matrix PictureMatrix(const Image& picture) {
  constexpr std::array<double, 3> kMean = {0.485, 0.456, 0.406}, kDeviation = {0.229, 0.224, 0.225};
  VPR_CHECK(picture.channels == 3);
  const auto width = static_cast<std::size_t>(picture.width),
             height = static_cast<std::size_t>(picture.height);
  Matrix planes(3 * height, width);
  for (std::size_t c = 0; c < 3; ++c) {
    const auto scale = static_cast<float>(1 / (255 * kDeviation[c]));
    const auto shift = static_cast<float>(kMean[c] / kDeviation[c]);
    for (std::size_t y = 0; y < height; ++y)
      for (std::size_t x = 0; x < width; ++x)
        planes(c * height + y, x) =
            static_cast<float>(picture.pixels[(y * width + x) * 3 + c]) * scale - shift;
  }
  return planes;
}

void JitterPictures(std::vector<Image>& pictures, Rng& rng) {
  const bool mirror = rng.Uniform() < 0.5;
  const double bright = rng.Uniform(0.8, 1.2), contrast = rng.Uniform(0.8, 1.2);
  const bool contrast_first = rng.Uniform() < 0.5;
  for (Image& picture : pictures) {
    if (mirror) {
      for (int y = 0; y < picture.height; ++y)
        for (int x = 0; x < picture.width / 2; ++x)
          std::swap_ranges(picture.at(x, y), picture.at(x, y) + picture.channels,
                           picture.at(picture.width - 1 - x, y));
    }
    const auto brighten = [&] {
      for (std::uint8_t& value : picture.pixels)
        value = static_cast<std::uint8_t>(std::min(255.0, bright * value));
    };
    // Towards or away from the mean grey.
    const auto change_contrast = [&] {
      const Image grey = ToGrey(picture);
      double mean = 0;
      for (std::uint8_t value : grey.pixels) mean += value;
      mean /= static_cast<double>(std::max<std::size_t>(grey.pixels.size(), 1));
      for (std::uint8_t& value : picture.pixels)
        value = static_cast<std::uint8_t>(
            std::clamp(contrast * value + (1 - contrast) * mean, 0.0, 255.0));
    };
    if (contrast_first) change_contrast();
    brighten();
    if (!contrast_first) change_contrast();
  }
}

void AddClipNoise(std::vector<float>& samples, Rng& rng) {
  if (rng.Uniform() < 0.5) return;
  float loudest = 0;
  for (float sample : samples) loudest = std::max(loudest, std::abs(sample));
  const double sigma = 0.05 * rng.Uniform() * static_cast<double>(loudest);
  for (float& sample : samples) sample += static_cast<float>(sigma * rng.Normal());
}

void DropSides(double probability, bool& image, bool& sound, Rng& rng) {
  // Always drawn, so that what follows does not depend on what is there.
  const bool drop_image = rng.Uniform() < probability, drop_sound = rng.Uniform() < probability;
  const bool first = rng.Uniform() < 0.5;  // which one goes where both would
  if (!image || !sound) return;
  if (drop_image && drop_sound) {
    (first ? image : sound) = false;
  } else {
    image = !drop_image;
    sound = !drop_sound;
  }
}

}  // namespace vpr
