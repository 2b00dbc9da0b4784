// A module as another build of vpr would have it.
extern "C" __attribute__((visibility("default"))) const char* vpr_module_begin(bool) {
  return "0123456789abcdef";
}
extern "C" __attribute__((visibility("default"))) void vpr_onednn_network() { __builtin_trap(); }
