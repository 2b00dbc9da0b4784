#include "vpr/print/sync.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "vpr/base/text.h"
#include "vpr/print/json_line.h"

namespace vpr {

std::string ToText(const ClipSync& sync) {
  const std::string file = Printable(sync.file);
  if (!sync.offset_ms)
    return file + ": cannot tell: " + sync.reason +
           (sync.face == 0 ? std::string("\n")
                           : Format(" (correlation %.2f at %+.0f ms, confidence %.3f)\n",
                                    sync.correlation, sync.likeliest_ms, sync.confidence));
  const double ms = *sync.offset_ms;
  const std::string apart = std::abs(ms) < 0.5 ? std::string("the sound comes with the lips")
                                               : Format("the sound comes %.0f ms %s the lips",
                                                        std::abs(ms), ms > 0 ? "after" : "before");
  return file + ": " + apart +
         Format(" (correlation %.2f, confidence %.3f)\n", sync.correlation, sync.confidence);
}

std::string ToJson(const ClipSync& sync) {
  using Json = nlohmann::ordered_json;
  return JsonLine({{"file", sync.file},
                   {"offset_ms", sync.offset_ms ? Json(*sync.offset_ms) : Json()},
                   {"reason", sync.offset_ms ? Json() : Json(sync.reason)},
                   {"likeliest_ms", sync.face == 0 ? Json() : Json(sync.likeliest_ms)},
                   {"correlation", sync.face == 0 ? Json() : Json(sync.correlation)},
                   {"confidence", sync.confidence},
                   {"face", sync.face == 0 ? Json() : Json(sync.face)},
                   {"faces", sync.faces},
                   {"frames", sync.frames},
                   {"frames_with_face", sync.with_face},
                   {"seconds", sync.seconds},
                   {"warnings", sync.warnings}});
}

}  // namespace vpr
