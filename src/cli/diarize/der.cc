// vpr der: how far a diarization is from the truth.
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/diarize/diarize.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/diarize/error_rate.h"

namespace vpr::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string reference, hypothesis, uem, enrolled;
  double collar = 0.25;
  bool json = false;
};

Json Number(double value) { return std::isnan(value) ? Json(nullptr) : Json(value); }

Json ErrorsJson(const DiarizationErrors& errors) {
  return {{"der", Number(errors.rate())},
          {"speech", errors.speech},
          {"miss", errors.miss},
          {"false_alarm", errors.false_alarm},
          {"confusion", errors.confusion}};
}

Json NamesJson(const NameErrors& names) {
  return {{"identification_error", Number(names.rate())},
          {"enrolled", names.enrolled},
          {"right", names.right},
          {"wrong", names.wrong},
          {"missed", names.missed},
          {"strangers", names.strangers},
          {"strangers_named", names.named},
          {"names_without_speech", names.named_nothing}};
}

Json RecordingJson(const RecordingErrors& errors) {
  Json json = {{"full", ErrorsJson(errors.full)},
               {"fair", ErrorsJson(errors.fair)},
               {"forgiving", ErrorsJson(errors.forgiving)},
               {"jer", Number(errors.jaccard.rate())},
               {"reference_speakers", errors.reference_speakers},
               {"hypothesis_speakers", errors.hypothesis_speakers}};
  if (errors.names) json["names"] = NamesJson(*errors.names);
  return json;
}

Json PooledJson(const PooledErrors& pooled) {
  Json json = RecordingJson(pooled.sum);
  Json rates;
  auto add = [&](const char* name, const PooledErrors::Rate& rate) {
    rates[name] = {{"value", Number(rate.value)},
                   {"interval", {Number(rate.interval.low), Number(rate.interval.high)}}};
  };
  add("der_full", pooled.full);
  add("der_fair", pooled.fair);
  add("der_forgiving", pooled.forgiving);
  add("jer", pooled.jer);
  add("speaker_count_error", pooled.count_error);
  add("speaker_count_right", pooled.count_right);
  if (pooled.names) {
    add("identification_error", *pooled.names);
    add("right_names", *pooled.right_names);
    add("wrong_names", *pooled.wrong_names);
    add("missed_names", *pooled.missed_names);
    add("strangers_named", *pooled.strangers_named);
  }
  json["rates"] = rates;
  return json;
}

std::string Percent(double rate) {
  return std::isnan(rate) ? std::string("-") : Format("%.2f", 100 * rate);
}

std::string RateLine(const char* name, const PooledErrors::Rate& rate, const std::string& more) {
  std::string line = Format("%-17s %6s %%", name, Percent(rate.value).c_str());
  if (!std::isnan(rate.interval.low))
    line += Format("  [%s, %s]", Percent(rate.interval.low).c_str(),
                   Percent(rate.interval.high).c_str());
  return line + (more.empty() ? "" : "  " + more) + "\n";
}

std::string Parts(const DiarizationErrors& errors) {
  return Format("missed %.1f s, false alarm %.1f s, confused %.1f s of %.1f s", errors.miss,
                errors.false_alarm, errors.confusion, errors.speech);
}

std::string PooledText(const PooledErrors& pooled, std::size_t recordings, double collar) {
  std::string text =
      RateLine("DER full", pooled.full, Parts(pooled.sum.full)) +
      RateLine("DER fair", pooled.fair, Parts(pooled.sum.fair)) +
      RateLine("DER forgiving", pooled.forgiving, Parts(pooled.sum.forgiving)) +
      RateLine("JER", pooled.jer, Format("%zu speakers", pooled.sum.jaccard.speakers));
  text += Format("speaker count     off by %.2f in the mean, right in %s %% of %zu recording%s\n",
                 pooled.count_error.value, Percent(pooled.count_right.value).c_str(), recordings,
                 recordings == 1 ? "" : "s");
  if (pooled.names) {
    const NameErrors& names = *pooled.sum.names;
    text += RateLine("names wrong", *pooled.names,
                     Format("of %.1f s of speech of enrolled and strangers; %.1f s of names where "
                            "nobody speaks",
                            names.enrolled + names.strangers, names.named_nothing));
    text += RateLine("  right name", *pooled.right_names,
                     Format("%.1f s of %.1f s of enrolled people's", names.right, names.enrolled));
    text += RateLine("  wrong name", *pooled.wrong_names, "");
    text += RateLine("  no name", *pooled.missed_names, "");
    text += RateLine("  stranger named", *pooled.strangers_named,
                     Format("%.1f s of %.1f s of strangers'", names.named, names.strangers));
  }
  text += Format(
      "fair: collar of %g s on each side of a turn's ends (dscore -c %g, pyannote collar=%g); "
      "forgiving: without overlapped speech too\n",
      collar, collar, 2 * collar);
  return text;
}

int Run(const Options& options) {
  const std::vector<Annotation> references = ReadRttm(options.reference);
  std::map<std::string, std::vector<Turn>> hypotheses;
  for (Annotation& one : ReadRttm(options.hypothesis))
    hypotheses.emplace(one.recording, std::move(one.turns));
  std::optional<std::map<std::string, std::vector<TimeSpan>>> uem;
  if (!options.uem.empty()) {
    uem.emplace();
    for (ScoredParts& one : ReadUem(options.uem)) uem->emplace(one.recording, one.parts);
  }
  DiarizationScoring scoring;
  scoring.collar = options.collar;
  if (!options.enrolled.empty()) {
    scoring.enrolled.emplace();
    const std::string text = ReadFile(options.enrolled, std::size_t{64} << 20);
    for (std::string_view line : Lines(WithoutByteOrderMark(text)))
      if (!line.empty()) scoring.enrolled->insert(RttmField(line));
  }

  std::set<std::string> known;
  for (const Annotation& reference : references) known.insert(reference.recording);
  for (const auto& [recording, turns] : hypotheses)
    if (!known.contains(recording))
      throw Error(ErrorCode::kInvalidArgument,
                  Format("%s: recording '%s' is not in %s, so it cannot be scored",
                         Printable(options.hypothesis).c_str(), Printable(recording).c_str(),
                         Printable(options.reference).c_str()));

  std::vector<RecordingErrors> all;
  std::size_t left_out = 0;
  for (const Annotation& reference : references) {
    std::optional<std::vector<TimeSpan>> parts;
    if (uem) {
      const auto found = uem->find(reference.recording);
      if (found == uem->end()) {
        ++left_out;
        continue;
      }
      parts = found->second;
    }
    const auto hypothesis = hypotheses.find(reference.recording);
    if (hypothesis == hypotheses.end())
      spdlog::warn("{}: nothing about recording '{}'; all of it counts as missed",
                   Printable(options.hypothesis), Printable(reference.recording));
    all.push_back(ScoreRecording(
        reference, hypothesis == hypotheses.end() ? std::vector<Turn>() : hypothesis->second, parts,
        scoring));
  }
  if (left_out > 0)
    spdlog::warn("{} of {} recordings are not in {} and are not scored", left_out,
                 references.size(), Printable(options.uem));
  if (all.empty())
    throw Error(ErrorCode::kInvalidArgument,
                Format("%s: no recording to score", Printable(options.reference).c_str()));

  const PooledErrors pooled = PoolErrors(all);
  if (options.json) {
    Json json = PooledJson(pooled);
    json["collar"] = {{"each_side", options.collar}, {"total", 2 * options.collar}};
    json["recordings"] = Json::array();
    for (const RecordingErrors& one : all) {
      Json line = {{"recording", one.recording}};
      line.update(RecordingJson(one));
      json["recordings"].push_back(line);
    }
    PrintJson(json);
    return kExitDone;
  }
  std::string text;
  if (all.size() > 1) {
    text += "recording\tDER full\tfair\tforgiving\tJER\tspeakers\tfound";
    text += scoring.enrolled ? "\tnames wrong\n" : "\n";
    for (const RecordingErrors& one : all) {
      text += Format("%s\t%s\t%s\t%s\t%s\t%zu\t%zu", Printable(one.recording).c_str(),
                     Percent(one.full.rate()).c_str(), Percent(one.fair.rate()).c_str(),
                     Percent(one.forgiving.rate()).c_str(), Percent(one.jaccard.rate()).c_str(),
                     one.reference_speakers, one.hypothesis_speakers);
      text += one.names ? "\t" + Percent(one.names->rate()) + "\n" : "\n";
    }
    text += "\n";
  }
  Print(text + PooledText(pooled, all.size(), options.collar));
  return kExitDone;
}

}  // namespace

void AddDerCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("der", "Diarization error rates: who spoke when, and names");
  command
      ->add_option("REFERENCE", options->reference, "The truth: an RTTM file, or a folder of them")
      ->required();
  command->add_option("HYPOTHESIS", options->hypothesis, "What was found: the same")->required();
  command->add_option("--uem", options->uem,
                      "Parts that are scored (lines FILE CHANNEL BEGIN END)");
  command
      ->add_option("--collar", options->collar,
                   "Seconds left out on each side of a turn's ends, for fair and forgiving")
      ->check(CLI::Range(0.0, 10.0))
      ->capture_default_str();
  command->add_option("--enrolled", options->enrolled,
                      "Who is enrolled, a name a line: names are scored too");
  command->add_flag("--json", options->json, "One JSON object");
  command->footer(
      "full: everything; fair: without the collar; forgiving: without overlapped speech too.\n"
      "A collar of 0.25 here is dscore's and md-eval's -c 0.25 and pyannote.metrics' collar=0.5.\n"
      "Without --uem a recording is scored from the first begin to the last end in either file.\n"
      "Example:\n"
      "  vpr der truth.rttm found.rttm\n"
      "  vpr der truth/ found/ --uem parts.uem --enrolled names.txt --json");
  command->callback([options, &context] { context.run = [options] { return Run(*options); }; });
}

}  // namespace vpr::cli
