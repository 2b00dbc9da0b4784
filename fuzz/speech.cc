// The network that finds speech.
#include "fuzz.h"
#include "vpr/audio/speech_detector.h"

FUZZ(bytes) {
  const vpr::fuzz::InputFile file(vpr::fuzz::Sealed(bytes));
  const vpr::SpeechNetwork network = vpr::LoadSpeechNetwork(file.path());
  vpr::SpeechNetworkDescription(file.path());
  const std::vector<float> second(vpr::kSampleRate, 0.1f);
  vpr::DetectSpeech(second, network);
}
