// PyTorch's files of weights: what torch.save writes of a dictionary of tensors, now or before
// PyTorch 1.6. The pickle in it
// is read as data: it can make dictionaries, tuples, lists, numbers, text and tensors, and nothing
// is ever called.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vpr/model/model_file.h"

namespace vpr {

// The tensors in the order of the file. Where the dictionary holds others ("state_dict", "model",
// ...), the tensors are those of the only one of these that has any. Weights in other types than
// float32 are converted. Throws kCorrupt for what is no such file or damaged; kIncompatible for
// opcodes, globals and objects that a file of weights has not, by name, for sizes beyond all
// networks, and for tensors with values that are no numbers.
std::vector<Tensor> ReadStateDict(std::string_view archive);

}  // namespace vpr
