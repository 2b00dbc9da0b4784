#include "torch/torchscript.h"

#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/runtime/operator.h>
#include <torch/script.h>

#include <sstream>

#include "model/torchscript_check.h"
#include "torch/device.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

class ScriptNetwork : public Network {
 public:
  ScriptNetwork(torch::jit::Module module, const torch::Device& device, std::string path)
      : module_(std::move(module)), device_(device), path_(std::move(path)) {}

  std::vector<float> Forward(const Matrix& features) override {
    try {
      torch::InferenceMode guard;
      torch::set_num_threads(1);  // several files are embedded at once
      // As it is: every recording has another length, for which LibTorch would compile it anew. On
      // LibTorch 2.6 without LLVM, as Debian has it, that takes minutes.
      torch::jit::GraphOptimizerEnabledGuard plain(false);
      const torch::Tensor input = torch::from_blob(const_cast<float*>(features.data.data()),
                                                   {1, static_cast<std::int64_t>(features.rows),
                                                    static_cast<std::int64_t>(features.cols)},
                                                   torch::kFloat)
                                      .transpose(1, 2)
                                      .contiguous()
                                      .to(device_);
      // get_method, unlike forward, may be called by several threads at once.
      torch::jit::IValue output = module_.get_method("forward")({input});
      if (output.isTuple() && !output.toTupleRef().elements().empty())
        output = output.toTupleRef().elements().back();
      if (!output.isTensor()) throw Error(ErrorCode::kIncompatible, "it does not return a tensor");
      const torch::Tensor embedding =
          output.toTensor().to(torch::kCPU, torch::kFloat).contiguous().flatten();
      return {embedding.data_ptr<float>(), embedding.data_ptr<float>() + embedding.numel()};
    } catch (const c10::Error& error) {
      throw Fail(OneLine(error));
    } catch (const Error& error) {
      throw Fail(error.what());
    } catch (const std::exception& error) {  // TorchScript's own
      throw Fail(error.what());
    }
  }

 private:
  Error Fail(const std::string& what) const {
    std::string line = what;
    std::replace(line.begin(), line.end(), '\n', ' ');
    return Error(ErrorCode::kIncompatible,
                 "cannot run '" + Printable(path_) + "' on features [1, frames, bands]: " + line);
  }

  torch::jit::Module module_;
  torch::Device device_;
  std::string path_;
};

}  // namespace

std::unique_ptr<Network> LoadTorchScript(const std::string& path, const torch::Device& device) {
  std::istringstream stream;
  try {
    stream.str(CheckedTorchScript(ReadFile(path), [](const std::string& name) {
      using torch::jit::getAllOperatorsFor;
      return !getAllOperatorsFor(c10::Symbol::fromQualString("aten::" + name)).empty() ||
             !getAllOperatorsFor(c10::Symbol::fromQualString("prim::" + name)).empty();
    }));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kIncompatible) throw;
    throw Error(error.code(), "cannot use '" + Printable(path) + "': " + error.what() +
                                  "; save it with torch.jit.script(model).save()");
  }
  try {
    torch::jit::Module module = torch::jit::load(stream, device);
    module.eval();
    return std::make_unique<ScriptNetwork>(std::move(module), device, path);
  } catch (const std::exception&) {
    throw Error(ErrorCode::kCorrupt,
                "cannot use '" + Printable(path) +
                    "': it is not a TorchScript module that this LibTorch can read; save it with "
                    "torch.jit.script(model).save()");
  }
}

std::string TorchScriptArchive(const ScriptModule& script) try {
  torch::jit::Module module("Network");
  for (const Tensor& parameter : script.parameters)
    module.register_parameter(
        parameter.name,
        torch::from_blob(const_cast<float*>(parameter.data.data()), parameter.shape, torch::kFloat)
            .clone(),
        /*is_buffer=*/false);
  module.define(script.source);
  module.eval();
  torch::jit::ExtraFilesMap extra(script.extra_files.begin(), script.extra_files.end());
  std::ostringstream stream;
  module.save(stream, extra);
  return stream.str();
} catch (const c10::Error& error) {
  throw Error(ErrorCode::kInternal, "LibTorch: " + OneLine(error));
}

}  // namespace vpr
