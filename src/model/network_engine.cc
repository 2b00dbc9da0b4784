#include "vpr/model/network_engine.h"

#include "base/open_module.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

std::unique_ptr<Network> MakeNetwork(Model model, const ExtractorOptions& options) {
  const std::string& backend = options.backend;
  if (backend != "auto" && backend != "onednn" && backend != "libtorch")
    throw Error(ErrorCode::kInvalidArgument, "backend '" + Printable(backend) +
                                                 "' is unknown; there are auto, onednn, libtorch");
  const bool on_cpu = options.device == "auto" || options.device == "cpu";
  if (backend == "onednn" && !on_cpu)
    throw Error(ErrorCode::kInvalidArgument, "backend onednn runs on the CPU, not on device '" +
                                                 Printable(options.device) +
                                                 "'; use --backend libtorch");
  if (backend != "libtorch" && on_cpu) {
    const auto make =
        reinterpret_cast<Network* (*)(Model&)>(OpenModule("vpr_onednn", kOneDnnEntry));
    if (std::unique_ptr<Network> network(make(model)); network != nullptr) return network;
    if (backend == "onednn")
      throw Error(ErrorCode::kIncompatible, "backend onednn does not know the architecture '" +
                                                Printable(model.info.architecture) +
                                                "'; use --backend libtorch");
  }
  return OpenInterface<NetworkEngine>().MakeNetwork(model, options);
}

std::unique_ptr<Network> LoadTorchScript(const std::string& path, const ExtractorOptions& options) {
  return OpenInterface<NetworkEngine>().LoadTorchScript(path, options);
}

}  // namespace vpr
