// vpr compare: are two recordings of the same speaker?
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/embedding_run.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr::cli {
namespace {

struct CompareOptions {
  std::vector<std::string> files;
  std::string pairs;
  std::optional<double> threshold;
  bool json = false, exit_status = false;
  NetworkOptions network;
};

struct Pair {
  std::string a, b;
};

std::vector<Pair> ReadPairs(const std::string& path) {
  std::vector<Pair> pairs;
  std::size_t number = 0;
  const std::string text = ReadFile(path);
  for (std::string_view line : Lines(text)) {
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
    pairs.push_back({std::string(fields[0]), std::string(fields[1])});
  }
  if (pairs.empty()) {
    throw Error(ErrorCode::kCorrupt, "list '" + Printable(path) + "' holds no pairs");
  }
  return pairs;
}

// One comparison as a line of JSON; `pair` only in a list of them.
std::string JsonLine(const Pair* pair, std::optional<double> score, double threshold,
                     const std::string& model) {
  nlohmann::ordered_json json;
  if (pair != nullptr) {
    json["a"] = pair->a;
    json["b"] = pair->b;
  }
  json["score"] = nullptr;
  json["threshold"] = threshold;
  json["decision"] = nullptr;
  if (score) {
    json["score"] = *score;
    json["decision"] = *score >= threshold ? "same speaker" : "different speakers";
  }
  json["model"] = model;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

int ComparePairs(const CompareOptions& options, const Context& context, double threshold,
                 const std::string& model, EmbeddingExtractor& extractor) {
  const std::vector<Pair> pairs = ReadPairs(options.pairs);
  FileScorer scorer;
  std::vector<std::pair<std::size_t, std::size_t>> files;
  for (const Pair& pair : pairs) files.emplace_back(scorer.Add(pair.a), scorer.Add(pair.b));
  const auto progress = MakeConsoleProgress(context);
  scorer.Embed(extractor, *progress, CatchInterrupts(),
               [&](const FailedFile& failed) { progress->Warn(failed.reason); });
  std::size_t not_compared = 0, different = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const Pair& pair = pairs[i];
    const std::optional<double> score = scorer.Score(files[i].first, files[i].second);
    if (!score) {
      ++not_compared;
    } else if (*score < threshold) {
      ++different;
    }
    if (options.json) {
      Print(JsonLine(&pair, score, threshold, model));
    } else if (score) {
      Print(Format("%s\t%s\t%.4f\t%s\n", pair.a.c_str(), pair.b.c_str(), *score,
                   *score >= threshold ? "same speaker" : "different speakers"));
    } else {
      Print(Format("%s\t%s\tnan\tnot compared\n", pair.a.c_str(), pair.b.c_str()));
    }
  }
  if (not_compared > 0) {
    throw Error(ErrorCode::kUnusable,
                Format("%zu of %zu pairs could not be compared", not_compared, pairs.size()));
  }
  return options.exit_status && different > 0 ? kExitRejected : kExitDone;
}

int Run(const CompareOptions& options, const Context& context) {
  const std::string model = FindModel(options.network.model);
  EmbeddingExtractor extractor = EmbeddingExtractor::Open(model, options.network.engine);
  const DecisionThreshold& decision = extractor.info().decision;
  if (!options.threshold && decision.basis.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "model '" + Printable(model) +
                    "' has no decision threshold, since it was trained without held-out speakers; "
                    "give one with --threshold");
  }
  const double threshold = options.threshold.value_or(decision.threshold);
  if (!options.pairs.empty()) return ComparePairs(options, context, threshold, model, extractor);

  FileScorer scorer;
  const std::size_t a = scorer.Add(options.files[0]), b = scorer.Add(options.files[1]);
  Progress silent;
  scorer.Embed(extractor, silent, {},
               [](const FailedFile& failed) { throw Error(ErrorCode::kUnusable, failed.reason); });
  const double score = scorer.Score(a, b).value();
  const bool same = score >= threshold;
  Print(options.json ? JsonLine(nullptr, score, threshold, model)
                     : Format("cosine score  %.4f\nthreshold     %.4f\n%s\n", score, threshold,
                              same ? "same speaker" : "different speakers"));
  return options.exit_status && !same ? kExitRejected : kExitDone;
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
  command
      ->add_option("-t,--threshold", options->threshold,
                   "Same speaker from this score on (default: the model's own threshold)")
      ->check(CLI::Range(-1.0, 1.0))
      ->type_name("SCORE");
  command->add_flag("--json", options->json, "One JSON object a line");
  command->add_flag("--exit-status", options->exit_status,
                    "End with 3 if the speakers (with --pairs: of any pair) are different");
  AddNetworkOptions(*command, options->network);
  command->footer(
      "Prints the cosine of the two embeddings, from -1 to 1, and the decision. With --pairs one\n"
      "line a pair: A, B, score and decision with tabs between.\n"
      "Example:\n"
      "  vpr compare monday.wav tuesday.mp3");
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
