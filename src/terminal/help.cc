#include "terminal/help.h"

#include "vpr/base/text.h"

namespace vpr::terminal {

void AddHelpTexts(CLI::App& app, std::span<const BuiltInFile> texts,
                  const std::map<std::string, std::string>& made) {
  for (const BuiltInFile& file : texts) {
    CLI::App* command = &app;
    for (std::string_view name : Split(file.name, '/'))
      command = command->get_subcommand(std::string(name));
    std::string text;
    for (std::string_view line : Lines(file.content)) {
      const auto found = made.find(std::string(line));
      text += found == made.end() ? std::string(line) + '\n' : found->second;
    }
    text.pop_back();  // the line end of the last
    command->footer(text);
  }
}

}  // namespace vpr::terminal
