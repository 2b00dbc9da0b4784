// Weights of families of networks under the names and in the shapes of ours.
#pragma once

#include <string>
#include <vector>

#include "vpr/model/model_file.h"

namespace vpr {

// 3D-Speaker's CAM++ (speakerlab/models/campplus/DTDNN.py: CAMPPlus) as architecture "campplus":
// sizes are taken from the tensors. Throws kIncompatible for missing and surplus tensors, by name.
Model ImportCampPlus(std::vector<Tensor> tensors);

// Resemblyzer's VoiceEncoder (voice_encoder.py) as architecture "ge2e": the same. The scale and
// shift of the loss it was trained with are left out.
Model ImportGe2e(std::vector<Tensor> tensors);

}  // namespace vpr
