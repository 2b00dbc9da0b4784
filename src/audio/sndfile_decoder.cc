#include <sndfile.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <string_view>

#include "audio/decoder.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Bytes = std::span<const std::uint8_t>;

// What libsndfile reads: a header of ours, if there is one, and then bytes of the file.
struct Source {
  std::string_view header;
  Bytes bytes;
  sf_count_t position = 0;
  sf_count_t size() const { return static_cast<sf_count_t>(header.size() + bytes.size()); }
};

SF_VIRTUAL_IO ReadOnlyMemory() {
  SF_VIRTUAL_IO io;
  io.get_filelen = [](void* user) { return static_cast<Source*>(user)->size(); };
  io.seek = [](sf_count_t offset, int whence, void* user) {
    auto* source = static_cast<Source*>(user);
    sf_count_t base = whence == SEEK_SET   ? 0
                      : whence == SEEK_CUR ? source->position
                                           : source->size();
    source->position = std::clamp<sf_count_t>(base + offset, 0, source->size());
    return source->position;
  };
  io.read = [](void* buffer, sf_count_t count, void* user) {
    auto* source = static_cast<Source*>(user);
    count = std::clamp<sf_count_t>(count, 0, source->size() - source->position);
    auto at = static_cast<std::size_t>(source->position), wanted = static_cast<std::size_t>(count);
    auto* out = static_cast<char*>(buffer);
    std::size_t head = source->header.copy(out, wanted, std::min(at, source->header.size()));
    if (head < wanted)
      std::memcpy(out + head, source->bytes.data() + (at + head - source->header.size()),
                  wanted - head);
    source->position += count;
    return count;
  };
  io.write = [](const void*, sf_count_t, void*) { return sf_count_t{0}; };
  io.tell = [](void* user) { return static_cast<Source*>(user)->position; };
  return io;
}

struct CloseSound {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using Sound = std::unique_ptr<SNDFILE, CloseSound>;

std::string Reason(SNDFILE* file) {
  std::string reason = Printable(sf_strerror(file));
  while (reason.ends_with('.') || reason.ends_with(' ')) reason.pop_back();
  return reason;
}

// Null, and `reason`, if it cannot.
Sound OpenSound(Source& source, SF_INFO& info, std::string& reason) {
  // libsndfile keeps the reason of a failed open in global variables.
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  SF_VIRTUAL_IO io = ReadOnlyMemory();
  Sound sound(sf_open_virtual(&io, SFM_READ, &info, &source));
  if (sound == nullptr) reason = Reason(nullptr);
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
  SndfileDecoder(Bytes bytes, const ContainerReport& report, std::string& reason)
      : header_(report.header) {
    source_.header = header_;
    source_.bytes = header_.empty() ? bytes : report.audio;
    sound_ = OpenSound(source_, info_, reason);
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

  std::string error() const override {
    return sf_error(sound_.get()) == SF_ERR_NO_ERROR ? std::string() : Reason(sound_.get());
  }

 private:
  std::string header_;
  Source source_;  // libsndfile keeps its address
  SF_INFO info_{};
  Sound sound_;
};

}  // namespace

std::unique_ptr<Decoder> OpenSndfile(Bytes bytes, const ContainerReport& report,
                                     std::string& reason) {
  auto decoder = std::make_unique<SndfileDecoder>(bytes, report, reason);
  return decoder->opened() ? std::move(decoder) : nullptr;
}

}  // namespace vpr
