// Embeddings of any number of files, one after another.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/model/embedding_extractor.h"

namespace vpr {

struct EmbeddedFile {
  std::size_t index;
  std::string path;
  std::vector<float> embedding;        // as EmbeddingExtractor::Extract gives it
  SpeechConditions conditions;         // of its speech
  std::string fingerprint;             // SpeechFingerprint of the speech
  std::optional<std::string> failure;  // why the file could not be used; then the three are empty
  std::vector<std::string> warnings;   // of AudioSource and, if judged, what makes an answer about
                                       // it doubtful; they were told to `progress`
};

// Embeds `count` files, the i-th of which is path_of(i) (asked from several threads); several are
// worked on at once. `on_file` gets them one after another in their order, so that memory does not
// grow with their number, and may throw to end the work. `judge`: also how fit each is to know a
// voice by (Judge), and whether several people speak in it (VoicesMeter). Throws kInterrupted if
// stopped.
void EmbedEach(std::size_t count, const std::function<std::string(std::size_t)>& path_of,
               const EmbeddingExtractor& extractor, Progress& progress, const StopRequested& stop,
               const std::function<void(const EmbeddedFile&)>& on_file, bool judge = false);

}  // namespace vpr
