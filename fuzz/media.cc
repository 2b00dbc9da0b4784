// Recordings as FFmpeg's libraries read them, behind the module's limits.
#include "audio/byte_source.h"
#include "ffmpeg/ffmpeg_decoder.h"
#include "fuzz.h"

FUZZ(bytes) {
  constexpr std::size_t kBlock = 1 << 14, kMost = 1 << 19;  // values: in the midst of any
  const auto source = vpr::BytesInMemory(std::string(bytes));
  vpr::MediaRefusal refusal;
  const auto decoder = vpr::OpenFfmpeg(*source, 0, refusal);
  if (decoder == nullptr) return;
  const auto channels = static_cast<std::size_t>(decoder->info().channels);
  if (channels == 0) return;
  std::vector<float> block(kBlock * channels);
  for (std::size_t values = 0; values < kMost;) {
    const std::size_t frames = decoder->Read(block.data(), kBlock);
    if (frames == 0) break;
    values += frames * channels;
  }
  decoder->error();
  decoder->warnings();
}
