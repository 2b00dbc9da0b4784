#include "vpr/audio/codec.h"

#include <sndfile.h>

#include <algorithm>
#include <cmath>

#include "audio/memory_file.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

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
  throw Error(ErrorCode::kInvalidArgument, "codec '" + Printable(name) +
                                               "' is unknown; there are " + known +
                                               DidYouMean(name, {"gsm", "opus", "vorbis", "mp3"}));
}

bool CodecAvailable(Codec codec) {
  const SF_INFO info = Describe(codec);
  return sf_format_check(&info) != 0;
}

std::string EncodeFlac(const std::vector<float>& samples) {
  SF_INFO info = {};
  info.channels = 1;
  info.samplerate = kSampleRate;
  info.format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16;
  MemoryFile memory;
  SF_VIRTUAL_IO io = MemoryFile::Io();
  {
    SndfileHandle file(sf_open_virtual(&io, SFM_WRITE, &info, &memory));
    const auto count = static_cast<sf_count_t>(samples.size());
    if (file != nullptr) sf_command(file.get(), SFC_SET_CLIPPING, nullptr, SF_TRUE);
    if (file == nullptr || sf_writef_float(file.get(), samples.data(), count) != count)
      throw Error(ErrorCode::kInternal, std::string("libsndfile: ") + sf_strerror(file.get()));
  }
  return {memory.bytes.begin(), memory.bytes.end()};
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
  MemoryFile memory;
  SF_VIRTUAL_IO io = MemoryFile::Io();
  const auto failed = [](SNDFILE* file) {
    return Error(ErrorCode::kInternal, std::string("libsndfile: ") + sf_strerror(file));
  };
  {
    SndfileHandle file(sf_open_virtual(&io, SFM_WRITE, &info, &memory));
    if (file == nullptr) throw failed(nullptr);
    sf_command(file.get(), SFC_SET_COMPRESSION_LEVEL, &compression, sizeof compression);
    const auto count = static_cast<sf_count_t>(channel.size());
    if (sf_writef_float(file.get(), channel.data(), count) != count) throw failed(file.get());
  }
  memory.at = 0;
  info = {};
  SndfileHandle file(sf_open_virtual(&io, SFM_READ, &info, &memory));
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
