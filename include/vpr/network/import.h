// Networks trained elsewhere, as models of ours.
#pragma once

#include <string>
#include <string_view>

#include "vpr/model/model_file.h"

namespace vpr {

struct ImportOptions {
  // Of a file of weights alone, the family whose network they are for: "campplus" (3D-Speaker's
  // CAM++), "ge2e" (Resemblyzer's). Empty: the file is an ONNX graph.
  std::string architecture;
  // Name for MakeFrontEnd; empty: the family's own, or what the file's metadata says.
  std::string front_end;
  std::string licence, credit;  // of the weights; kept in the model file
};

// A model without thresholds and with the cosine as its score, of the content of a file of weights
// written by PyTorch's torch.save. `name`, of the file, is kept. Throws kInvalidArgument for an
// unknown family or front end, kCorrupt for what is no such file, kIncompatible for one that holds
// more than tensors or not those of the family's network, which are named.
Model ImportNetwork(std::string_view content, const std::string& name,
                    const ImportOptions& options);

// The network in a file, with the score in the file `score` attached, or with the one that came
// with vpr if it knows the network. Throws also what ReadFile and AttachKnownScore throw.
struct ImportedModel {
  Model model;
  bool calibrated = false;  // a score was attached
};
ImportedModel ImportModel(const std::string& path, const ImportOptions& options,
                          const std::string& score);

}  // namespace vpr
