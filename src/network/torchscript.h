// A graph as a program in TorchScript, PyTorch's subset of Python.
#pragma once

#include "vpr/network/export.h"
#include "vpr/network/graph.h"

namespace vpr {

ScriptModule MakeScriptModule(const Graph& graph);

}  // namespace vpr
