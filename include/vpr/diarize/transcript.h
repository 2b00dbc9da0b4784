// Names for what a transcript says: who speaks in each cue, segment or word.
#pragma once

#include <string>
#include <string_view>

#include "vpr/diarize/diarizer.h"

namespace vpr {

// Who speaks between two moments: the speaker with the most of the time.
struct SpokenBy {
  std::size_t speaker = 0;  // in Diarization::speakers
  bool found = false;       // anybody speaks there
  bool sure = false;        // at least 0.7 of the speech there is theirs
};
SpokenBy WhoSpeaks(const Diarization& diarization, double begin, double end);

enum class TranscriptFormat { kSrt, kVtt, kJson };

// By its first bytes: "WEBVTT", "{", else SRT.
TranscriptFormat FormatOfTranscript(std::string_view text);

// A transcript's text, of at most 256 MB. Throws what ReadFile throws; kCorrupt for what is none.
std::string ReadTranscript(const std::string& path);

// The same transcript with names: SRT and VTT get "NAME: " before a cue's first line ("NAME?: "
// where it is not sure), JSON a member "speaker" and "speaker_sure" in each segment and word with
// times (whisper.cpp: transcription[].offsets, in milliseconds; whisperX and Whisper: segments[]
// and their words[], start and end in seconds); all else stays as it is. Where nobody is found to
// speak nothing is added. Throws kCorrupt, with `path`, for what is no such transcript.
std::string LabelTranscript(std::string_view text, const std::string& path,
                            const Diarization& diarization);

}  // namespace vpr
