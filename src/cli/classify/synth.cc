// vpr classify synth: recordings to try classifiers on.
#include "vpr/classify/synth.h"
#include "cli/classify/classify.h"
#include "vpr/base/text.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string out_dir;
  int count = 50;
  std::uint64_t seed = 1;
};

int Run(const Options& options, const Context&) {
  WriteSynthEmotions(options.out_dir, options.count, options.seed);
  Print(Format("%s: %zu recordings of %zu classes\n", Printable(options.out_dir).c_str(),
               static_cast<std::size_t>(options.count) * kSynthEmotions.size(),
               kSynthEmotions.size()));
  return kExitDone;
}

}  // namespace

void AddClassifySynthCommand(CLI::App& classify, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add = AddCommand(
      classify, context, "synth",
      "Four synthetic \"emotions\" as recordings: modulated sines, for trying things out", options,
      Run);
  add.Required("OUT_DIR", options->out_dir, "", "Folder to write into");
  add.Default("--count", options->count, "", "Recordings of each class", CLI::Range(1, 10000));
  add.Default("--seed", options->seed, "", "Same seed, same files");
  add.command.footer(R"(Example:
  vpr classify synth emotions --count 50)");
}

}  // namespace vpr::cli
