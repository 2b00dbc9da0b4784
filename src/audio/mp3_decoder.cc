#include <mpg123.h>

#include <algorithm>
#include <cstdio>

#include "audio/decoder.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

ssize_t ReadCursor(void* user, void* buffer, size_t size) {
  return static_cast<ssize_t>(static_cast<ByteCursor*>(user)->Read(buffer, size));
}

off_t SeekCursor(void* user, off_t offset, int whence) {
  return static_cast<off_t>(static_cast<ByteCursor*>(user)->Seek(offset, whence));
}

class Mp3Decoder final : public Decoder {
 public:
  Mp3Decoder(const ByteSource& bytes, std::string& reason) : cursor_(bytes) {
    static const int initialised = mpg123_init();  // does nothing in newer versions
    int error = initialised;
    if (error == MPG123_OK) handle_.reset(mpg123_new(nullptr, &error));
    if (handle_ == nullptr) {
      reason = std::string("libmpg123 does not start: ") + mpg123_plain_strerror(error);
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
    if (!opened_) reason = "it begins like MP3, but no frame of it can be decoded";
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
    if (status == MPG123_ERR)
      error_ = mpg123_errcode(handle_.get()) == MPG123_RESYNC_FAIL
                   ? "what follows are no MP3 frames"
                   : "a frame cannot be decoded";
    return done / width;
  }

  std::uint64_t position() const override { return cursor_.position(); }
  std::string error() const override { return error_; }
  std::string read_failure() const override { return cursor_.failure(); }

 private:
  struct Delete {
    void operator()(mpg123_handle* handle) const { mpg123_delete(handle); }
  };

  ByteCursor cursor_;  // libmpg123 keeps its address
  std::unique_ptr<mpg123_handle, Delete> handle_;
  int rate_ = 0, channels_ = 0;
  bool opened_ = false, ended_ = false;
  std::string error_;
};

}  // namespace

std::unique_ptr<Decoder> OpenMp3(const ByteSource& bytes, std::string& reason) {
  auto decoder = std::make_unique<Mp3Decoder>(bytes, reason);
  return decoder->opened() ? std::move(decoder) : nullptr;
}

}  // namespace vpr
