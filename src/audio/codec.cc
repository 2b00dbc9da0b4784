#include "vpr/audio/codec.h"

#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"

namespace vpr {
namespace {

constexpr int kGsmRate = 8000;

SF_INFO Describe(Codec codec) {
  SF_INFO info = {};
  info.channels = 1;
  info.samplerate = codec == Codec::kGsm ? kGsmRate : kSampleRate;
  switch (codec) {
    case Codec::kGsm:
      info.format = SF_FORMAT_WAV | SF_FORMAT_GSM610;
      break;
    case Codec::kOpus:
      info.format = SF_FORMAT_OGG | SF_FORMAT_OPUS;
      break;
    case Codec::kVorbis:
      info.format = SF_FORMAT_OGG | SF_FORMAT_VORBIS;
      break;
    case Codec::kMp3:
      info.format = SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III;
      break;
  }
  return info;
}

// A file in memory.
struct Memory {
  std::vector<char> bytes;
  sf_count_t at = 0;

  static Memory& Of(void* self) { return *static_cast<Memory*>(self); }
  static sf_count_t Size(void* self) { return static_cast<sf_count_t>(Of(self).bytes.size()); }
  static sf_count_t Seek(sf_count_t offset, int whence, void* self) {
    Memory& memory = Of(self);
    const sf_count_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? memory.at : Size(self);
    return memory.at = std::max<sf_count_t>(from + offset, 0);
  }
  static sf_count_t Tell(void* self) { return Of(self).at; }
  static sf_count_t Read(void* to, sf_count_t count, void* self) {
    Memory& memory = Of(self);
    count = std::clamp<sf_count_t>(Size(self) - memory.at, 0, count);
    if (count > 0)
      std::memcpy(to, memory.bytes.data() + memory.at, static_cast<std::size_t>(count));
    memory.at += count;
    return count;
  }
  static sf_count_t Write(const void* from, sf_count_t count, void* self) {
    Memory& memory = Of(self);
    const auto end = static_cast<std::size_t>(memory.at + count);
    if (memory.bytes.size() < end) memory.bytes.resize(end);
    if (count > 0)
      std::memcpy(memory.bytes.data() + memory.at, from, static_cast<std::size_t>(count));
    memory.at += count;
    return count;
  }
};

struct Close {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using File = std::unique_ptr<SNDFILE, Close>;

}  // namespace

const char* ToString(Codec codec) {
  switch (codec) {
    case Codec::kGsm:
      return "gsm";
    case Codec::kOpus:
      return "opus";
    case Codec::kVorbis:
      return "vorbis";
    case Codec::kMp3:
      return "mp3";
  }
  return "";
}

Codec ParseCodec(const std::string& name) {
  std::string known;
  for (Codec codec : kCodecs) {
    if (name == ToString(codec)) return codec;
    known += (known.empty() ? "" : ", ") + std::string(ToString(codec));
  }
  throw Error(ErrorCode::kInvalidArgument, "codec '" + name + "' is unknown; there are " + known);
}

bool CodecAvailable(Codec codec) {
  const SF_INFO info = Describe(codec);
  return sf_format_check(&info) != 0;
}

void PassCodec(std::vector<float>& samples, Codec codec, double compression) {
  if (!CodecAvailable(codec))
    throw Error(ErrorCode::kInvalidArgument, std::string("this build of libsndfile cannot write ") +
                                                 ToString(codec) + "; use another codec");
  if (samples.empty()) return;
  const std::size_t length = samples.size();
  SF_INFO info = Describe(codec);
  const int rate = info.samplerate;
  std::vector<float> channel = rate == kSampleRate ? samples : Resample(samples, kSampleRate, rate);
  // Louder than full scale would be clipped, a codec of whole numbers would turn a whisper to
  // noise.
  float peak = 1e-6f;
  for (float sample : channel) peak = std::max(peak, std::abs(sample));
  for (float& sample : channel) sample *= 0.7f / peak;
  Memory memory;
  SF_VIRTUAL_IO io = {Memory::Size, Memory::Seek, Memory::Read, Memory::Write, Memory::Tell};
  const auto failed = [](SNDFILE* file) {
    return Error(ErrorCode::kInternal, std::string("libsndfile: ") + sf_strerror(file));
  };
  {
    File file(sf_open_virtual(&io, SFM_WRITE, &info, &memory));
    if (file == nullptr) throw failed(nullptr);
    sf_command(file.get(), SFC_SET_COMPRESSION_LEVEL, &compression, sizeof compression);
    const auto count = static_cast<sf_count_t>(channel.size());
    if (sf_writef_float(file.get(), channel.data(), count) != count) throw failed(file.get());
  }
  memory.at = 0;
  info = {};
  File file(sf_open_virtual(&io, SFM_READ, &info, &memory));
  if (file == nullptr) throw failed(nullptr);
  // What a codec adds at the end is dropped, what it takes away is silence.
  std::fill(channel.begin(), channel.end(), 0.0f);
  if (info.channels != 1 || info.samplerate != rate) throw failed(file.get());
  sf_readf_float(file.get(), channel.data(), static_cast<sf_count_t>(channel.size()));
  for (float& sample : channel) sample *= peak / 0.7f;
  samples = rate == kSampleRate ? std::move(channel) : Resample(channel, rate, kSampleRate);
  samples.resize(length);
}

}  // namespace vpr
