// What every command shares. A command is one file: AddNameCommand declares a subcommand with its
// options in a struct and stores what to run; the run function calls the library and prints. Its
// help ends with the text of its name in src/cli/help.
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

void AddAdaptCommand(CLI::App& app, Context& context);
void AddCalibrateCommand(CLI::App& app, Context& context);
void AddCheckLabelsCommand(CLI::App& app, Context& context);
void AddClassifyCommand(CLI::App& app, Context& context);
void AddClusterCommand(CLI::App& app, Context& context);
void AddCompareCommand(CLI::App& app, Context& context);
void AddDbCommand(CLI::App& app, Context& context);
void AddDegradeCommand(CLI::App& app, Context& context);
void AddDerCommand(CLI::App& app, Context& context);
void AddDevicesCommand(CLI::App& app, Context& context);
void AddDiarizeCommand(CLI::App& app, Context& context);
void AddEmbedCommand(CLI::App& app, Context& context);
void AddEnrollCommand(CLI::App& app, Context& context);
void AddEvalCommand(CLI::App& app, Context& context);
void AddFacesCommand(CLI::App& app, Context& context);
void AddFeaturesCommand(CLI::App& app, Context& context);
void AddGroupsCommand(CLI::App& app, Context& context);
void AddIdentifyCommand(CLI::App& app, Context& context);
void AddInspectCommand(CLI::App& app, Context& context);
void AddLabelCommand(CLI::App& app, Context& context);
void AddManualCommand(CLI::App& app, Context& context);
void AddModelCommand(CLI::App& app, Context& context);
void AddPackCommand(CLI::App& app, Context& context);
void AddServeCommand(CLI::App& app, Context& context);
void AddSimulateMeetingsCommand(CLI::App& app, Context& context);
void AddSpeakersCommand(CLI::App& app, Context& context);
void AddSpeechCommand(CLI::App& app, Context& context);
void AddSyncCommand(CLI::App& app, Context& context);
void AddTrainCommand(CLI::App& app, Context& context);
void AddTranscribeCommand(CLI::App& app, Context& context);
void AddTrimCommand(CLI::App& app, Context& context);
void AddVerifyCommand(CLI::App& app, Context& context);
void AddWerCommand(CLI::App& app, Context& context);

// The whole program: parses, runs, maps errors to one line on stderr and an exit code.
int Main(int argc, char** argv);

}  // namespace vpr::cli
