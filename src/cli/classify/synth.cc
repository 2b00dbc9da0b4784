// vpr classify synth: recordings to try classifiers on.
#include <CLI/CLI.hpp>

#include "cli/classify/classify.h"
#include "vpr/base/text.h"
#include "vpr/classify/synth.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string out_dir;
  int count = 50;
  std::uint64_t seed = 1;
};

int Run(const Options& options) {
  WriteSynthEmotions(options.out_dir, options.count, options.seed);
  Print(Format("%s: %zu recordings of %zu classes\n", Printable(options.out_dir).c_str(),
               static_cast<std::size_t>(options.count) * kSynthEmotions.size(),
               kSynthEmotions.size()));
  return kExitDone;
}

}  // namespace

void AddClassifySynthCommand(CLI::App& classify, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = classify.add_subcommand(
      "synth", "Four synthetic \"emotions\" as recordings: modulated sines, for trying things out");
  command->add_option("OUT_DIR", options->out_dir, "Folder to write into")->required();
  command->add_option("--count", options->count, "Recordings of each class")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Same seed, same files")->capture_default_str();
  command->footer(
      "Example:\n"
      "  vpr classify synth emotions --count 50");
  command->callback([options, &context] { context.run = [options] { return Run(*options); }; });
}

}  // namespace vpr::cli
