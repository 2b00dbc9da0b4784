// Every command. A command is one file; its help ends with the text of its name in src/cli/help.
#pragma once

#include "options/declare.h"

namespace vpr::cli {

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
