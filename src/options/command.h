// The shape of a command: AddNameCommand (src/cli) declares a subcommand with its options in a
// struct and stores what to run; the run function calls the library and prints.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "terminal/console.h"
#include "terminal/process.h"
#include "vpr/base/progress.h"

namespace CLI {
class App;
class Validator;
}  // namespace CLI

namespace vpr::cli {

using namespace terminal;  // NOLINT: commands are written to the terminal

struct Context {
  std::function<int()> run;  // set by the chosen subcommand
  bool quiet = false;        // --quiet: no progress, warnings and errors only
};

inline std::unique_ptr<Progress> MakeConsoleProgress(const Context& context) {
  return MakeProgress(context.quiet);
}

// Prints an outcome that vpr/print words, with what else that takes; returns kExitDone.
template <typename... Outcome>
int Tell(bool json, const Outcome&... outcome) {
  Print(json ? ToJson(outcome...) : ToText(outcome...));
  return kExitDone;
}

}  // namespace vpr::cli
