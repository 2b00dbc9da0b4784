#include <cstdlib>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/model/model_file.h"

namespace vpr {

std::string FindModel(const std::string& given) {
  if (!given.empty()) return given;
  if (const char* variable = std::getenv("VPR_MODEL"); variable != nullptr && *variable != '\0')
    return variable;
  // bin/vpr beside share/vpr when installed; the source tree's models when not.
  std::string places[] = {ExecutableFolder() + "/../share/vpr/models/default.vpr",
                          std::string(VPR_SOURCE_MODELS) + "/default.vpr"};
  std::string looked;
  for (const std::string& place : places) {
    if (IsRegularFile(place)) return place;
    looked += (looked.empty() ? "" : ", ") + Printable(place);
  }
  throw Error(ErrorCode::kNotFound,
              "no model found: looked for " + looked + "; name one with --model or $VPR_MODEL");
}

}  // namespace vpr
