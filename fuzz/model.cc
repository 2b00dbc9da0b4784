// Model files, and the graphs of their networks.
#include "vpr/model/model_file.h"

#include "fuzz.h"
#include "vpr/network/graph.h"

FUZZ(bytes) {
  const vpr::fuzz::InputFile file(vpr::fuzz::Sealed(bytes));
  const vpr::Model model = vpr::LoadModel(file.path());
  vpr::InfoAsJson(model.info);
  if (vpr::HasGraph(model.info)) vpr::MultiplyAdds(vpr::BuildGraph(model), 100);
}
