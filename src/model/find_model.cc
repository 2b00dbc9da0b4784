#include <cstdlib>
#include <string_view>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/resources.h"
#include "vpr/base/text.h"
#include "vpr/model/model_file.h"

namespace vpr {

namespace {
constexpr std::string_view kModelMagic = "\x89VPR\r\n";
}  // namespace

std::string FindModel(const std::string& given) {
  if (!given.empty()) return given;
  if (const char* variable = std::getenv("VPR_MODEL"); variable != nullptr && *variable != '\0') {
    if (!IsRegularFile(variable))
      throw Error(ErrorCode::kNotFound, "$VPR_MODEL names '" + Printable(variable) +
                                            "', which is no file that can be read");
    // What opens it would not say who named it.
    if (!MappedFile(variable).text().starts_with(kModelMagic))
      throw Error(ErrorCode::kCorrupt,
                  "$VPR_MODEL names '" + Printable(variable) + "', which is not a vpr model file");
    return variable;
  }
  const std::string place = ResourcePath("share/vpr/models/default.vpr");
  if (IsRegularFile(place)) return place;
  throw Error(ErrorCode::kNotFound, "no model found: looked for " + Printable(place) +
                                        "; name one with --model or $VPR_MODEL");
}

}  // namespace vpr
