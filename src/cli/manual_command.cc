// vpr completions: what the shells complete; vpr manual: pages for man.
#include "cli/command.h"
#include "terminal/manual.h"
#include "vpr/base/file_io.h"

namespace vpr::cli {
namespace {

struct Options {
  CLI::App* app = nullptr;
  std::string shell, folder;
};

int WriteCompletions(const Options& options, const Context&) {
  Print(Completions(*options.app, options.shell));
  return kExitDone;
}

int WriteManual(const Options& options, const Context&) {
  MakeFolders(options.folder);
  for (const ManPage& page : ManPages(*options.app))
    WriteFileAtomically(options.folder + "/" + page.file, page.text);
  return kExitDone;
}

}  // namespace

void AddManualCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  options->app = &app;
  const Declare completions =
      AddCommand(app, context, "completions", "What a shell completes, as its script", options,
                 WriteCompletions);
  completions.Required("shell", options->shell, "SHELL", "bash, zsh or fish",
                       OneOf({"bash", "zsh", "fish"}));
  const Declare manual =
      AddCommand(app, context, "manual", "Pages for man, one a command", options, WriteManual);
  manual.Required("folder", options->folder, "DIR",
                  "Where to write them: vpr.1, vpr-compare.1, ...");
}

}  // namespace vpr::cli
