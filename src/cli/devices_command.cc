// vpr devices: which microphones there are.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/mic/microphone.h"

namespace vpr::cli {

void AddDevicesCommand(CLI::App& app, Context& context) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("devices", "Which microphones there are");
  command->add_flag("--json", *json, "One JSON object a line");
  command->footer(
      "One line a microphone, tabs between: number, name, sound system, channels, rate.\n"
      "Example:\n"
      "  vpr devices\n"
      "  vpr identify --mic --mic-device 2");
  command->callback([json, &context] {
    context.run = [json] {
      const std::vector<AudioDevice> devices = ListInputDevices();
      for (const AudioDevice& device : devices) {
        if (*json) {
          const nlohmann::ordered_json line = {
              {"number", device.number},     {"name", device.name}, {"api", device.api},
              {"channels", device.channels}, {"rate", device.rate}, {"default", device.is_default}};
          PrintJson(line);
        } else {
          Print(Format("%d\t%s\t%s\t%d channels\t%.0f Hz%s\n", device.number,
                       Printable(device.name).c_str(), Printable(device.api).c_str(),
                       device.channels, device.rate, device.is_default ? "\tdefault" : ""));
        }
      }
      if (devices.empty())
        throw Error(ErrorCode::kDevice,
                    "no microphone found: the sound system has no device that records");
      return kExitDone;
    };
  });
}

}  // namespace vpr::cli
