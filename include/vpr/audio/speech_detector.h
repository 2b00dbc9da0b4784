// Where somebody speaks, by a small network that was trained to tell speech from every other sound
// (vpr speech train). It hears a second around each moment.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vpr/audio/audio_reader.h"

namespace vpr {

// The network: convolutions over time, each followed by ReLU but the last, whose only output is the
// logit of speech. Its input are kSpeechBands numbers every 10 ms.
struct SpeechNetwork {
  struct Layer {
    std::size_t inputs = 0, outputs = 0;
    std::size_t kernel = 1, stride = 1, dilation = 1;  // kernel is odd; zero-padded on both sides
    bool residual = false;                             // the input is added to the result
    std::vector<float> weights;                        // [kernel][inputs][outputs]
    std::vector<float> bias;                           // [outputs]
    std::size_t padding() const { return kernel / 2 * dilation; }
  };
  std::vector<Layer> layers;
  // From this probability on a moment is speech.
  double threshold = 0.5;
  std::string fingerprint;  // of its file
};

inline constexpr std::size_t kSpeechBands = 40;
inline constexpr std::size_t kSpeechHop = kSampleRate / 100;  // samples
// The strides of all layers together: a probability every 40 ms.
inline constexpr std::size_t kSpeechStride = 4;

// What the network hears, from samples that come block by block: after HighPass, the power in 40
// mel bands (25 ms, 60 to 7600 Hz) relative to the mean power of the second around, as a logarithm
// with a floor 60 dB below. So neither the level of a recording nor a constant offset matters.
class SpeechFeatures {
 public:
  SpeechFeatures();
  ~SpeechFeatures();
  SpeechFeatures(SpeechFeatures&&) noexcept;

  // Appends the frames, kSpeechBands numbers each, that are now known: up to half a second before
  // the newest sample.
  void Accept(std::span<const float> samples, std::vector<float>& frames);
  // No more samples: appends the rest. There are 1 + samples / kSpeechHop frames in all.
  void Finish(std::vector<float>& frames);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One stream of 16 kHz samples of any length, in constant memory.
class SpeechDetector {
 public:
  static constexpr std::size_t kFrame = kSpeechHop;
  // A frame is decided at most so many frames after its end.
  static constexpr std::size_t kLookahead = 130;

  // The network must outlive the detector.
  explicit SpeechDetector(const SpeechNetwork& network = DefaultNetwork());
  ~SpeechDetector();
  SpeechDetector(SpeechDetector&&) noexcept;

  // Appends the probability of speech of every whole frame of kFrame samples that is now decided;
  // the same numbers however the stream is cut into blocks.
  void Accept(std::span<const float> samples, std::vector<float>& probabilities);
  // No more samples: appends the rest.
  void Finish(std::vector<float>& probabilities);

  // The network of the file that FindSpeechModel finds, read the first time. Throws what
  // LoadSpeechNetwork throws.
  static const SpeechNetwork& DefaultNetwork();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One flag for every whole frame of a recording: whether somebody speaks. Their sum times 10 ms is
// what every command calls seconds of speech.
std::vector<bool> DetectSpeech(std::span<const float> samples,
                               const SpeechNetwork& network = SpeechDetector::DefaultNetwork());

// The file of the network: $VPR_SPEECH_MODEL, else speech.vpr where the build tree or the
// installation has its models. Throws kNotFound with the places looked at.
std::string FindSpeechModel();

// docs/formats.md gives every byte. Load throws kNotFound, kIo; kCorrupt for what is no such file,
// is cut off or fails its checksum; kIncompatible for another version or a network that cannot be
// one. `description` is JSON that says where it comes from.
SpeechNetwork LoadSpeechNetwork(const std::string& path);
std::string SpeechNetworkDescription(const std::string& path);
void SaveSpeechNetwork(const std::string& path, const SpeechNetwork& network,
                       const std::string& description);

}  // namespace vpr
