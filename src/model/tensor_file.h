// A file of a JSON description and named tensors, float32 or compact, with a checksum: what model
// files and classifier files have in common. docs/formats.md gives every byte.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "vpr/base/error.h"
#include "vpr/model/model_file.h"

namespace vpr {

struct TensorFileFormat {
  const char* magic;    // 8 bytes
  int version;          // written, and the only one read
  int compact_version;  // of a file with weights in another type than float32; 0: there are none
  const char* what;     // "model", for messages
  // From compact_version to this one, all may have weights of any type; 0: there are no others.
  int newest_version = 0;
};

struct TensorFile {
  nlohmann::ordered_json header;  // with "tensors"
  std::vector<Tensor> tensors;
  WeightType weights = WeightType::kFloat32;
  int version = 0;
  std::string fingerprint;  // of the content
};

// Writes atomically; returns the fingerprint. Of the first `compact` tensors the weights, which
// must be rounded (RoundWeights), are stored as this type. `version`: above compact_version; 0:
// that of the weights. Throws kIo.
std::string WriteTensorFile(const std::string& path, const TensorFileFormat& format,
                            nlohmann::ordered_json header, const std::vector<Tensor>& tensors,
                            WeightType weights = WeightType::kFloat32, std::size_t compact = 0,
                            int version = 0);

// What is in it takes no more than the file has, its numbers are finite, its tensors have names of
// their own, its text is printable.
// Throws kNotFound, kIo; kCorrupt for another kind of file, one that is cut off,
// fails its checksum or whose tensors do not fit; kIncompatible for another version. The message
// names the file.
TensorFile ReadTensorFile(const std::string& path, const TensorFileFormat& format);

// "cannot use model 'x.vpr': what"
Error CannotUse(const std::string& path, const TensorFileFormat& format, ErrorCode code,
                const std::string& what);

}  // namespace vpr
