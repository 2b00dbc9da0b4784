// vpr compare: are two recordings of the same speaker?
#include <CLI/CLI.hpp>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/embedding_run.h"
#include "cli/read_options.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr::cli {
namespace {

struct CompareOptions {
  std::vector<std::string> files;
  std::string pairs;
  ThresholdOptions threshold;
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
    pairs.push_back({std::string(fields[0]), std::string(fields[1])});
  }
  if (pairs.empty()) {
    throw Error(ErrorCode::kCorrupt, "list '" + Printable(path) + "' holds no pairs");
  }
  return pairs;
}

// The pairs of a list, or every channel of the one recording with every one of the other.
std::vector<Pair> PairsOf(const CompareOptions& options) {
  if (!options.pairs.empty()) return ReadPairs(options.pairs);
  const ReadOptions& read = options.network.engine.read;
  std::vector<Pair> pairs;
  for (const std::string& a : AsAsked({options.files[0]}, read))
    for (const std::string& b : AsAsked({options.files[1]}, read)) pairs.push_back({a, b});
  return pairs;
}

const char* Decision(const Score& score, const DecisionThreshold& decision) {
  return score.value >= decision.threshold ? "same speaker" : "different speakers";
}

std::string Note(const Score& score, const DecisionThreshold& decision,
                 const EmbeddingExtractor& extractor) {
  return OtherAnswer(OperatingPoint::kCompare, score.value, score.value >= decision.threshold,
                     extractor.info());
}

// One comparison as a line of JSON; without a score with the reason why there is none.
std::string JsonLine(const Pair& pair, const std::optional<Score>& score,
                     const DecisionThreshold& decision, const std::string& model,
                     const std::string& other, const std::string& failure = {}) {
  nlohmann::ordered_json json;
  json["a"] = pair.a;
  json["b"] = pair.b;
  json["score"] = nullptr;
  json["threshold"] = decision.threshold;
  json["decision"] = nullptr;
  json["cosine"] = nullptr;
  json["llr"] = nullptr;
  json["fmr"] = nullptr;
  json["fnmr"] = nullptr;
  if (!decision.basis.empty()) {
    json["fmr"] = decision.fmr;
    json["fnmr"] = decision.fnmr;
  }
  if (score) {
    json["score"] = score->value;
    json["decision"] = Decision(*score, decision);
    json["cosine"] = score->cosine;
    if (!std::isnan(score->llr)) json["llr"] = score->llr;
  }
  json["note"] = nullptr;
  if (!other.empty()) json["note"] = other;
  json["model"] = model;
  if (!score) json["error"] = failure;
  return ToLine(json);
}

// What an LLR says where either answer was as likely before.
std::string Probability(double llr) {
  const double percent = 100 / (1 + std::exp(-llr));
  if (percent > 99.99) return "over 99.99 %";
  if (percent < 0.01) return "under 0.01 %";
  return Format("%.2f %%", percent);
}

std::string Text(const Score& score, const DecisionThreshold& decision, bool is_cosine,
                 const std::string& other) {
  std::string text =
      is_cosine ? Format("cosine score  %.4f\n", score.value)
                : Format("score         %.4f\ncosine        %.4f\n", score.value, score.cosine);
  text += Format("threshold     %.4f", decision.threshold);
  if (!decision.basis.empty()) {
    text += Format("  (false matches %.2f %%, false non-matches %.2f %%: %s)", 100 * decision.fmr,
                   100 * decision.fnmr, Printable(decision.basis).c_str());
  }
  text += "\n";
  if (!std::isnan(score.llr)) {
    text += Format("LLR           %+.2f  (%s probable to be one speaker at even odds)\n", score.llr,
                   Probability(score.llr).c_str());
  }
  if (!other.empty()) text += "note          " + other + "\n";
  return text + Decision(score, decision) + "\n";
}

int ComparePairs(const CompareOptions& options, const Context& context,
                 const DecisionThreshold& decision, const std::string& model,
                 const EmbeddingExtractor& extractor) {
  const std::vector<Pair> pairs = PairsOf(options);
  FileScorer scorer;
  std::vector<std::pair<std::size_t, std::size_t>> files;
  for (const Pair& pair : pairs) files.emplace_back(scorer.Add(pair.a), scorer.Add(pair.b));
  const auto progress = MakeConsoleProgress(context);
  std::map<std::string, std::string> reasons;  // by path
  scorer.Embed(extractor, *progress, CatchInterrupts(), [&](const FailedFile& failed) {
    progress->Warn(failed.reason);
    reasons[failed.path] = failed.reason;
  });
  auto reason = [&](const Pair& pair) {
    const auto found = reasons.find(pair.a);
    return found != reasons.end() ? found->second : reasons[pair.b];
  };
  std::size_t not_compared = 0, different = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const Pair& pair = pairs[i];
    const std::optional<Score> score = scorer.Score(files[i].first, files[i].second);
    const std::string other = score ? Note(*score, decision, extractor) : std::string();
    if (!score) {
      ++not_compared;
    } else if (!(score->value >= decision.threshold)) {
      ++different;
    }
    if (options.json) {
      Print(JsonLine(pair, score, decision, model, other, score ? std::string() : reason(pair)));
    } else if (score) {
      Print(Format("%s\t%s\t%.4f\t%s\n", pair.a.c_str(), pair.b.c_str(), score->value,
                   Decision(*score, decision)));
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
  const EmbeddingExtractor extractor = EmbeddingExtractor::Open(model, options.network.engine);
  const DecisionThreshold decision = ChooseThreshold(options.threshold, extractor.info(), model);
  if (!options.pairs.empty() || options.network.engine.read.separate)
    return ComparePairs(options, context, decision, model, extractor);

  FileScorer scorer;
  const std::size_t a = scorer.Add(options.files[0]), b = scorer.Add(options.files[1]);
  const Pair pair{options.files[0], options.files[1]};
  Progress silent;
  scorer.Embed(extractor, silent, {}, [&](const FailedFile& failed) {
    if (options.json) Print(JsonLine(pair, std::nullopt, decision, model, {}, failed.reason));
    throw Error(ErrorCode::kUnusable, failed.reason);
  });
  const Score score = scorer.Score(a, b).value();
  const bool is_cosine = extractor.scorer().is_cosine();
  const std::string other = Note(score, decision, extractor);
  Print(options.json ? JsonLine(pair, score, decision, model, other)
                     : Text(score, decision, is_cosine, other));
  return options.exit_status && !(score.value >= decision.threshold) ? kExitRejected : kExitDone;
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
