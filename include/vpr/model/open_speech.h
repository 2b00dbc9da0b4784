// The speech of a source that is open already.
#pragma once

#include "vpr/audio/speech.h"
#include "vpr/model/embedding_extractor.h"

namespace vpr {

// As EmbeddingExtractor::OpenSpeech has it, of a source at 16 kHz.
SpeechReader OpenSpeech(const EmbeddingExtractor& extractor, AudioSource source);

}  // namespace vpr
