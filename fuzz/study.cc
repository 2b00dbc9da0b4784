// Studies of a classifier's settings, and what is drawn from them next.
#include "vpr/tune/study.h"

#include "fuzz.h"

FUZZ(bytes) {
  const vpr::fuzz::InputFile file(bytes);
  const vpr::Study study = vpr::ReadStudy(file.path());
  vpr::SuggestSettings(study);
  vpr::StudyTable(study);
  study.best();
}
