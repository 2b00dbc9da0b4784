// Files of weights as torch.save writes them; and their pickle alone, put into an archive whose
// checksum is right. The first byte says which.
#include "model/state_dict.h"
#include "fuzz.h"
#include "model/zip_archive.h"

FUZZ(bytes) {
  if (bytes.empty()) return;
  const char kind = bytes[0];
  bytes.remove_prefix(1);
  if (kind == 'a') {
    vpr::ReadStateDict(bytes);
  } else {
    vpr::ZipWriter archive;
    archive.Add("net/data.pkl", bytes);
    archive.Add("net/data/0", std::string(64, '\1'));
    vpr::ReadStateDict(archive.Finish());
  }
}
