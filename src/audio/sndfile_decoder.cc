#include <sndfile.h>

#include <algorithm>
#include <mutex>

#include "audio/decoder.h"

namespace vpr {
namespace {

SF_VIRTUAL_IO ReadOnly() {
  SF_VIRTUAL_IO io;
  io.get_filelen = [](void* user) {
    return static_cast<sf_count_t>(static_cast<ByteCursor*>(user)->size());
  };
  io.seek = [](sf_count_t offset, int whence, void* user) {
    return static_cast<sf_count_t>(static_cast<ByteCursor*>(user)->Seek(offset, whence));
  };
  io.read = [](void* buffer, sf_count_t count, void* user) {
    return static_cast<sf_count_t>(static_cast<ByteCursor*>(user)->Read(
        buffer, static_cast<std::size_t>(std::max<sf_count_t>(count, 0))));
  };
  io.write = [](const void*, sf_count_t, void*) { return sf_count_t{0}; };
  io.tell = [](void* user) {
    return static_cast<sf_count_t>(static_cast<ByteCursor*>(user)->position());
  };
  return io;
}

struct CloseSound {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using Sound = std::unique_ptr<SNDFILE, CloseSound>;

// libsndfile's own words are those of its authors ("Internal psf_fseek() failed"); what a user can
// do something about are these.
std::string Explain(int error) {
  switch (error) {
    case SF_ERR_UNRECOGNISED_FORMAT:
      return {};
    case SF_ERR_MALFORMED_FILE:
      return "its header contradicts itself";
    case SF_ERR_UNSUPPORTED_ENCODING:
      return "its encoding is not supported";
    default:
      return "its header cannot be understood";
  }
}

// Null, and `reason`, if it cannot.
Sound OpenSound(ByteCursor& cursor, SF_INFO& info, std::string& reason) {
  // libsndfile keeps the reason of a failed open in global variables.
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  SF_VIRTUAL_IO io = ReadOnly();
  Sound sound(sf_open_virtual(&io, SFM_READ, &info, &cursor));
  if (sound == nullptr) reason = Explain(sf_error(nullptr));
  return sound;
}

std::string FormatName(int format) {
  auto name = [](int command, int code) -> std::string {
    SF_FORMAT_INFO info{};
    info.format = code;
    sf_command(nullptr, command, &info, sizeof(info));
    return info.name != nullptr ? info.name : "unknown";
  };
  std::string major = name(SFC_GET_FORMAT_INFO, format & SF_FORMAT_TYPEMASK);
  return major.substr(0, major.find(" (")) + " (" +
         name(SFC_GET_FORMAT_INFO, format & SF_FORMAT_SUBMASK) + ")";
}

class SndfileDecoder final : public Decoder {
 public:
  SndfileDecoder(const ByteSource& bytes, std::string& reason) : cursor_(bytes) {
    sound_ = OpenSound(cursor_, info_, reason);
  }

  bool opened() const { return sound_ != nullptr; }

  AudioInfo info() const override {
    return {FormatName(info_.format), info_.samplerate, info_.channels, 0};
  }

  std::optional<std::uint64_t> announced() const override {
    // Some FLAC files do not say how long they are, which is shown as the largest number.
    if (info_.frames <= 0 || info_.frames == SF_COUNT_MAX) return std::nullopt;
    return static_cast<std::uint64_t>(info_.frames);
  }

  std::size_t Read(float* interleaved, std::size_t frames) override {
    sf_count_t got = sf_readf_float(sound_.get(), interleaved, static_cast<sf_count_t>(frames));
    return static_cast<std::size_t>(std::max<sf_count_t>(got, 0));
  }

  std::uint64_t position() const override { return cursor_.position(); }
  std::string error() const override {
    return sf_error(sound_.get()) == SF_ERR_NO_ERROR ? std::string()
                                                     : "what follows cannot be decoded";
  }
  std::string read_failure() const override { return cursor_.failure(); }

 private:
  ByteCursor cursor_;  // libsndfile keeps its address
  SF_INFO info_{};
  Sound sound_;
};

}  // namespace

std::unique_ptr<Decoder> OpenSndfile(const ByteSource& bytes, std::string& reason) {
  auto decoder = std::make_unique<SndfileDecoder>(bytes, reason);
  return decoder->opened() ? std::move(decoder) : nullptr;
}

}  // namespace vpr
