// vpr pack: recordings to packed data sets.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/file_list.h"
#include "cli/read_options.h"
#include "cli/usage.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/dataset/pack.h"
#include "vpr/dataset/source.h"

namespace vpr::cli {
namespace {

struct PackCommandOptions {
  PackOptions pack;
  std::string payload = "pcm16";
  bool no_trim = false, json = false, strict = false, join = false, verify = false;
};

std::string Summary(const char* what, const std::string& prefix, const DatasetInfo& info) {
  std::string name = Printable(prefix);
  return Format("%s %llu %s of %llu speakers, %.2f hours of speech, as %s\n", what,
                static_cast<unsigned long long>(info.utterances),
                info.payload == PayloadKind::kMel64 ? "crops" : "utterances",
                static_cast<unsigned long long>(info.speakers), info.seconds / 3600,
                ToString(info.payload)) +
         "  " + name + ".data " + name + ".header " + name + ".label " + name + ".json\n";
}

nlohmann::ordered_json SetJson(const std::string& prefix, const DatasetInfo& info) {
  nlohmann::ordered_json set;
  set["prefix"] = Printable(prefix);
  set["files"] = nlohmann::ordered_json::array();
  for (const char* ending : {".data", ".header", ".label", ".json"})
    set["files"].push_back(Printable(prefix + ending));
  set["payload"] = ToString(info.payload);
  set["utterances"] = info.utterances;
  set["speakers"] = info.speakers;
  set["seconds"] = info.seconds;
  set["fingerprint"] = info.fingerprint;
  return set;
}

std::string ReportJson(const PackOptions& options, const PackReport& report) {
  nlohmann::ordered_json root;
  root["train"] = report.train.utterances > 0 ? SetJson(options.prefix, report.train)
                                              : nlohmann::ordered_json();
  root["held_out"] = report.held_out.utterances > 0
                         ? SetJson(report.held_out_prefix, report.held_out)
                         : nlohmann::ordered_json();
  root["skipped"] = nlohmann::ordered_json::array();
  for (const Skipped& skipped : report.skipped)
    root["skipped"].push_back(
        {{"path", Printable(skipped.path)}, {"reason", Printable(skipped.reason)}});
  return ToLine(root, 2);
}

int Verify(const PackCommandOptions& options, const Context& context) {
  const std::vector<VerifiedSet> sets =
      VerifyPacked(options.pack.sources, *MakeConsoleProgress(context), CatchInterrupts());
  std::size_t damaged = 0;
  auto list = nlohmann::ordered_json::array();
  for (const VerifiedSet& set : sets) {
    damaged += set.failure.empty() ? 0 : 1;
    if (options.json) {
      auto one = SetJson(set.prefix, set.info);
      one["whole"] = set.failure.empty();
      if (!set.failure.empty()) one["failure"] = set.failure;
      list.push_back(std::move(one));
    } else if (set.failure.empty()) {
      Print(Format("%s: whole, %llu %s, fingerprint %s%s\n", Printable(set.prefix).c_str(),
                   static_cast<unsigned long long>(set.info.utterances),
                   set.info.payload == PayloadKind::kMel64 ? "crops" : "utterances",
                   set.info.fingerprint.c_str(),
                   set.sealed ? "" : " of header and labels (there is none of the payloads)"));
    } else {
      Print(Printable(set.prefix) + ": " + set.failure + "\n");
    }
  }
  if (options.json) Print(ToLine(list, 2));
  if (damaged > 0)
    throw Error(ErrorCode::kCorrupt, Format("%zu of %zu data sets cannot be used; pack them again, "
                                            "or take them from a copy",
                                            damaged, sets.size()));
  return kExitDone;
}

int Run(const PackCommandOptions& options, const Context& context) {
  if (options.verify) return Verify(options, context);
  const auto progress = MakeConsoleProgress(context);
  const PackReport report = options.join ? JoinPacked(options.pack.sources, options.pack.prefix,
                                                      *progress, CatchInterrupts())
                                         : Pack(options.pack, *progress, CatchInterrupts());
  for (const Skipped& skipped : report.skipped) progress->Warn("skipped: " + skipped.reason);
  const bool packed = report.train.utterances + report.held_out.utterances > 0;
  if (options.json) {
    Print(ReportJson(options.pack, report));
  } else if (packed) {
    std::string text;
    if (report.train.utterances > 0) text = Summary("packed", options.pack.prefix, report.train);
    if (report.held_out.utterances > 0)
      text += Summary("held out", report.held_out_prefix, report.held_out);
    if (!report.skipped.empty()) text += Format("skipped %zu files\n", report.skipped.size());
    Print(text);
  }
  if (!packed)
    throw Error(ErrorCode::kUnusable,
                Format("nothing was packed: none of %zu files can be used", report.skipped.size()));
  return options.strict && !report.skipped.empty() ? kExitFailed : kExitDone;
}

std::string LayoutHelp() {
  std::string text = "Layouts of SOURCE (--layout; auto takes the first that fits):\n";
  for (const SourceLayout& layout : SourceLayouts())
    text += Format("  %-12s %s\n", layout.name, layout.description);
  return text;
}

}  // namespace

void AddPackCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<PackCommandOptions>();
  PackOptions& pack = options->pack;
  CLI::App* command = app.add_subcommand("pack", "Recordings to a data set for training");
  command
      ->add_option("sources", pack.sources,
                   "Folders or lists of recordings; in several, one name is one speaker")
      ->type_name("SOURCE")
      ->required();
  command
      ->add_option("-o,--output", pack.prefix,
                   "Writes PREFIX.data, PREFIX.header, PREFIX.label and PREFIX.json")
      ->type_name("PREFIX");
  CLI::Option* join = command->add_flag(
      "--join", options->join,
      "SOURCE are the prefixes of packed data sets, shards for instance: they become one");
  CLI::Option* verify =
      command
          ->add_flag("--verify", options->verify,
                     "SOURCE are the prefixes of packed data sets: is every byte what was packed?")
          ->excludes(join)
          ->excludes("--output");
  const std::size_t num_options = command->get_options().size();
  std::vector<std::string> layouts = {"auto"};
  for (const SourceLayout& layout : SourceLayouts()) layouts.push_back(layout.name);
  command->add_option("--layout", pack.layout, "How SOURCE is laid out")
      ->check(OneOf(layouts))
      ->capture_default_str()
      ->type_name("NAME");
  command
      ->add_option("--audio-root", pack.audio_root,
                   "The folder that a list's paths are below, if not the list's own")
      ->type_name("DIR");
  command
      ->add_option("--payload", options->payload,
                   "pcm16: whole utterances, 16 kHz; mel64: 128 x 128 mel spectrograms of 2.04 s")
      ->check(OneOf({"pcm16", "mel64"}))
      ->capture_default_str()
      ->type_name("KIND");
  CLI::Option* crops =
      command
          ->add_option("--crops", pack.crops,
                       "mel64: at most so many random crops of an utterance longer than 2.04 s")
          ->check(CLI::Range(1, 1000000))
          ->capture_default_str()
          ->type_name("N");
  CLI::Option* top_db =
      command
          ->add_option("--top-db", pack.trim_top_db,
                       "Frames so many dB below the loudest are silence and are cut out")
          ->check(CLI::Range(1.0, 200.0))
          ->capture_default_str()
          ->type_name("DB");
  command->add_flag("--no-trim", options->no_trim, "Keep silence")->excludes(top_db);
  command->add_option("--min-seconds", pack.min_seconds, "Recordings with less speech are skipped")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str()
      ->type_name("S");
  CLI::Option* dev = command
                         ->add_option("--dev-speakers", pack.dev_speakers,
                                      "So many speakers, drawn by --seed, go to PREFIX-dev")
                         ->check(CLI::Range(1, 1000000000))
                         ->type_name("N");
  command
      ->add_option("--test-every", pack.test_every,
                   "Every N-th recording goes to PREFIX-test; its speakers stay in PREFIX too")
      ->check(CLI::Range(2, 1000000000))
      ->excludes(dev)
      ->type_name("N");
  AddReadOptions(*command, pack.read, true);
  command->add_option("--seed", pack.seed, "Of everything that is drawn")
      ->capture_default_str()
      ->type_name("N");
  AddShardOption(*command, pack.shard, "Pack the I-th of N equal parts of the recordings");
  command->add_option("--threads", pack.threads, "0: all processors")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str()
      ->type_name("N");
  command->add_flag("--strict", options->strict,
                    "Exit with 1 if any file was skipped (the others are packed all the same)");
  const std::vector<CLI::Option*> all = command->get_options();
  for (std::size_t i = num_options; i < all.size(); ++i) {
    join->excludes(all[i]);
    verify->excludes(all[i]);
  }
  command->add_flag("--json", options->json, "Print the result as JSON, skipped files included");
  command->footer(LayoutHelp() +
                  "Example:\n"
                  "  vpr pack voices/ -o data/voices --dev-speakers 20\n"
                  "  vpr pack LibriSpeech/train-clean-100 more/list.tsv -o data/train\n"
                  "  vpr pack train.tsv --audio-root /corpora -o data/train\n"
                  "  vpr pack voxceleb -o data/part7 --shard 7/20      # on each of 20 machines\n"
                  "  vpr pack --join data/part{1..20} -o data/train    # then on one\n"
                  "  vpr pack --verify data/train");
  command->callback([options, crops, &context] {
    if (!options->verify && options->pack.prefix.empty()) throw CLI::RequiredError("--output");
    options->pack.payload = ParsePayloadKind(options->payload);
    if (crops->count() > 0 && options->pack.payload != PayloadKind::kMel64)
      throw CLI::ValidationError("--crops", "goes with --payload mel64; pcm16 keeps all speech");
    if (options->no_trim) options->pack.trim_top_db = 0;
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
