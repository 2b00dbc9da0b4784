// Networks for other programs, as files in common formats. What goes in is what MelComputer makes
// of speech (the settings are in the file), [batch, frames, n_mels]; what comes out is the raw
// embedding [batch, embedding_dim], before it is scaled to length 1. Batch and frames are free.
// Speech shorter than the crop is to be repeated up to it, longer than 10 s to be cut.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "vpr/model/model_file.h"

namespace vpr {

// What an exported file says of the model: settings and where it comes from. Without a prefix under
// the names that sherpa-onnx and WeSpeaker use (sample_rate, output_dim, ...); ours begin with
// "vpr.": every field of FeatureOptions, crop_seconds, the fingerprints.
std::map<std::string, std::string> ExportMetadata(const ModelInfo& info);

// The content of an ONNX file (operator set 11, input "feats", output "embs"), the metadata in its
// metadata_props. Throw kIncompatible for a model that has no Graph, kNotFound if the engine for it
// cannot be opened.
std::string OnnxFile(const Model& model);

// The content of a TorchScript file, as torch.jit.load reads it, the metadata as JSON in the extra
// file "metadata.json".
std::string TorchScriptFile(const Model& model);

// A TorchScript module before LibTorch compiles it.
struct ScriptModule {
  std::string source;                                            // of its method forward(feats)
  std::vector<Tensor> parameters;                                // its attributes
  std::vector<std::pair<std::string, std::string>> extra_files;  // name and content
};

// What LibTorch's module does for TorchScriptFile.
class ScriptEngine {
 public:
  static constexpr const char* kModule = "vpr_torch";
  static constexpr const char* kEntry = "vpr_torch_script_engine";

  virtual ~ScriptEngine() = default;
  // The archive of a module, as torch.jit.load reads it.
  virtual std::string Archive(const ScriptModule& script) = 0;
};

}  // namespace vpr
