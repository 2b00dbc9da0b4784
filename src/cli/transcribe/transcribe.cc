// vpr transcribe: what was said.
#include "cli/transcribe/transcribe.h"

#include <CLI/CLI.hpp>
#include <charconv>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr::cli {

void AddTranscriberOption(CLI::App& command, std::string& model) {
  command
      .add_option("-m,--model", model,
                  "Transcriber that vpr transcribe train wrote (default: $VPR_TRANSCRIBER)")
      ->type_name("FILE");
}

SpokenWords CheckSpoken(const Transcriber& transcriber, const std::vector<int>& words,
                        const std::vector<float>& samples) {
  const Transcriber::WordCheck check = transcriber.CheckWords(transcriber.LogProbs(samples), words);
  return {transcriber.tokens().Decode(words), check.heard, check.score, check.threshold,
          check.right};
}

JoinOptions ParseJoin(const std::string& join) {
  if (join.empty()) return {};
  const std::size_t dash = join.find('-');
  auto number = [&](std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > 50)
      throw Error(
          ErrorCode::kInvalidArgument,
          "'" + Printable(join) + "' is no number of recordings; expected N or A-B, 1 to 50");
    return value;
  };
  JoinOptions options;
  options.least = number(std::string_view(join).substr(0, dash));
  options.most =
      dash == std::string::npos ? options.least : number(std::string_view(join).substr(dash + 1));
  if (options.most < options.least)
    throw Error(ErrorCode::kInvalidArgument, "'" + Printable(join) + "' goes down");
  return options;
}

void AddJoinOption(CLI::App& command, std::string& join) {
  command
      .add_option("--join", join,
                  "Put N, or A to B, recordings of a speaker (column speaker) one after the other, "
                  "with pauses: strings from single words")
      ->check(CLI::Validator(
          [](const std::string& text) -> std::string {
            try {
              ParseJoin(text);
            } catch (const Error& error) {
              return error.what();
            }
            return "";
          },
          ""))
      ->type_name("A-B");
}

nlohmann::ordered_json PromptJson(const PromptThreshold& prompt) {
  auto rate = [](double value) {
    return value < 0 ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(value);
  };
  return {{"threshold", prompt.threshold},
          {"false_accepts", rate(prompt.false_accepts)},
          {"false_rejects", rate(prompt.false_rejects)},
          {"recordings", prompt.recordings}};
}

void AddTranscribeCommand(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("transcribe", "What was said: digits, characters or words");
  command->require_subcommand(1);
  command->footer(
      "Example:\n"
      "  vpr transcribe train digits.tsv --dev others.tsv --join 1-7 -o digits.vpw\n"
      "  vpr transcribe predict call.wav --model digits.vpw");
  AddTranscribeTrainCommand(*command, context);
  AddTranscribePredictCommand(*command, context);
  AddTranscribeEvalCommand(*command, context);
}

}  // namespace vpr::cli
