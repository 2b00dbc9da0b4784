#include "vpr/transcribe/transcribe_files.h"

#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

void TranscribeFiles(const std::vector<std::string>& paths, const Transcriber& transcriber,
                     const std::string& words, std::size_t beam, Progress& progress,
                     const std::function<void(const TranscribedFile&)>& on_file) {
  const std::vector<int> wanted = transcriber.tokens().Encode(words);
  std::size_t failures = 0;
  for (const std::string& path : paths) {
    TranscribedFile file{path, {}, {}, {}};
    try {
      const Matrix log_probs = transcriber.LogProbs(ReadAudio(path).samples);
      file.text = transcriber.Transcribe(log_probs, beam);
      if (!wanted.empty()) file.check = transcriber.CheckWords(log_probs, wanted);
    } catch (const Error& error) {
      if (paths.size() == 1) throw;
      progress.Warn("skipped: '" + Printable(path) + "': " + error.what());
      file.failure = error.what();
      ++failures;
    }
    on_file(file);
  }
  if (failures > 0)
    throw Error(ErrorCode::kUnusable,
                Format("%zu of %zu files cannot be used", failures, paths.size()));
}

}  // namespace vpr
