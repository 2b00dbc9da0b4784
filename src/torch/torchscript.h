// TorchScript archives: networks trained elsewhere, and ours for elsewhere.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>

#include "vpr/model/embedding_extractor.h"
#include "vpr/network/export.h"

namespace vpr {

// As NetworkEngine::LoadTorchScript.
std::unique_ptr<Network> LoadTorchScript(const std::string& path, const torch::Device& device);

// As ScriptEngine::Archive.
std::string TorchScriptArchive(const ScriptModule& script);

}  // namespace vpr
