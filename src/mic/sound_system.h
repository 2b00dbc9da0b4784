// Microphones: the interface of a module that is opened at run time (lib/vpr/vpr_portaudio.so),
// which defines these functions of vpr/mic/microphone.h.
#pragma once

#include "vpr/mic/microphone.h"

namespace vpr {

struct SoundSystem {
  static constexpr const char *kModule = "vpr_portaudio", *kEntry = "vpr_portaudio",
                              *kPackages = "portaudio19-dev",
                              *kWithout = "cannot reach a microphone, since PortAudio is missing";
  decltype(&ListInputDevices) devices;
  decltype(&OpenMicrophone) open;
};

}  // namespace vpr
