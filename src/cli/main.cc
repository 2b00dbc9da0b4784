#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <clocale>
#include <cstdio>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/help.h"
#include "terminal/help.h"
#include "terminal/usage.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/text.h"
#include "vpr/base/version.h"
#include "vpr/print/outcomes.h"
#include "vpr/print/packing.h"

namespace vpr::cli {
namespace {

std::string VersionText() {
  std::string text = std::string("vpr ") + Version();
  for (const std::string& library : AudioLibraryVersions()) text += "\n  " + library;
  for (std::string_view library : Split(VPR_LIBRARIES, '|')) text += "\n  " + std::string(library);
  return text;
}

int Usage(const std::string& message) {
  spdlog::error("{}", message);
  return kExitUsage;
}

int ParseAndRun(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  const auto logger = MakeLogger();
  spdlog::set_default_logger(logger);

  Context context;
  CLI::App app("Voiceprint verification: who is speaking?", "vpr");
  app.set_help_all_flag("--help-all", "Help for every command");
  app.set_version_flag("-V,--version", VersionText);
  app.add_flag("-q,--quiet", context.quiet, "No progress and no news; warnings and errors only");
  app.require_subcommand(1);
  app.fallthrough();
  for (const auto add : {AddCompareCommand,    AddEnrollCommand,      AddVerifyCommand,
                         AddIdentifyCommand,   AddSpeakersCommand,    AddDbCommand,
                         AddDevicesCommand,    AddServeCommand,       AddEmbedCommand,
                         AddPackCommand,       AddCheckLabelsCommand, AddTrainCommand,
                         AddEvalCommand,       AddCalibrateCommand,   AddDegradeCommand,
                         AddAdaptCommand,      AddModelCommand,       AddClassifyCommand,
                         AddDerCommand,        AddDiarizeCommand,     AddLabelCommand,
                         AddClusterCommand,    AddGroupsCommand,      AddSimulateMeetingsCommand,
                         AddTranscribeCommand, AddWerCommand,         AddFeaturesCommand,
                         AddInspectCommand,    AddTrimCommand,        AddSpeechCommand,
                         AddFacesCommand,      AddSyncCommand,        AddManualCommand})
    add(app, context);
  AddHelpTexts(app, HelpTexts(),
               {{"{operating points}", OperatingPointsHelp()}, {"{layouts}", SourceLayoutsHelp()}});
  const std::string unknown = UnknownWord(app, {argv + 1, argv + std::max(argc, 1)});
  if (!unknown.empty()) return Usage(unknown);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // help and version
    std::ostringstream text;
    app.exit(asked, text, text);
    context.run = [text = text.str()] {
      Print(text);
      return kExitDone;
    };
  } catch (const CLI::ParseError& error) {
    return Usage(UsageMessage(app, error));
  }
  if (const std::string empty = EmptyWord(app); !empty.empty()) return Usage(empty);
  if (context.quiet) logger->set_level(spdlog::level::warn);
  return RunTellingErrors(context.run);
}

}  // namespace

int Main(int argc, char** argv) {
  BeginProcess();
  try {
    return ParseAndRun(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("vpr: error: out of memory\n", stderr);
    return kExitFailed;
  }
}

}  // namespace vpr::cli
