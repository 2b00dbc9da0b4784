// Lists for eval and calibrate; the first byte says which.
#include "fuzz.h"
#include "vpr/eval/trials.h"

FUZZ(bytes) {
  if (bytes.empty()) return;
  const vpr::fuzz::InputFile file(bytes.substr(1));
  switch (bytes[0]) {
    case 't':
      vpr::ReadTrials(file.path());
      break;
    case 'e':
      vpr::ReadEnrollments(file.path());
      break;
    case 'm':
      vpr::ReadMetadata(file.path());
      break;
    case 's':
      vpr::ReadScores(file.path());
      break;
    default:
      break;
  }
}
