#include "vpr/audio/trim.h"

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

SpeechOfFile FindSpeechIn(const std::string& path, const SpeechNetwork& network) {
  const std::vector<float> samples = ReadAudio(path).samples;
  const std::vector<bool> speech = DetectSpeech(samples, network);
  auto seconds = [](std::size_t frames) { return static_cast<double>(frames) / 100; };
  SpeechOfFile found{path, static_cast<double>(samples.size()) / kSampleRate, 0, {}};
  std::size_t frames = 0;
  for (std::size_t t = 0; t < speech.size(); ++t) {
    if (!speech[t]) continue;
    ++frames;
    if (t == 0 || !speech[t - 1]) found.stretches.emplace_back(seconds(t), 0);
    found.stretches.back().second = seconds(t + 1);
  }
  found.speech_seconds = seconds(frames);
  return found;
}

}  // namespace

TrimmedRecording TrimRecording(const std::string& path, const ReadOptions& read,
                               const SpeechOptions& options, const std::string& output,
                               Progress& progress, const StopRequested& stop) {
  progress.Start("trimming", "file", 1);
  PartialProgress partial(progress, stop, 1);
  SpeechReader speech(AudioSource(path, read), options);
  const bool write = !output.empty();
  speech.Find([&](double share) { partial.Update(0, write ? share / 2 : share); });
  if (write) {
    WavWriter writer(output, speech.num_speech_samples(), kSampleRate);
    speech.ForEachBlock([&](std::span<const float> samples) { writer.Add(samples); },
                        [&](double share) { partial.Update(0, (1 + share) / 2); });
    writer.Commit();
  }
  progress.Finish();
  for (const std::string& warning : speech.source().warnings())
    progress.Warn("'" + Printable(speech.source().name()) + "': " + warning);
  return {speech.num_samples(), speech.num_speech_samples(), speech.intervals()};
}

void FindSpeech(const std::vector<std::string>& paths, const SpeechNetwork& network,
                const std::function<void(const SpeechOfFile&)>& on_file) {
  std::size_t bad = 0;
  std::string first;
  for (const std::string& path : paths) {
    SpeechOfFile found;
    try {
      found = FindSpeechIn(path, network);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kInternal || paths.size() == 1) throw;
      if (bad++ == 0) first = error.what();
      continue;
    }
    on_file(found);
  }
  if (bad > 0)
    throw Error(
        ErrorCode::kUnusable,
        Format("%zu of %zu files could not be read, the first: ", bad, paths.size()) + first);
}

}  // namespace vpr
