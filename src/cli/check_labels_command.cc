// vpr check-labels: speakers under two names, and recordings under a wrong one.
#include <CLI/CLI.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/embedding_run.h"
#include "vpr/base/error.h"
#include "vpr/base/npy.h"
#include "vpr/base/text.h"
#include "vpr/dataset/source.h"
#include "vpr/model/embed_each.h"
#include "vpr/train/label_check.h"

namespace vpr::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string source, layout = "auto", embeddings;
  bool json = false, exit_status = false;
  NetworkOptions network;
};

struct Recordings {
  std::vector<std::string> names, speakers;
  Matrix embeddings;
};

// From a table in the order of the list.
Recordings ReadEmbeddings(const Options& options) {
  const RecordingTable table = ReadRecordingTable(options.source);
  const std::size_t speaker = std::min(table.Column("speaker"), table.Column("label"));
  if (speaker == table.columns.size())
    throw Error(ErrorCode::kInvalidArgument,
                "list '" + Printable(options.source) + "' has no column named speaker or label");
  Recordings recordings;
  for (const RecordingTable::Row& row : table.rows) {
    recordings.names.push_back(row.key);
    recordings.speakers.push_back(row.values[speaker]);
  }
  recordings.embeddings = ReadNpy(options.embeddings);
  if (recordings.embeddings.rows != recordings.names.size())
    throw Error(ErrorCode::kInvalidArgument,
                Format("'%s' has %zu rows, list '%s' %zu recordings; one row a recording is "
                       "expected, in the order of the list",
                       Printable(options.embeddings).c_str(), recordings.embeddings.rows,
                       Printable(options.source).c_str(), recordings.names.size()));
  return recordings;
}

Recordings Embed(const Options& options, Progress& progress) {
  const EmbeddingExtractor extractor =
      EmbeddingExtractor::Open(FindModel(options.network.model), options.network.engine);
  const std::vector<Utterance> utterances = ListUtterances(options.source, options.layout);
  const auto dim = static_cast<std::size_t>(extractor.info().embedding_dim);
  Recordings recordings;
  std::vector<float> values;
  std::size_t failed = 0;
  EmbedEach(
      utterances.size(), [&](std::size_t i) { return utterances[i].path; }, extractor, progress,
      CatchInterrupts(),
      [&](const EmbeddedFile& file) {
        if (file.failure) {
          ++failed;
          progress.Warn(*file.failure);
          return;
        }
        if (utterances[file.index].speaker.empty()) return;
        recordings.names.push_back(utterances[file.index].key);
        recordings.speakers.push_back(utterances[file.index].speaker);
        values.insert(values.end(), file.embedding.begin(), file.embedding.end());
      });
  if (failed > 0) progress.Warn(Format("%zu recordings cannot be used", failed));
  recordings.embeddings.rows = recordings.names.size();
  recordings.embeddings.cols = dim;
  recordings.embeddings.data.assign(values.begin(), values.end());
  return recordings;
}

int Run(const Options& options, const Context& context) {
  const auto progress = MakeConsoleProgress(context);
  const Recordings recordings =
      options.embeddings.empty() ? Embed(options, *progress) : ReadEmbeddings(options);
  std::map<std::string, int> numbers;
  for (const std::string& speaker : recordings.speakers) numbers.emplace(speaker, 0);
  std::vector<std::string> names;
  for (auto& [name, number] : numbers) {
    number = static_cast<int>(names.size());
    names.push_back(name);
  }
  std::vector<int> speakers;
  for (const std::string& speaker : recordings.speakers) speakers.push_back(numbers[speaker]);
  const SuspectLabels found = FindSuspectLabels(recordings.embeddings, speakers);
  auto name = [&](int speaker) { return names[static_cast<std::size_t>(speaker)]; };
  if (options.json) {
    Json json = {{"recordings", recordings.names.size()},
                 {"speakers", names.size()},
                 {"usual_own", found.usual_own},
                 {"stranger_mean", found.stranger_mean},
                 {"stranger_deviation", found.stranger_deviation},
                 {"pair_threshold", found.pair_threshold},
                 {"same_person", Json::array()},
                 {"somebody_else", Json::array()}};
    for (const SuspectPair& pair : found.pairs)
      json["same_person"].push_back(
          {{"a", name(pair.a)}, {"b", name(pair.b)}, {"cosine", pair.cosine}});
    for (const SuspectRecording& one : found.recordings)
      json["somebody_else"].push_back({{"recording", recordings.names[one.recording]},
                                       {"speaker", name(speakers[one.recording])},
                                       {"own_cosine", one.own},
                                       {"nearest", name(one.nearest)},
                                       {"nearest_cosine", one.other}});
    PrintJson(json);
  } else {
    std::string text;
    for (const SuspectPair& pair : found.pairs)
      text += Format("same person?\t%s\t%s\t%.3f\n", Printable(name(pair.a)).c_str(),
                     Printable(name(pair.b)).c_str(), pair.cosine);
    for (const SuspectRecording& one : found.recordings)
      text += Format("somebody else?\t%s\t%s %.3f\tnearest %s %.3f\n",
                     Printable(recordings.names[one.recording]).c_str(),
                     Printable(name(speakers[one.recording])).c_str(), one.own,
                     Printable(name(one.nearest)).c_str(), one.other);
    text += Format(
        "%zu recordings of %zu speakers: %zu pairs seem to be one person (from a cosine of %.3f "
        "on), %zu recordings somebody else's\n",
        recordings.names.size(), names.size(), found.pairs.size(), found.pair_threshold,
        found.recordings.size());
    Print(text);
  }
  return options.exit_status && !(found.pairs.empty() && found.recordings.empty()) ? kExitRejected
                                                                                   : kExitDone;
}

}  // namespace

void AddCheckLabelsCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "check-labels", "Speakers who seem to be one person, recordings that seem somebody else's");
  command->add_option("source", options->source, "A folder or list of labelled recordings")
      ->type_name("SOURCE")
      ->required();
  CLI::Option* layout =
      command->add_option("--layout", options->layout, "How SOURCE is laid out, as for vpr pack")
          ->capture_default_str()
          ->type_name("NAME");
  command
      ->add_option("--embeddings", options->embeddings,
                   "Use these embeddings, a row a line of the list, instead of a model's")
      ->type_name("FILE.npy")
      ->excludes(layout);
  command->add_flag("--json", options->json, "As JSON");
  command->add_flag("--exit-status", options->exit_status, "End with 3 if there is any");
  AddNetworkOptions(*command, options->network);
  command->footer(
      "Compares speakers' mean embeddings, and every recording with the rest of its speaker's and\n"
      "with all other speakers. A pair is told where two speakers are as alike as recordings of "
      "one\n"
      "usually are; a recording where it is no more like its speaker than a stranger, or more "
      "like\n"
      "another. Listen before you change a label: siblings and one microphone look alike too.\n"
      "Example:\n"
      "  vpr check-labels recordings\n"
      "  vpr check-labels train.tsv --embeddings teacher.npy");
  command->callback([options, &context] {
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
