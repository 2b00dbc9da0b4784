// Names of speakers, and whatever else is shown on a terminal.
#include "fuzz.h"
#include "vpr/base/unicode.h"
#include "vpr/store/voice_store.h"

FUZZ(bytes) {
  const std::string text(bytes);
  if (!vpr::IsUtf8(vpr::Printable(text))) std::abort();
  // A normal form is its own; composing and decomposing meet.
  const std::string nfc = vpr::ToNfc(text);
  if (vpr::ToNfc(nfc) != nfc || vpr::ToNfc(vpr::ToNfd(text)) != nfc) std::abort();
  vpr::CheckSpeakerName(text);
}
