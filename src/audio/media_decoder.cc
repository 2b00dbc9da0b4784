#include <mutex>

#include "audio/decoder.h"
#include "base/open_module.h"
#include "vpr/base/error.h"
#include "vpr/base/resources.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

// Null, and `missing`, where the module cannot be opened: it was not built, or a library that it
// needs is not installed. Only success is kept, and only for the folder that it was found in.
MediaOpener* OpenModuleOnce(std::string& missing) {
  static std::mutex mutex;
  static MediaOpener* opener = nullptr;
  static std::string opened;
  std::lock_guard lock(mutex);
  const std::string path = ResourcePath(std::string("lib/vpr/") + kMediaModule + ".so");
  if (opener != nullptr && path == opened) return opener;
  opener = nullptr;
  try {
    opener = reinterpret_cast<MediaOpener*>(OpenModule(kMediaModule, kMediaEntry));
    opened = path;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    const std::string reason = error.what();
    // "libavformat.so.59: cannot open shared object file", of a module that is there.
    const std::size_t library = reason.rfind(": lib"), end = reason.find(".so.", library);
    if (library != std::string::npos && end != std::string::npos) {
      const std::string name = reason.substr(library + 2, end - library - 2);
      const std::size_t after = end + 4;
      missing =
          "install the package " + Printable(name) +
          Printable(reason.substr(after, reason.find_first_not_of("0123456789", after) - after));
    } else {
      missing =
          "install libavformat-dev, libavcodec-dev and libswresample-dev and build vpr again, "
          "which then makes its module vpr_ffmpeg.so";
    }
  }
  return opener;
}

}  // namespace

std::unique_ptr<Decoder> OpenMedia(const ByteSource& bytes, int track, MediaRefusal& refusal,
                                   std::string& missing) {
  MediaOpener* const open = OpenModuleOnce(missing);
  if (open == nullptr) return nullptr;
  return std::unique_ptr<Decoder>(open(bytes, track, refusal));
}

}  // namespace vpr
