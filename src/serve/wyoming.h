// The Wyoming protocol of voice assistants: events of a line of JSON, more JSON and bytes. Answers
// who speaks, in the events that there are: `transcribe` is answered by a transcript that is the
// name, `detect` by a detection with the speaker, or by not-detected.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "vpr/serve/service.h"

namespace vpr {

// One connection. Bytes in, bytes out; nothing to do with sockets.
class WyomingSession {
 public:
  WyomingSession(Recognizer& recognizer, const ServiceOptions& options);
  ~WyomingSession();

  // What is to be sent. Throws kInvalidArgument for what is no event: the connection is over.
  std::string Accept(std::string_view bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vpr
