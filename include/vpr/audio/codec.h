// Lossy codecs, as calls and voice messages pass through them.
#pragma once

#include <string>
#include <vector>

namespace vpr {

enum class Codec { kGsm, kOpus, kVorbis, kMp3 };

constexpr Codec kCodecs[] = {Codec::kGsm, Codec::kOpus, Codec::kVorbis, Codec::kMp3};

const char* ToString(Codec codec);          // "gsm", "opus", "vorbis", "mp3"
Codec ParseCodec(const std::string& name);  // throws kInvalidArgument naming the known ones
bool CodecAvailable(Codec codec);           // in this build of libsndfile

// `samples` (16 kHz) encoded and decoded again (libsndfile; GSM 06.10 at 8 kHz, the others at 16).
// `compression` from 0, the highest bit rate of the codec, to 1, the lowest; GSM has only one. The
// length stays; MP3 moves the speech by its encoder's delay. Throws kInvalidArgument for a codec
// that is not available.
void PassCodec(std::vector<float>& samples, Codec codec, double compression);

}  // namespace vpr
