// Part of every module (src/base/open_module.h): called first, before anything else of it.
#include "vpr/base/api.h"
#include "vpr/base/build_id.h"
#include "vpr/base/process.h"

extern "C" VPR_API const char* vpr_module_begin(bool own_process) {
  if (own_process) vpr::OwnProcess();
  return vpr::BuildId();
}
