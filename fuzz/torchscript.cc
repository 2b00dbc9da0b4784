// TorchScript archives, before LibTorch sees them; and their code and pickles alone, which are
// deflated and sealed by checksums in an archive. The first byte says which.
#include "fuzz.h"
#include "model/torchscript_check.h"
#include "vpr/base/file_io.h"

FUZZ(bytes) {
  // Every second word is an operator, also of those that are not on the list.
  const vpr::IsOperator is_operator = [](const std::string& name) {
    return name == "save" || vpr::Fingerprint(name)[0] % 2 == 0;
  };
  if (bytes.empty()) return;
  const char kind = bytes[0];
  bytes.remove_prefix(1);
  switch (kind) {
    case 'c':
      vpr::CheckScriptCode(bytes, is_operator);
      break;
    case 'p':
      vpr::CheckScriptPickle(bytes, {{"0", 16}, {"1", 64}});
      break;
    case 'a': {
      const std::string checked = vpr::CheckedTorchScript(bytes, is_operator);
      if (vpr::CheckedTorchScript(checked, is_operator) != checked) std::abort();
      break;
    }
    default:
      break;
  }
}
