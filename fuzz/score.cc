// Files of scores for networks trained elsewhere.
#include "fuzz.h"
#include "vpr/model/known_score.h"

FUZZ(bytes) {
  const vpr::fuzz::InputFile file(vpr::fuzz::Sealed(bytes));
  vpr::Model model;
  model.info.embedding_dim = 2;
  model.info.network_fingerprint = "x";
  const std::vector<float> embedding = {0.6f, 0.8f};
  vpr::AttachKnownScore(file.path(), embedding, model);
  const vpr::Scorer scorer(model.scoring, model.info.calibration);
  scorer.Compare(scorer.MakeVoiceprint(embedding, 2), scorer.MakeVoiceprint(embedding, 3));
}
