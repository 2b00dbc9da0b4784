// vpr classify train: learn labels from labelled recordings.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "cli/classify/training_options.h"
#include "cli/usage.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/report/classify_report.h"
#include "vpr/store/voice_store.h"

namespace vpr::cli {
namespace {

constexpr char kDefaultFeatures[] = "mfcc,chroma,contrast,centroid,bandwidth,flatness,zcr,rms";

struct Options : TrainingArguments {
  std::string plot_dir, html;
  std::optional<double> c, gamma;
  bool json = false;
};

// Passes everything on, and writes news and warnings to a file, each line with the time.
class LoggedProgress : public Progress {
 public:
  LoggedProgress(Progress& inner, const std::string& path) : inner_(inner), file_(path) {}
  void Start(const std::string& what, const std::string& unit, std::uint64_t total,
             std::uint64_t already) override {
    Log(what + Format(": %llu %ss", static_cast<unsigned long long>(total), unit.c_str()));
    inner_.Start(what, unit, total, already);
  }
  void Update(std::uint64_t done, const std::string& detail) override {
    inner_.Update(done, detail);
    last_ = detail;
  }
  void Finish() override {
    inner_.Finish();
    if (!last_.empty()) Log("finished: " + last_);
    last_.clear();
  }
  void Info(const std::string& line) override {
    Log(line);
    inner_.Info(line);
  }
  void Warn(const std::string& line) override {
    Log("warning: " + line);
    inner_.Warn(line);
  }
  void Log(const std::string& text) {
    if (broken_) return;
    try {
      for (std::string_view line : Lines(text))
        file_.Write(UtcNow() + " " + std::string(line) + "\n");
    } catch (const Error& error) {
      broken_ = true;
      inner_.Warn(std::string(error.what()) + "; the log ends here");
    }
  }

 private:
  Progress& inner_;
  LogFile file_;
  bool broken_ = false;
  std::string last_;
};

// MODEL.20261121T184500Z.log, or -2 and so on where two begin in one second
std::string LogPath(const std::string& model) {
  std::string time = UtcNow();
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  std::string path = model + "." + time + ".log";
  std::error_code error;
  for (int n = 2; std::filesystem::exists(std::filesystem::symlink_status(path, error)); ++n)
    path = model + "." + time + Format("-%d.log", n);
  return path;
}

FeatureSet MakeFeatureSet(const TrainingArguments& options, ClassifierKind kind) {
  FeatureSet set;
  set.acoustic = options.train.features.acoustic;
  FeatureOptions& frames = set.acoustic.frames;
  if (options.rate != "file") frames.sample_rate = std::stoi(options.rate);
  frames.fmax = frames.sample_rate / 2.0;
  frames.trim_top_db = options.top_db;
  if (kind == ClassifierKind::kCnn) {
    if (!options.features.empty() && options.features != "logmel")
      throw Error(ErrorCode::kInvalidArgument,
                  "a cnn takes the log-mel spectrogram; --features is for svm and mlp");
    set.kind = FeatureSetKind::kSpectrogram;
    frames.kind = FeatureKind::kLogMel;
    frames.n_mels = 64;
    frames.level_norm = true;
    return set;
  }
  const std::string features = options.features.empty() ? kDefaultFeatures : options.features;
  if (features == "embedding") {
    set.kind = FeatureSetKind::kEmbedding;
  } else if (features == "summary") {
    set.kind = FeatureSetKind::kSummary;
  } else {
    for (std::string_view name : Split(features, ','))
      set.acoustic.features.push_back(ParseAcousticFeature(name));
    for (std::string_view name : Split(options.statistics, ','))
      set.statistics.push_back(ParseStatistic(name));
  }
  set.acoustic.Validate();
  return set;
}

ClassifierTrainOptions Complete(const Options& options) {
  ClassifierTrainOptions train = CompleteTraining(options);
  train.settings.svm.c = options.c.value_or(0);
  train.settings.svm.gamma = options.gamma.value_or(0);
  return train;
}

std::string Describe(const ClassifierTrainResult& result) {
  const ClassifierInfo& info = result.info;
  std::string text = Format("%s on %zu values of %s, %zu classes, %zu recordings",
                            ToString(info.kind), info.row_names.size(),
                            ToString(info.features.kind), info.labels.size(), result.recordings);
  if (!info.training.group_by.empty())
    text += Format(", grouped by %s", Printable(info.training.group_by).c_str());
  for (const auto& [name, value] : info.settings) text += Format(", %s %g", name.c_str(), value);
  return text;
}

std::string Summary(const ClassifierTrainResult& result) {
  std::string text = Describe(result) + "\n";
  for (std::size_t c = 0; c < result.info.labels.size(); ++c)
    text +=
        Format("  %llu of %s\n", static_cast<unsigned long long>(result.info.training.counts[c]),
               result.info.labels[c].c_str());
  if (!result.skipped.empty())
    text += Format("%zu recordings could not be used\n", result.skipped.size());
  if (result.unlabelled > 0) text += Format("%zu without a label\n", result.unlabelled);
  if (result.info.settings.contains("filter_labels"))
    text +=
        Format("%zu not learnt from, as the others contradict their labels (the log lists them)\n",
               result.doubted.size());
  if (result.cross_validation) {
    const CrossValidation& cv = *result.cross_validation;
    text += Format(
        "cross-validation in %zu folds: accuracy %.2f %% +- %.2f (%.2f %% by always "
        "saying the most frequent class)\n",
        cv.accuracies.size(), 100 * cv.mean, 100 * cv.std, 100 * cv.report.baseline);
  }
  if (result.test) {
    text += "\nOn recordings held out:\n" + ReportText(*result.test);
  } else if (result.cross_validation) {
    text += "\nAll folds of the cross-validation together:\n" +
            ReportText(result.cross_validation->report);
  }
  return text;
}

ClassifyReportPage Page(const ClassifierTrainOptions& options,
                        const ClassifierTrainResult& result) {
  ClassifyReportPage page;
  page.facts = {{"classifier", options.output},
                {"fingerprint", result.info.fingerprint},
                {"trained on", options.source},
                {"what", Describe(result)},
                {"program", result.info.training.program}};
  if (result.test)
    page.sections.push_back({"Recordings held out",
                             "These took no part in the training or in the choice of any setting.",
                             *result.test});
  if (result.cross_validation) {
    const CrossValidation& cv = *result.cross_validation;
    page.sections.push_back(
        {"Cross-validation",
         Format("%zu folds of the recordings trained on, each tested by a classifier that was "
                "trained on the others: accuracy %.2f %% on average, standard deviation %.2f.",
                cv.accuracies.size(), 100 * cv.mean, 100 * cv.std),
         cv.report});
  }
  constexpr std::size_t kMostPictures = 12;
  for (const auto& [label, path] : result.samples) {
    if (page.pictures.size() == kMostPictures) break;
    page.pictures.push_back({label + ": " + FileName(path), [label, path] {
                               return InspectRecording(path, label + ": " + FileName(path), {});
                             }});
  }
  return page;
}

nlohmann::ordered_json DoubtedJson(const std::vector<DoubtedLabel>& doubted) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const DoubtedLabel& one : doubted)
    json.push_back({{"path", one.path},
                    {"group", one.group.empty() ? nlohmann::ordered_json()
                                                : nlohmann::ordered_json(one.group)},
                    {"label", one.label},
                    {"answer", one.answer},
                    {"label_probability", one.label_probability},
                    {"answer_probability", one.answer_probability}});
  return json;
}

nlohmann::ordered_json ToJson(const ClassifierTrainOptions& options,
                              const ClassifierTrainResult& result, const std::string& log) {
  nlohmann::ordered_json json = {{"model", options.output},
                                 {"fingerprint", result.info.fingerprint},
                                 {"classifier", ToString(result.info.kind)},
                                 {"labels", result.info.labels},
                                 {"recordings", result.recordings},
                                 {"counts", result.info.training.counts},
                                 {"groups", result.info.training.groups},
                                 {"unlabelled", result.unlabelled},
                                 {"skipped", FailuresJson(result.skipped)},
                                 {"doubted", DoubtedJson(result.doubted)},
                                 {"settings", result.info.settings},
                                 {"columns", result.info.row_names},
                                 {"log", log}};
  json["cross_validation"] = nullptr;
  json["test"] = nullptr;
  if (result.cross_validation) {
    json["cross_validation"] = {{"accuracies", result.cross_validation->accuracies},
                                {"mean", result.cross_validation->mean},
                                {"std", result.cross_validation->std},
                                {"report", ReportJson(result.cross_validation->report)}};
  }
  if (result.test) json["test"] = ReportJson(*result.test);
  return json;
}

int Run(const Options& given, const Context& context) {
  const ClassifierTrainOptions options = Complete(given);
  const auto console = MakeConsoleProgress(context);
  const std::string log_path = LogPath(options.output);
  LoggedProgress progress(*console, log_path);
  progress.Log("vpr classify train " + Printable(options.source) + " -o " +
               Printable(options.output));
  ClassifierTrainResult result;
  try {
    result = TrainClassifier(options, progress, CatchInterrupts());
  } catch (const Error& error) {
    // What was refused leaves nothing behind; what was stopped leaves its log.
    progress.Log(std::string("error: ") + error.what());
    if (error.code() != ErrorCode::kInterrupted) std::remove(log_path.c_str());
    throw;
  }
  progress.Log(Summary(result));
  for (const DoubtedLabel& one : result.doubted)
    progress.Log(Format("doubted: '%s' is labelled %s (%.2f), sounds like %s (%.2f)",
                        Printable(one.group.empty() ? one.path : one.group).c_str(),
                        one.label.c_str(), one.label_probability, one.answer.c_str(),
                        one.answer_probability));
  if (!given.plot_dir.empty()) WriteClassifyPlots(given.plot_dir, Page(options, result));
  if (!given.html.empty()) WriteClassifyHtml(given.html, Page(options, result));
  if (given.json) {
    PrintJson(ToJson(options, result, log_path));
  } else {
    Print(Summary(result));
  }
  return kExitDone;
}

}  // namespace

ClassifierTrainOptions CompleteTraining(const TrainingArguments& arguments) {
  ClassifierTrainOptions train = arguments.train;
  const ClassifierKind kind = ParseClassifierKind(arguments.classifier);
  if (kind == ClassifierKind::kCnn && train.group_means)
    throw Error(ErrorCode::kInvalidArgument, "--group-means is for svm and mlp");
  train.settings = DefaultClassifierSettings(kind);
  train.settings.balance = arguments.balance;
  if (!arguments.cnn.empty()) train.settings.cnn = arguments.cnn;
  if (arguments.epochs) train.settings.network.epochs = *arguments.epochs;
  train.settings.network.device = train.engine.device;
  train.settings.threads = train.engine.threads;
  train.features = MakeFeatureSet(arguments, kind);
  train.own_rate = arguments.rate == "file";
  return train;
}

void AddTrainingOptions(CLI::App& command, TrainingArguments& arguments) {
  ClassifierTrainOptions& train = arguments.train;
  command
      .add_option("SOURCE", train.source,
                  "Folder with a folder per class, or a tab-separated list with column names")
      ->required();
  command
      .add_option("--classifier", arguments.classifier,
                  "svm: RBF support vector machine; mlp: 256-256 perceptron; cnn: on log-mel "
                  "spectrograms")
      ->check(OneOf({"svm", "mlp", "cnn"}))
      ->capture_default_str();
  command
      .add_option("--features", arguments.features,
                  Format("For svm and mlp: acoustic features with commas between (%s), summary (33 "
                         "numbers), or embedding (of the voice)",
                         kDefaultFeatures))
      ->type_name("LIST");
  command
      .add_option("--statistics", arguments.statistics,
                  "Of the acoustic features over time: mean, std, min, max")
      ->capture_default_str()
      ->type_name("LIST");
  command.add_option("--n-mfcc", train.features.acoustic.n_mfcc, "Number of MFCCs")
      ->check(CLI::Range(1, 128))
      ->capture_default_str();
  command
      .add_option("--rate", arguments.rate,
                  "Resample to this rate; file: keep that of the first recording")
      ->check(CLI::Validator(CheckSampleRate, ""))
      ->capture_default_str()
      ->type_name("HZ");
  command
      .add_option("--top-db", arguments.top_db,
                  "Cut out silence so far below the loudest moment; 0: none is cut out")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->type_name("DB");
  AddListOptions(command, train.list, /*train=*/true);
  command
      .add_option("--test-size", train.test_size,
                  "Share of the recordings held out to measure on; 0: none")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  command.add_option("--folds", train.folds, "Of the cross-validation among the others; 0: none")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  command.add_flag("--balance", arguments.balance,
                   "Answer as if all labels were equally frequent, whatever they are among the "
                   "recordings learnt from");
  command.add_option("--cnn", arguments.cnn,
                     "Network of the cnn: resnet (default), ecapa, dwnet, campplus, cnn");
  command.add_option("--epochs", arguments.epochs, "Epochs of mlp (100) and cnn (20)")
      ->check(CLI::Range(1, 100000));
  command.add_option("--seed", train.seed, "Of everything random")->capture_default_str();
  AddEngineOptions(command, train.embedding_model, train.engine);
}

void AddClassifyTrainCommand(CLI::App& classify, Context& context) {
  auto options = std::make_shared<Options>();
  ClassifierTrainOptions& train = options->train;
  CLI::App* command =
      classify.add_subcommand("train", "Learn the labels of a folder or list of recordings");
  AddTrainingOptions(*command, *options);
  command->add_option("-o,--output", train.output, "Classifier to write")
      ->required()
      ->type_name("MODEL");
  command
      ->add_option("--per-group", train.per_group,
                   "Learn from at most N recordings of a group (all): where groups differ in size "
                   "and all should count")
      ->check(CLI::PositiveNumber)
      ->needs("--group-by")
      ->type_name("N");
  command
      ->add_flag("--group-means", train.group_means,
                 "Learn from the mean of each group's features, for the same reason (svm and mlp)")
      ->needs("--group-by")
      ->excludes("--per-group");
  command->add_flag("--filter-labels", train.filter_labels,
                    "Do not learn from recordings whose labels the others contradict (where some "
                    "are wrong), and list them");
  command->add_option("--svm-c", options->c, "C of the svm (default: by cross-validation)")
      ->check(CLI::PositiveNumber);
  command->add_option("--svm-gamma", options->gamma, "gamma of the svm (default: the same)")
      ->check(CLI::PositiveNumber);
  command->add_option("--plot", options->plot_dir, "Write the confusion matrices as pictures there")
      ->type_name("DIR");
  command->add_option("--html", options->html, "Write a report to read and mail")
      ->type_name("OUT.html");
  command->add_flag("--json", options->json, "Result as one JSON object");
  command->footer(
      "Every split is stratified and keeps groups whole. A log goes to MODEL.TIME.log.\n"
      "Example:\n"
      "  vpr classify train emotions -o emotions.vpc --html report.html\n"
      "  vpr classify train train.tsv --label gender --group-by speaker --group-means \\\n"
      "      --features embedding -o gender.vpc");
  command->callback([options, &context] {
    try {
      Complete(*options);
    } catch (const Error& error) {
      throw CLI::ValidationError("train", error.what());
    }
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
