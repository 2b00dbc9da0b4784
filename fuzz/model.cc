// Model files. The checksum is made right, or hardly an input would get behind it.
#include "vpr/model/model_file.h"

#include "fuzz.h"
#include "vpr/base/file_io.h"

FUZZ(bytes) {
  std::string content(bytes.substr(0, bytes.size() - (bytes.size() < 32 ? 0 : 32)));
  const vpr::fuzz::InputFile file(content + vpr::Fingerprint(content));
  const vpr::Model model = vpr::LoadModel(file.path());
  vpr::InfoAsJson(model.info);
}
