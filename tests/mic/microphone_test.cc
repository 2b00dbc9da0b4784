#include "vpr/mic/microphone.h"

#include <gmock/gmock.h>

#include "base/testing.h"
#include "vpr/base/resources.h"

namespace vpr {
namespace {

// A program whose installation has no PortAudio says so, and what to do; nothing else of it needs
// one.
TEST(Microphone, WithoutItsModule) {
  TestFolder folder;
  SetResourceFolder(folder.path().string());
  EXPECT_THAT(MessageOf(ErrorCode::kNotFound, [] { OpenMicrophone(""); }),
              testing::HasSubstr("cannot reach a microphone, since PortAudio is missing: install "
                                 "portaudio19-dev and build vpr again"));
  SetResourceFolder("");
}

}  // namespace
}  // namespace vpr
