#include "train/degraded_forms.h"

#include <algorithm>
#include <cmath>

#include "vpr/audio/audio_reader.h"
#include "vpr/audio/codec.h"
#include "vpr/audio/degrade.h"
#include "vpr/audio/speech.h"

namespace vpr {
namespace {

constexpr double kQuietestNoiseDb = 15, kLoudestNoiseDb = 5, kClipLevel = 0.2;
constexpr double kKeptDb = 40;  // of the pauses when a stretch is cut out

// About as loud in every octave, as much of what is heard around people.
std::vector<float> PinkNoise(std::size_t length, Rng& rng) {
  std::vector<float> noise(length);
  double slow = 0, middle = 0;
  for (float& sample : noise) {
    const double white = rng.Normal();
    slow = 0.99 * slow + 0.1 * white;
    middle = 0.8 * middle + 0.3 * white;
    sample = static_cast<float>(slow + middle + 0.2 * white);
  }
  return noise;
}

std::vector<float> Stretch(const std::vector<float>& noise, std::size_t length, Rng& rng) {
  const std::size_t starts = noise.size() > length ? noise.size() - length + 1 : noise.size();
  const std::size_t offset = rng.Below(starts);
  std::vector<float> stretch(length);
  for (std::size_t i = 0; i < length; ++i) stretch[i] = noise[(offset + i) % noise.size()];
  return stretch;
}

void CutTo(std::vector<float>& speech, double seconds, Rng& rng) {
  speech = JoinIntervals(speech, SplitSpeech(speech, kKeptDb));
  const auto length = static_cast<std::size_t>(seconds * kSampleRate);
  if (speech.size() <= length) return;
  const auto begin = static_cast<std::ptrdiff_t>(rng.Below(speech.size() - length + 1));
  speech = std::vector<float>(speech.begin() + begin,
                              speech.begin() + begin + static_cast<std::ptrdiff_t>(length));
}

}  // namespace

const char* Name(Form form) {
  constexpr const char* kNames[kNumForms] = {
      "as recorded", "telephone", "GSM", "Opus, lowest bit rate", "noise", "room",
      "clipped",     "2 s",       "1 s"};
  return kNames[static_cast<std::size_t>(form)];
}

bool CanMake(Form form) {
  return (form != Form::kGsm || CodecAvailable(Codec::kGsm)) &&
         (form != Form::kOpus || CodecAvailable(Codec::kOpus));
}

std::vector<float> MakeForm(Form form, std::vector<float> speech, const Surroundings& surroundings,
                            Rng& rng) {
  const auto& [noises, rooms] = surroundings;
  switch (form) {
    case Form::kAsRecorded:
      break;
    case Form::kTelephone:
      NarrowBand(speech, 8000, true);
      break;
    case Form::kGsm:
      PassCodec(speech, Codec::kGsm, 1);
      break;
    case Form::kOpus:
      PassCodec(speech, Codec::kOpus, 1);
      break;
    case Form::kNoise: {
      const double snr_db = rng.Uniform(kLoudestNoiseDb, kQuietestNoiseDb);
      AddNoise(speech,
               noises.empty() ? PinkNoise(speech.size(), rng)
                              : Stretch(noises[rng.Below(noises.size())], speech.size(), rng),
               snr_db);
      break;
    }
    case Form::kRoom:
      Convolve(speech, rooms.empty() ? SimulateRoom(rng.Uniform(0.2, 1), rng.Uniform(-5, 5), rng)
                                     : TrimResponse(rooms[rng.Below(rooms.size())]));
      break;
    case Form::kClipped:
      Clip(speech, kClipLevel);
      break;
    case Form::kTwoSeconds:
      CutTo(speech, 2, rng);
      break;
    case Form::kOneSecond:
      CutTo(speech, 1, rng);
      break;
  }
  return speech;
}

}  // namespace vpr
