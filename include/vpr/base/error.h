// The one exception type of vpr.
//
// A message reads: what failed, which file or utterance, what was found and what was expected, and,
// where there is something to do about it, what to do. It is one line, it ends without a full stop,
// and it is fit to be shown to a user as it is.
#pragma once

#include <stdexcept>
#include <string>

namespace vpr {

enum class ErrorCode {
  kNotFound,         // a file, model, utterance or device that does not exist
  kIo,               // the operating system refused to read or write
  kCorrupt,          // a file that is damaged, truncated or not of the expected format
  kIncompatible,     // a sound file of another version or other settings
  kNeedsPassphrase,  // an encrypted store that was opened without its passphrase
  kNeedsKeyFile,     // the same without its key file
  kInvalidArgument,  // an option or a value outside its range
  kUnusable,         // audio that decodes but holds nothing to work on: silent, too short, NaN
  kInterrupted,      // stopped by the user; what was done is safe
  kDevice,           // a microphone or a GPU
  kInternal          // a fault of ours
};

class __attribute__((visibility("default"))) Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

// Always on. For invariants of our own code, never for input.
#define VPR_CHECK(condition)                                                                   \
  do {                                                                                         \
    if (!(condition))                                                                          \
      throw ::vpr::Error(::vpr::ErrorCode::kInternal,                                          \
                         std::string("internal error, please report it: " #condition " at ") + \
                             __FILE__ + ":" + std::to_string(__LINE__));                       \
  } while (false)

}  // namespace vpr
