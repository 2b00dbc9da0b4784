// What the shells complete, and pages for man: both made from the options as they are declared.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace vpr::terminal {

// The script by which `shell` (bash, zsh or fish) completes the program's commands and options.
std::string Completions(CLI::App& app, const std::string& shell);

struct ManPage {
  std::string file;  // "vpr-speakers-show.1"
  std::string text;  // roff
};
// One for the program and one for each command, those above before those below.
std::vector<ManPage> ManPages(CLI::App& app);

}  // namespace vpr::terminal
