// vpr devices: which microphones there are.
#include "cli/command.h"
#include "vpr/base/error.h"
#include "vpr/print/recordings.h"

namespace vpr::cli {
namespace {

int Run(const bool& json, const Context&) {
  const std::vector<AudioDevice> devices = ListInputDevices();
  for (const AudioDevice& device : devices) Print(json ? ToJson(device) : ToRow(device));
  if (devices.empty())
    throw Error(ErrorCode::kDevice,
                "no microphone found: the sound system has no device that records");
  return kExitDone;
}

}  // namespace

void AddDevicesCommand(CLI::App& app, Context& context) {
  auto json = std::make_shared<bool>(false);
  const Declare add = AddCommand(app, context, "devices", "Which microphones there are", json, Run);
  add.Flag("--json", *json, "One JSON object a line");
}

}  // namespace vpr::cli
