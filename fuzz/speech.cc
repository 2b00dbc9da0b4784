// The network that finds speech. The checksum is made right, or hardly an input would get behind
// it.
#include "fuzz.h"
#include "vpr/audio/speech_detector.h"
#include "vpr/base/file_io.h"

FUZZ(bytes) {
  const std::string content(bytes.substr(0, bytes.size() - (bytes.size() < 32 ? 0 : 32)));
  const vpr::fuzz::InputFile file(content + vpr::Fingerprint(content));
  const vpr::SpeechNetwork network = vpr::LoadSpeechNetwork(file.path());
  vpr::SpeechNetworkDescription(file.path());
  const std::vector<float> second(vpr::kSampleRate, 0.1f);
  vpr::DetectSpeech(second, network);
}
