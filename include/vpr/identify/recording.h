// From a recording, a file's or a microphone's, to an utterance one can enroll or search with.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "vpr/audio/speech_quality.h"
#include "vpr/base/progress.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/store/voice_store.h"

namespace vpr {

struct Recording {
  std::string source;    // path, "microphone"
  bool is_file = false;  // `source` is a path
  std::string failure;   // why there is no embedding; empty: there is one
  bool heard = false;    // it could be read, whatever is in it
  SpeechQuality quality;
  std::vector<std::string> warnings;  // what makes it doubtful
  std::string several_voices;         // one of those: more than one person speaks (VoicesMeter)
  Embedding embedding;
  SpeechConditions conditions;  // of the speech that the embedding was made of
  std::vector<float> samples;   // of the whole recording, 16 kHz; only if asked for
};

// Seconds of speech as every command says them and the store keeps them: of what the embedding was
// made of, silence cut out. Without an embedding: of what was found to be voice.
double SpeechSeconds(const Recording& recording);

// As the store keeps it; a file's path becomes absolute. `info`: of the model that embedded it.
EnrolledUtterance ToUtterance(Recording&& recording, const ModelInfo& info,
                              bool keep_audio = false);

// Measures, judges and embeds 16 kHz audio. Never throws for what is wrong with the audio.
Recording EmbedRecording(const std::string& source, const std::vector<float>& samples,
                         const EmbeddingExtractor& extractor, const QualityLimits& limits,
                         bool keep_samples = false);

// The same of a file of any length ("-": standard input), in memory that does not grow with it
// unless the samples are kept. `threads`: for the parts of a long one. What cannot be read is a
// failure too.
Recording EmbedFile(const std::string& path, const EmbeddingExtractor& extractor,
                    const QualityLimits& limits, bool keep_samples = false, int threads = 1,
                    const OnRead& on_read = {});

// The same of a file's bytes in memory; `name` is used in messages.
Recording EmbedBytes(std::string bytes, const std::string& name,
                     const EmbeddingExtractor& extractor, const QualityLimits& limits,
                     bool keep_samples = false, const OnRead& on_read = {});

// The same for files, on several threads; `use` gets them in the order given. Throws kInterrupted
// if stopped.
void EmbedRecordings(const std::vector<std::string>& paths, const EmbeddingExtractor& extractor,
                     const QualityLimits& limits, bool keep_samples, Progress& progress,
                     const StopRequested& stop, const std::function<void(Recording&&)>& use);

// Throws kUnusable, with both numbers, if some of a command's recordings failed.
void RequireAllUsable(std::size_t failed, std::size_t all);

}  // namespace vpr
