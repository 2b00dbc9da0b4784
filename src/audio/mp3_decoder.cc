#include <mpg123.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "audio/decoder.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Bytes = std::span<const std::uint8_t>;

struct Cursor {
  Bytes bytes;
  off_t position = 0;
};

ssize_t ReadCursor(void* user, void* buffer, size_t size) {
  auto* cursor = static_cast<Cursor*>(user);
  auto at = static_cast<std::size_t>(cursor->position);
  size = std::min(size, cursor->bytes.size() - at);
  if (size > 0) std::memcpy(buffer, cursor->bytes.data() + at, size);
  cursor->position += static_cast<off_t>(size);
  return static_cast<ssize_t>(size);
}

off_t SeekCursor(void* user, off_t offset, int whence) {
  auto* cursor = static_cast<Cursor*>(user);
  auto size = static_cast<off_t>(cursor->bytes.size());
  off_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? cursor->position : size;
  cursor->position = std::clamp<off_t>(base + offset, 0, size);
  return cursor->position;
}

class Mp3Decoder final : public Decoder {
 public:
  Mp3Decoder(Bytes bytes, std::string& reason) : cursor_{bytes} {
    static const int initialised = mpg123_init();  // does nothing in newer versions
    int error = initialised;
    if (error == MPG123_OK) handle_.reset(mpg123_new(nullptr, &error));
    if (handle_ == nullptr) {
      reason = mpg123_plain_strerror(error);
      return;
    }
    // The delay and padding that the encoder added are cut off again; a change of rate or channels
    // in the middle ends the stream.
    mpg123_param(handle_.get(), MPG123_ADD_FLAGS,
                 MPG123_QUIET | MPG123_FORCE_FLOAT | MPG123_GAPLESS | MPG123_NO_FRANKENSTEIN, 0);
    mpg123_param(handle_.get(), MPG123_REMOVE_FLAGS, MPG123_AUTO_RESAMPLE, 0);
    long rate = 0;
    int encoding = 0;
    opened_ =
        mpg123_replace_reader_handle(handle_.get(), ReadCursor, SeekCursor, nullptr) == MPG123_OK &&
        mpg123_open_handle(handle_.get(), &cursor_) == MPG123_OK &&
        mpg123_getformat(handle_.get(), &rate, &channels_, &encoding) == MPG123_OK &&
        encoding == MPG123_ENC_FLOAT_32 && channels_ > 0;
    rate_ = static_cast<int>(rate);
    if (!opened_) reason = Reason();
  }

  bool opened() const { return opened_; }

  AudioInfo info() const override {
    mpg123_frameinfo frame{};
    mpg123_info(handle_.get(), &frame);
    return {Format("MP%d (MPEG Layer %d)", frame.layer, frame.layer), rate_, channels_, 0};
  }

  // Only an estimate; the Xing tag has been compared with the file by CheckContainer.
  std::optional<std::uint64_t> announced() const override { return std::nullopt; }

  std::size_t Read(float* interleaved, std::size_t frames) override {
    if (ended_) return 0;
    std::size_t width = sizeof(float) * static_cast<std::size_t>(channels_), done = 0;
    int status = mpg123_read(handle_.get(), reinterpret_cast<unsigned char*>(interleaved),
                             frames * width, &done);
    ended_ = status != MPG123_OK;
    if (status == MPG123_NEW_FORMAT) error_ = "its rate or channels change";
    if (status == MPG123_ERR) error_ = Reason();
    return done / width;
  }

  std::string error() const override { return error_; }

 private:
  struct Delete {
    void operator()(mpg123_handle* handle) const { mpg123_delete(handle); }
  };

  std::string Reason() const {
    std::string reason = Printable(mpg123_strerror(handle_.get()));
    while (reason.ends_with('.') || reason.ends_with(' ')) reason.pop_back();
    return reason;
  }

  Cursor cursor_;  // libmpg123 keeps its address
  std::unique_ptr<mpg123_handle, Delete> handle_;
  int rate_ = 0, channels_ = 0;
  bool opened_ = false, ended_ = false;
  std::string error_;
};

}  // namespace

bool IsMp3(Bytes bytes) {
  std::size_t offset = Id3Size(bytes);
  if (bytes.size() < 4 || offset > bytes.size() - 4) return false;
  unsigned a = bytes[offset], b = bytes[offset + 1], c = bytes[offset + 2];
  // ISO/IEC 11172-3, 2.4.1.3: sync, version, layer, bit rate, sampling rate; the reserved values of
  // the last four are not MPEG audio.
  return a == 0xFF && (b & 0xE0) == 0xE0 && (b & 0x18) != 0x08 && (b & 0x06) != 0 &&
         (c & 0xF0) != 0xF0 && (c & 0x0C) != 0x0C;
}

std::unique_ptr<Decoder> OpenMp3(Bytes bytes, std::string& reason) {
  auto decoder = std::make_unique<Mp3Decoder>(bytes, reason);
  return decoder->opened() ? std::move(decoder) : nullptr;
}

}  // namespace vpr
