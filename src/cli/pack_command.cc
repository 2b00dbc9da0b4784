// vpr pack: recordings to packed data sets.
#include <algorithm>

#include "cli/command.h"
#include "options/read_options.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/dataset/source.h"
#include "vpr/print/packing.h"

namespace vpr::cli {
namespace {

struct Options {
  PackOptions pack;
  std::string payload = "pcm16";
  bool no_trim = false, json = false, strict = false, join = false, verify = false;
  CLI::Option* crops = nullptr;
};

int Verify(const Options& options, const Context& context) {
  const std::vector<VerifiedSet> sets =
      VerifyPacked(options.pack.sources, *MakeConsoleProgress(context), CatchInterrupts());
  Print(options.json ? ToJson(sets) : ToText(sets));
  const auto damaged = std::count_if(sets.begin(), sets.end(),
                                     [](const VerifiedSet& set) { return !set.failure.empty(); });
  if (damaged > 0)
    throw Error(
        ErrorCode::kCorrupt,
        Format("%td of %zu data sets cannot be used; pack them again, or take them from a copy",
               damaged, sets.size()));
  return kExitDone;
}

int Run(const Options& options, const Context& context) {
  if (options.verify) return Verify(options, context);
  const PackOptions& pack = options.pack;
  const auto progress = MakeConsoleProgress(context);
  const PackReport report =
      options.join ? JoinPacked(pack.sources, pack.prefix, *progress, CatchInterrupts())
                   : Pack(pack, *progress, CatchInterrupts());
  for (const Skipped& skipped : report.skipped) progress->Warn("skipped: " + skipped.reason);
  Print(options.json ? ToJson(pack, report) : ToText(pack, report));
  if (report.train.utterances + report.held_out.utterances == 0)
    throw Error(ErrorCode::kUnusable,
                Format("nothing was packed: none of %zu files can be used", report.skipped.size()));
  return options.strict && !report.skipped.empty() ? kExitFailed : kExitDone;
}

void Complete(Options& options) {
  PackOptions& pack = options.pack;
  if (!options.verify && pack.prefix.empty()) throw CLI::RequiredError("--output");
  pack.payload = ParsePayloadKind(options.payload);
  if (options.crops->count() > 0 && pack.payload != PayloadKind::kMel64)
    throw CLI::ValidationError("--crops", "goes with --payload mel64; pcm16 keeps all speech");
  if (options.no_trim) pack.trim_top_db = 0;
}

}  // namespace

void AddPackCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  PackOptions& pack = options->pack;
  const Declare add = AddCommand(app, context, "pack", "Recordings to a data set for training",
                                 options, Run, Complete);
  add.Required("sources", pack.sources, "SOURCE",
               "Folders or lists of recordings; in several, one name is one speaker");
  add("-o,--output", pack.prefix, "PREFIX",
      "Writes PREFIX.data, PREFIX.header, PREFIX.label and PREFIX.json");
  CLI::Option* join =
      add.Flag("--join", options->join,
               "SOURCE are the prefixes of packed data sets, shards for instance: they become one");
  CLI::Option* verify =
      add.Flag("--verify", options->verify,
               "SOURCE are the prefixes of packed data sets: is every byte what was packed?")
          ->excludes(join)
          ->excludes("--output");
  const std::size_t before = add.command.get_options().size();
  std::vector<std::string> layouts = {"auto"};
  for (const SourceLayout& layout : SourceLayouts()) layouts.push_back(layout.name);
  add.Default("--layout", pack.layout, "NAME", "How SOURCE is laid out", OneOf(layouts));
  add("--audio-root", pack.audio_root, "DIR",
      "The folder that a list's paths are below, if not the list's own");
  add.Default("--payload", options->payload, "KIND",
              "pcm16: whole utterances, 16 kHz; mel64: 128 x 128 mel spectrograms of 2.04 s",
              OneOf({"pcm16", "mel64"}));
  options->crops =
      add.Default("--crops", pack.crops, "N",
                  "mel64: at most so many random crops of an utterance longer than 2.04 s",
                  CLI::Range(1, 1000000));
  add.Default("--top-db", pack.trim_top_db, "DB",
              "Frames so many dB below the loudest are silence and are cut out",
              CLI::Range(1.0, 200.0));
  add.Flag("--no-trim", options->no_trim, "Keep silence")->excludes("--top-db");
  add.Default("--min-seconds", pack.min_seconds, "S", "Recordings with less speech are skipped",
              CLI::Range(0.0, 3600.0));
  add("--dev-speakers", pack.dev_speakers, "N",
      "So many speakers, drawn by --seed, go to PREFIX-dev", CLI::Range(1, 1000000000));
  add("--test-every", pack.test_every, "N",
      "Every N-th recording goes to PREFIX-test; its speakers stay in PREFIX too",
      CLI::Range(2, 1000000000))
      ->excludes("--dev-speakers");
  AddReadOptions(add.command, pack.read, true);
  add.Default("--seed", pack.seed, "N", "Of everything that is drawn");
  AddShardOption(add.command, pack.shard, "Pack the I-th of N equal parts of the recordings");
  add.Default("--threads", pack.threads, "N", "0: all processors", CLI::Range(0, 1024));
  add.Flag("--strict", options->strict,
           "Exit with 1 if any file was skipped (the others are packed all the same)");
  const std::vector<CLI::Option*> all = add.command.get_options();
  for (std::size_t i = before; i < all.size(); ++i) {
    join->excludes(all[i]);
    verify->excludes(all[i]);
  }
  add.Flag("--json", options->json, "Print the result as JSON, skipped files included");
}

}  // namespace vpr::cli
