// Records of a store, as its tables hold them; the first byte says which.
#include "store/record.h"

#include "fuzz.h"
#include "store/vault.h"
#include "vpr/base/file_io.h"
#include "vpr/identify/gallery.h"

FUZZ(bytes) {
  if (bytes.empty()) return;
  const char kind = bytes[0];
  bytes.remove_prefix(1);
  switch (kind) {
    case 's':
      vpr::EncodeSpeaker(vpr::DecodeSpeaker(bytes));
      break;
    case 'u':
      vpr::EncodeUtterance(vpr::DecodeUtterance(bytes));
      break;
    case 't':
      vpr::CheckTemplateBlock(bytes);
      break;
    case 'h': {  // with its checksum made right
      const std::string place = std::string("vpr store key") + '\0';
      vpr::Vault::Open(vpr::Fingerprint(place + std::string(bytes)) + std::string(bytes), {},
                       "input");
      break;
    }
    default:
      break;
  }
}
