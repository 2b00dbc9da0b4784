// ONNX files, as networks of 8 bands.
#include "fuzz.h"
#include "vpr/network/import.h"

FUZZ(bytes) { vpr::ImportNetwork(bytes, "net.onnx", {"", "fbank8", "", ""}); }
