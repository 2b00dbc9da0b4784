// vpr classify: a label for a recording, of any labels there are recordings of.
#include "cli/classify/classify.h"

#include "cli/embedding_run.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr::cli {
namespace {

// Declares --embedding-model, --device and --threads.
void AddEngineOptions(const Declare& add, std::string& embedding_model, ExtractorOptions& engine) {
  add("--embedding-model", embedding_model, "FILE",
      "Speaker model of classifiers of embeddings (default: $VPR_MODEL, else the model that came "
      "with vpr)");
  AddDeviceOptions(add.command, engine);
}

}  // namespace

void AddClassifierOptions(const Declare& add, ClassifierArguments& arguments) {
  add.Required("-m,--model", arguments.model, "FILE", "Classifier that vpr classify train wrote");
  AddEngineOptions(add, arguments.embedding_model, arguments.engine);
}

void AddLabelOption(const Declare& add, ExampleListOptions& options) {
  add("--label", options.label_column, "COLUMN",
      "The list's column of labels (default: label, else speaker); lines with - or nothing there "
      "are left out");
}

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
              "Resample to this rate; file: keep that of the first recording",
              CLI::Validator(CheckSampleRate, ""));
  add.Default("--top-db", choice.top_db, "DB",
              "Cut out silence so far below the loudest moment; 0: none is cut out",
              CLI::NonNegativeNumber);
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
  add("--epochs", choice.epochs, "", "Epochs of mlp (100) and cnn (20)", CLI::Range(1, 100000));
  add.Default("--seed", train.seed, "", "Of everything random");
  AddEngineOptions(add, train.embedding_model, train.engine);
}

void CompleteTraining(const char* command, TrainingArguments& arguments) {
  try {
    ApplyChoice(arguments.choice, arguments.train);
  } catch (const Error& error) {
    throw CLI::ValidationError(command, error.what());
  }
}

void AddClassifyCommand(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "classify", "Labels for recordings: emotion, gender, kind of sound, whatever is labelled");
  command->require_subcommand(1);
  command->footer(R"(Example:
  vpr classify synth emotions                       # something to try it on
  vpr classify train emotions -o emotions.vpc
  vpr classify predict emotions/sad/*.wav --model emotions.vpc)");
  AddClassifyTrainCommand(*command, context);
  AddClassifyPredictCommand(*command, context);
  AddClassifyEvalCommand(*command, context);
  AddClassifySynthCommand(*command, context);
  AddClassifyTuneCommand(*command, context);
}

}  // namespace vpr::cli
