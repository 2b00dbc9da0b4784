#include <mutex>

#include "audio/decoder.h"
#include "base/open_module.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

// Null, and `missing`, where the module cannot be opened: it was not built, or a library that it
// needs is not installed. Asked again for every file, since folders are of any size but an answer
// that is kept would outlive an installation.
MediaOpener* OpenModuleOnce(std::string& missing) {
  static std::mutex mutex;
  static MediaOpener* opener = nullptr;
  std::lock_guard lock(mutex);
  if (opener != nullptr) return opener;
  try {
    opener = reinterpret_cast<MediaOpener*>(OpenModule(kMediaModule, kMediaEntry));
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
