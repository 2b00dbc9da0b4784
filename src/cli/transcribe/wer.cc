// vpr wer: how far recognised texts are from what was said.
#include <CLI/CLI.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/transcribe/transcribe.h"
#include "vpr/base/text.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string reference, hypothesis;
  bool json = false;
};

nlohmann::ordered_json Number(double value) {
  return std::isnan(value) ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(value);
}

nlohmann::ordered_json CountsJson(const ErrorRate& rate) {
  return {{"reference", rate.counts.reference()},
          {"hits", rate.counts.hits},
          {"substitutions", rate.counts.substitutions},
          {"deletions", rate.counts.deletions},
          {"insertions", rate.counts.insertions}};
}

std::string Line(const char* name, const char* what, const ErrorRate& rate) {
  const AlignmentCounts& counts = rate.counts;
  return Format(
      "%s  %6.2f %%  [%.2f, %.2f]  %llu %s: %llu substituted, %llu deleted, %llu inserted\n", name,
      100 * rate.rate, 100 * rate.interval.low, 100 * rate.interval.high,
      static_cast<unsigned long long>(counts.reference()), what,
      static_cast<unsigned long long>(counts.substitutions),
      static_cast<unsigned long long>(counts.deletions),
      static_cast<unsigned long long>(counts.insertions));
}

}  // namespace

nlohmann::ordered_json TranscriptErrorsJson(const TranscriptErrors& errors) {
  auto interval = [](const ErrorRate& rate) {
    return nlohmann::ordered_json{Number(rate.interval.low), Number(rate.interval.high)};
  };
  return {{"wer", Number(errors.words.rate)},
          {"wer_interval", interval(errors.words)},
          {"cer", Number(errors.characters.rate)},
          {"cer_interval", interval(errors.characters)},
          {"words", CountsJson(errors.words)},
          {"characters", CountsJson(errors.characters)},
          {"utterances", errors.utterances},
          {"wrong_utterances", errors.wrong},
          {"speakers", errors.speakers}};
}

std::string TranscriptErrorsText(const TranscriptErrors& errors) {
  return Line("WER", "words", errors.words) + Line("CER", "characters", errors.characters) +
         Format(
             "%zu of %zu utterances have a wrong word; 95 %% intervals over %s\n", errors.wrong,
             errors.utterances,
             errors.speakers > 0 ? Format("%zu speakers", errors.speakers).c_str() : "utterances");
}

void AddWerCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("wer", "Word and character error rate of recognised texts");
  command->add_option("REFERENCE", options->reference, "What was said")->required();
  command->add_option("HYPOTHESIS", options->hypothesis, "What was recognised")->required();
  command->add_flag("--json", options->json, "One JSON object");
  command->footer(
      "Both files have a text a line: in the same order, or as ID, tab, TEXT, or as a\n"
      "tab-separated table with columns id (or path), text and perhaps speaker. Words are\n"
      "compared as they are written.\n"
      "Example:\n"
      "  vpr wer said.txt recognised.txt");
  command->callback([options, &context] {
    context.run = [options] {
      const TranscriptFile reference = ReadTranscripts(options->reference);
      const TranscriptErrors errors = MeasureTranscripts(
          reference.transcripts, MatchTranscripts(reference, ReadTranscripts(options->hypothesis)));
      if (options->json) {
        PrintJson(TranscriptErrorsJson(errors));
      } else {
        Print(TranscriptErrorsText(errors));
      }
      return kExitDone;
    };
  });
}

}  // namespace vpr::cli
