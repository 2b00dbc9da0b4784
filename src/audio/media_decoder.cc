#include "audio/decoder.h"
#include "base/open_module.h"

namespace vpr {

std::unique_ptr<Decoder> OpenMedia(const ByteSource& bytes, int track, MediaRefusal& refusal,
                                   std::string& missing) {
  auto* const open = reinterpret_cast<MediaOpener*>(
      OpenOptionalModule(kMediaModule, kMediaEntry, kMediaPackages, missing));
  if (open == nullptr) return nullptr;
  return std::unique_ptr<Decoder>(open(bytes, track, refusal));
}

}  // namespace vpr
