// vpr compare: are two recordings of the same speaker?
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/embedding_run.h"
#include "cli/read_options.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/print/outcomes.h"
#include "vpr/recognize/recognizer.h"

namespace vpr::cli {
namespace {

struct CompareOptions {
  std::vector<std::string> files;
  std::string pairs;
  ThresholdChoice threshold;
  bool json = false, exit_status = false;
  NetworkOptions network;
};

std::vector<Recognizer::Pair> ReadPairs(const std::string& path) {
  std::vector<Recognizer::Pair> pairs;
  std::size_t number = 0;
  const std::string text = ReadFile(path);
  for (std::string_view line : Lines(WithoutByteOrderMark(text))) {
    ++number;
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    const bool tabs = line.find('\t') != std::string_view::npos;
    const auto fields = tabs ? Split(line, '\t') : SplitBlanks(line);
    if (fields.size() != 2 || fields[0].empty() || fields[1].empty()) {
      throw Error(
          ErrorCode::kCorrupt,
          Format("cannot read list '%s', line %zu: found \"%s\", expected two paths with a tab "
                 "or a blank between (a tab if a path holds blanks)",
                 Printable(path).c_str(), number, Printable(line.substr(0, 200)).c_str()));
    }
    pairs.emplace_back(fields[0], fields[1]);
  }
  if (pairs.empty()) {
    throw Error(ErrorCode::kCorrupt, "list '" + Printable(path) + "' holds no pairs");
  }
  return pairs;
}

// The pairs of a list, or every channel of the one recording with every one of the other.
std::vector<Recognizer::Pair> PairsOf(const CompareOptions& options) {
  if (!options.pairs.empty()) return ReadPairs(options.pairs);
  const ReadOptions& read = options.network.engine.read;
  std::vector<Recognizer::Pair> pairs;
  for (const std::string& a : AsAsked({options.files[0]}, read))
    for (const std::string& b : AsAsked({options.files[1]}, read)) pairs.emplace_back(a, b);
  return pairs;
}

int ComparePairs(const CompareOptions& options, const Context& context,
                 const Recognizer& recognizer, const DecisionThreshold& decision) {
  const std::vector<Recognizer::Pair> pairs = PairsOf(options);
  const auto progress = MakeConsoleProgress(context);
  std::size_t not_compared = 0, different = 0;
  recognizer.Compare(pairs, decision, *progress, CatchInterrupts(), [&](Comparison&& comparison) {
    not_compared += comparison.score ? 0 : 1;
    different += comparison.score && !comparison.same() ? 1 : 0;
    Print(options.json ? ToJson(comparison) : ToRow(comparison));
  });
  if (not_compared > 0) {
    throw Error(ErrorCode::kUnusable,
                Format("%zu of %zu pairs could not be compared", not_compared, pairs.size()));
  }
  return options.exit_status && different > 0 ? kExitRejected : kExitDone;
}

int Run(const CompareOptions& options, const Context& context) {
  const std::string model = FindModel(options.network.model);
  const Recognizer recognizer(EmbeddingExtractor::Open(model, options.network.engine), model);
  const DecisionThreshold decision =
      Told(recognizer.Choose(OperatingPoint::kCompare, options.threshold));
  if (!options.pairs.empty() || options.network.engine.read.separate)
    return ComparePairs(options, context, recognizer, decision);
  const Comparison comparison = recognizer.Compare(options.files[0], options.files[1], decision);
  if (options.json) Print(ToJson(comparison));
  if (!comparison.score) throw Error(ErrorCode::kUnusable, comparison.failure);
  if (!options.json) Print(ToText(comparison));
  return options.exit_status && !comparison.same() ? kExitRejected : kExitDone;
}

}  // namespace

void AddCompareCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* command = app.add_subcommand("compare", "Are two recordings of the same speaker?");
  command
      ->add_option("recordings", options->files, "Two audio files; one may be - for standard input")
      ->type_name("A B")
      ->expected(2);
  command
      ->add_option("--pairs", options->pairs,
                   "Compare many: two paths a line, a tab or a blank between; - for standard input")
      ->type_name("LIST");
  AddThresholdOptions(*command, options->threshold, "the model's, at the equal error rate");
  command->add_flag("--json", options->json, "One JSON object a line");
  command->add_flag("--exit-status", options->exit_status,
                    "End with 3 if the speakers (with --pairs: of any pair) are different");
  AddNetworkOptions(*command, options->network);
  AddReadOptions(*command, options->network.engine.read, true);
  command->footer(
      "Prints the score, the threshold with the error rates measured at it, and the decision. The\n"
      "score is the cosine of the two embeddings, or, for models with PLDA and a cohort, by how\n"
      "many standard deviations PLDA's ratio lies above those of the most alike other voices\n"
      "(AS-norm; the cosine is printed too). LLR: natural logarithm of the likelihood ratio of "
      "one\n"
      "speaker to two. With --pairs one line a pair: A, B, score and decision with tabs "
      "between.\n" +
      OperatingPointsHelp() +
      "Example:\n"
      "  vpr compare monday.wav tuesday.mp3\n"
      "  vpr compare monday.wav tuesday.mp3 --fmr 0.1%");
  command->callback([options, &context] {
    if (options->pairs.empty() == options->files.empty()) {
      throw CLI::ValidationError("compare", "give two recordings, or --pairs LIST");
    }
    if (options->files.size() == 2 && options->files[0] == "-" && options->files[1] == "-") {
      throw CLI::ValidationError("compare", "only one recording can come from standard input");
    }
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
