// Texts with their ids, for word error rates.
#include "fuzz.h"
#include "vpr/transcribe/word_error.h"

FUZZ(bytes) {
  const vpr::fuzz::InputFile file(bytes);
  const vpr::TranscriptFile read = vpr::ReadTranscripts(file.path());
  for (std::size_t i = 1; i < read.transcripts.size() && i < 8; ++i)
    vpr::AlignCharacters(read.transcripts[i - 1].text, read.transcripts[i].text);
}
