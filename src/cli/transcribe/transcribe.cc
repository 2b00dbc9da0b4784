// vpr transcribe: what was said.
#include "cli/transcribe/transcribe.h"

#include "vpr/base/error.h"
#include "vpr/transcribe/spoken_strings.h"

namespace vpr::cli {

void AddTranscriberOption(CLI::App& command, std::string& model) {
  Declare{command}("-m,--model", model, "FILE",
                   "Transcriber that vpr transcribe train wrote (default: $VPR_TRANSCRIBER)");
}

void AddJoinOption(const Declare& add, std::string& join) {
  auto check = [](const std::string& text) -> std::string {
    try {
      ParseJoin(text);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  add("--join", join, "A-B",
      "Put N, or A to B, recordings of a speaker (column speaker) one after the other, with "
      "pauses: strings from single words",
      CLI::Validator(check, ""));
}

void AddTranscribeCommand(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("transcribe", "What was said: digits, characters or words");
  command->require_subcommand(1);
  command->footer(R"(Example:
  vpr transcribe train digits.tsv --dev others.tsv --join 1-7 -o digits.vpw
  vpr transcribe predict call.wav --model digits.vpw)");
  AddTranscribeTrainCommand(*command, context);
  AddTranscribePredictCommand(*command, context);
  AddTranscribeEvalCommand(*command, context);
}

}  // namespace vpr::cli
