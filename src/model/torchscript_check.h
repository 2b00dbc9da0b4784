// What a TorchScript archive would do, read without doing it.
//
// Loading such an archive runs a program: its pickles make objects and call their __setstate__, and
// its code may call any of LibTorch's operators, of which some read and write files. So before
// LibTorch sees a stranger's archive, everything in it is read here: each operator that the code
// names must be on a list of those that only compute, the pickles may make nothing but tensors,
// containers and the archive's own classes, no tensor may reach beyond the numbers that the archive
// holds for it (LibTorch does not look), and nothing may nest deeper than LibTorch's own
// (recursive) readers bear.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace vpr {

// Is this a name of one of LibTorch's operators (aten::NAME, prim::NAME)?
using IsOperator = std::function<bool(const std::string& name)>;

// The archive, written anew with nothing but what was checked. Throws kCorrupt for what is no
// TorchScript archive, kIncompatible for what it must not do, by name.
std::string CheckedTorchScript(std::string_view archive, const IsOperator& is_operator);

// Bytes of the archive's storages, by key.
using StorageSizes = std::map<std::string, std::uint64_t>;

// Its parts.
void CheckScriptCode(std::string_view code, const IsOperator& is_operator);
void CheckScriptPickle(std::string_view pickle, const StorageSizes& storages = {});

}  // namespace vpr
