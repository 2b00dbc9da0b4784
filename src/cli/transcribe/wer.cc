// vpr wer: how far recognised texts are from what was said.
#include "cli/transcribe/transcribe.h"
#include "vpr/print/transcription.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string reference, hypothesis;
  bool json = false;
};

int Run(const Options& options, const Context&) {
  const TranscriptFile reference = ReadTranscripts(options.reference);
  const TranscriptErrors errors = MeasureTranscripts(
      reference.transcripts, MatchTranscripts(reference, ReadTranscripts(options.hypothesis)));
  Print(options.json ? ToJson(errors) : ToText(errors));
  return kExitDone;
}

}  // namespace

void AddWerCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add = AddCommand(app, context, "wer",
                                 "Word and character error rate of recognised texts", options, Run);
  add.Required("REFERENCE", options->reference, "", "What was said");
  add.Required("HYPOTHESIS", options->hypothesis, "", "What was recognised");
  add.Flag("--json", options->json, "One JSON object");
  add.command.footer(
      R"(Both files have a text a line: in the same order, or as ID, tab, TEXT, or as a
tab-separated table with columns id (or path), text and perhaps speaker. Words are
compared as they are written.
Example:
  vpr wer said.txt recognised.txt)");
}

}  // namespace vpr::cli
