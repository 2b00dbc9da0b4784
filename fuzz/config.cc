// config.toml of a training.
#include "fuzz.h"
#include "vpr/train/train_config.h"

FUZZ(bytes) {
  const vpr::fuzz::InputFile file(bytes);
  vpr::TrainConfig config = vpr::DefaultTrainConfig("resnet");
  vpr::ReadTrainConfig(file.path(), config);
  config.Validate();
}
