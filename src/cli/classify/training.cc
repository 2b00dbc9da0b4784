// vpr classify train and vpr classify tune: learn labels from labelled recordings, and search for
// the settings of what learns them.
#include "cli/classify/classify.h"
#include "cli/classify/clips.h"
#include "options/read_options.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/logged_progress.h"
#include "vpr/base/text.h"
#include "vpr/print/classification.h"
#include "vpr/report/classify_report.h"
#include "vpr/report/study_report.h"

namespace vpr::cli {
namespace {

// The options of both.
struct TrainingArguments {
  ClassifierTrainOptions train;
  ClassifierChoice choice;
};

// Declares SOURCE, what is learnt and how, what is held out, seed and engine.
void AddTrainingOptions(const Declare& add, TrainingArguments& arguments) {
  ClassifierTrainOptions& train = arguments.train;
  ClassifierChoice& choice = arguments.choice;
  add.Required("SOURCE", train.source, "",
               "Folder with a folder per class, or a tab-separated list with column names");
  add.Default(
      "--classifier", choice.kind, "",
      "svm: RBF support vector machine; mlp: 256-256 perceptron; cnn: on log-mel spectrograms",
      OneOf({"svm", "mlp", "cnn"}));
  add("--features", choice.features, "LIST",
      Format("For svm and mlp: acoustic features with commas between (%s), summary (33 numbers), "
             "or embedding (of the voice)",
             kDefaultAcousticFeatures));
  add.Default("--statistics", choice.statistics, "LIST",
              "Of the acoustic features over time: mean, std, min, max");
  add.Default("--n-mfcc", train.features.acoustic.n_mfcc, "", "Number of MFCCs",
              CLI::Range(1, 128));
  add.Default("--rate", choice.rate, "HZ",
              "Resample to this rate; file: keep that of the first recording", SampleRate());
  add.Default("--top-db", choice.top_db, "DB",
              "Cut out silence so far below the loudest moment; 0: none is cut out", AtLeastZero());
  AddLabelOption(add, train.list);
  add("--group-by", train.list.group_by, "COLUMN",
      "Keep what belongs together on one side of every split: the list's column of speakers or "
      "sessions; for a folder, the folder below the class's (CLASS/SPEAKER/FILE)");
  add.Default("--test-size", train.test_size, "",
              "Share of the recordings held out to measure on; 0: none", CLI::Range(0.0, 0.9));
  add.Default("--folds", train.folds, "", "Of the cross-validation among the others; 0: none",
              CLI::Range(0, 100));
  add.Flag("--balance", choice.balance,
           "Answer as if all labels were equally frequent, whatever they are among the recordings "
           "learnt from");
  add("--cnn", choice.cnn, "", "Network of the cnn: resnet (default), ecapa, dwnet, campplus, cnn");
  add("--epochs", choice.epochs, "", "Epochs of mlp (100), cnn (20) and of clips (50)",
      CLI::Range(1, 100000));
  add.Default("--seed", train.seed, "", "Of everything random");
  AddEngineOptions(add, train.embedding_model, train.engine);
}

// Makes the choice part of the options.
void CompleteTraining(const char* command, TrainingArguments& arguments) {
  try {
    ApplyChoice(arguments.choice, arguments.train);
  } catch (const Error& error) {
    throw CLI::ValidationError(command, error.what());
  }
}

struct TrainOptions : TrainingArguments {
  std::string plot_dir, html;
  bool json = false;
  ClipArguments clips;
  const CLI::Option* folds = nullptr;
};

void CompleteTrain(TrainOptions& options) {
  if (options.clips.modalities.empty()) return CompleteTraining("train", options);
  CompleteClipTraining(options.train, options.choice.epochs, options.folds->count() > 0,
                       options.clips);
}

int Train(const TrainOptions& options, const Context& context) {
  if (!options.clips.modalities.empty())
    return TrainFromClips(options.clips, options.plot_dir, options.html, options.json, context);
  const auto console = MakeConsoleProgress(context);
  LoggedProgress progress(*console, options.train.output);
  progress.Log("vpr classify train " + Printable(options.train.source) + " -o " +
               Printable(options.train.output));
  const ClassifierTrainResult result =
      progress.Watch([&] { return TrainClassifier(options.train, progress, CatchInterrupts()); });
  progress.Log(ToText(result) + DoubtedLines(result.doubted));
  const ClassifyReportPage page = MakePage(options.train, result, *console);
  if (!options.plot_dir.empty()) WriteClassifyPlots(options.plot_dir, page);
  if (!options.html.empty()) WriteClassifyHtml(options.html, page);
  Print(options.json ? ToJson(options.train, result, progress.path()) : ToText(result));
  return kExitDone;
}

struct SearchOptions : TrainingArguments {
  TuneOptions tune;
  std::string picture, tensorboard;
  bool json = false;
};

void Complete(SearchOptions& options) {
  CompleteTraining("tune", options);
  options.tune.train = options.train;
}

int Tune(const SearchOptions& options, const Context& context) {
  const auto console = MakeConsoleProgress(context);
  const TuneResult result = TuneClassifier(options.tune, *console, CatchInterrupts());
  if (!options.picture.empty()) WriteFileAtomically(options.picture, DrawStudy(result.study));
  if (!options.tensorboard.empty()) WriteStudyEvents(options.tensorboard, result.study);
  Print(options.json ? ToJson(options.tune, result) : ToText(result));
  return kExitDone;
}

}  // namespace

void AddClassifyTrainCommand(CLI::App& classify, Context& context) {
  auto options = std::make_shared<TrainOptions>();
  ClassifierTrainOptions& train = options->train;
  const Declare add = AddCommand<TrainOptions>(classify, context, "train",
                                               "Learn the labels of a folder or list of recordings",
                                               options, Train, CompleteTrain);
  AddTrainingOptions(add, *options);
  add.Required("-o,--output", train.output, "MODEL", "Classifier to write");
  add("--per-group", train.per_group, "N",
      "Learn from at most N recordings of a group (all): where groups differ in size and all "
      "should count",
      AboveZero())
      ->needs("--group-by");
  add.Flag("--group-means", train.group_means,
           "Learn from the mean of each group's features, for the same reason (svm and mlp)")
      ->needs("--group-by")
      ->excludes("--per-group");
  add.Flag("--filter-labels", train.filter_labels,
           "Do not learn from recordings whose labels the others contradict (where some are "
           "wrong), and list them");
  add("--svm-c", options->choice.svm_c, "", "C of the svm (default: by cross-validation)",
      AboveZero());
  add("--svm-gamma", options->choice.svm_gamma, "", "gamma of the svm (default: the same)",
      AboveZero());
  add("--plot", options->plot_dir, "DIR", "Write the confusion matrices as pictures there");
  add("--html", options->html, "OUT.html", "Write a report to read and mail");
  add.Flag("--json", options->json, "Result as one JSON object");
  options->folds = classify.get_subcommand("train")->get_option("--folds");
  AddClipTrainOptions(add, options->clips);
}

void AddClassifyTuneCommand(CLI::App& classify, Context& context) {
  auto options = std::make_shared<SearchOptions>();
  const Declare add = AddCommand<SearchOptions>(
      classify, context, "tune", "Search for a classifier's settings", options, Tune, Complete);
  AddTrainingOptions(add, *options);
  add.Required("--study", options->tune.study, "FILE",
               "File of the trials; one that is there goes on");
  add.Default("--trials", options->tune.trials, "", "Trials in all", CLI::Range(1, 100000));
  add("-o,--output", options->train.output, "MODEL", "Also write the best as a classifier");
  add("--picture", options->picture, "OUT.png", "Draw the search there");
  add("--tensorboard", options->tensorboard, "DIR",
      "Write the trials there as TensorBoard reads them");
  add.Flag("--json", options->json, "Result as one JSON object");
}

}  // namespace vpr::cli
