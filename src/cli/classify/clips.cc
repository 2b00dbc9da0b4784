// Classifiers of clips, of which something is seen and something heard: what vpr classify train,
// predict and eval do with them.
#include "cli/classify/clips.h"

#include <algorithm>
#include <optional>

#include "vpr/base/error.h"
#include "vpr/base/logged_progress.h"
#include "vpr/base/text.h"
#include "vpr/print/classification.h"
#include "vpr/print/clips.h"
#include "vpr/report/clip_report.h"

namespace vpr::cli {
namespace {

// What --modalities names.
void TakeModalities(const std::string& text, ClipOptions& clips) {
  clips.image = clips.sound = false;
  for (std::string_view part : Split(text, ',')) {
    if (part != "audio" && part != "image")
      throw CLI::ValidationError("--modalities",
                                 "'" + Printable(part) +
                                     "' is unknown; there are audio and image, as in "
                                     "audio,image");
    (part == "image" ? clips.image : clips.sound) = true;
  }
}

}  // namespace

void AddClipTrainOptions(const Declare& add, ClipArguments& arguments) {
  ClipTrainOptions& train = arguments.train;
  ClipTraining& training = train.training;
  training.batch_size = 0;
  CLI::Option* const modalities =
      add("--modalities", arguments.modalities, "LIST",
          "Learn from clips, what is seen and heard of them: audio,image, or one of the two");
  for (const char* other : {"--classifier", "--features", "--statistics", "--n-mfcc", "--rate",
                            "--top-db", "--balance", "--cnn", "--per-group", "--group-means",
                            "--filter-labels", "--svm-c", "--svm-gamma", "--embedding-model"})
    modalities->excludes(other);
  const auto clip = [&](CLI::Option* option) { option->needs(modalities)->group("Clips"); };
  clip(add.Default("--image-model", train.image_network, "NAME", "Network for pictures",
                   OneOf({"efficientnet_b0", "efficientnet_small"})));
  clip(add("--image-size", arguments.side, "PIXELS",
           "Side of the pictures (default: 224 for efficientnet_b0, else 64)",
           CLI::Range(32, 512)));
  clip(add.Default("--frames", train.clips.frames, "N", "Pictures of a clip, evenly spread over it",
                   CLI::Range(1, 64)));
  clip(add.Flag("--whole-frame", arguments.whole_frame,
                "Take whole frames, not the face in them (as without dlib)"));
  clip(add.Default("--fusion", arguments.fusion, "NAME",
                   "How both sides are joined: attention (weights for each clip), concat, mean",
                   OneOf({"attention", "concat", "mean"})));
  clip(add("--lr", arguments.lr, "RATE",
           "Highest learning rate (default: 1e-4 for efficientnet_b0, else 1e-3)", AboveZero()));
  clip(add.Default("--weight-decay", training.weight_decay, "", "Of AdamW", AtLeastZero()));
  clip(add("--batch-size", training.batch_size, "",
           "Clips of a step (default: 32, or an eighth of the clips if that is fewer)",
           CLI::Range(2, 4096)));
  clip(add.Default("--dropout", training.dropout, "", "Before the last layer",
                   CLI::Range(0.0, 0.95)));
  clip(add.Default("--drop-side", training.drop_side, "",
                   "Probability of leaving out a whole side, never both", CLI::Range(0.0, 0.9)));
  clip(add.Flag("--no-augment", arguments.no_augment,
                "Neither mirror and recolour pictures nor add noise and masks to sounds"));
  clip(add("--init-image", train.init_image, "FILE",
           "Begin with the image branch of another classifier of clips"));
  clip(add("--init-audio", train.init_sound, "FILE", "Begin with the sound branch of another one"));
  clip(add.Default("--checkpoint-every", train.checkpoint_every, "N",
                   "Epochs after which MODEL.checkpoint is written; 0: only when stopped",
                   CLI::Range(0, 100000)));
  clip(add.Flag("--resume", train.resume, "Go on from MODEL.checkpoint"));
  clip(add("--tensorboard", arguments.tensorboard, "DIR",
           "Write the training's course there as TensorBoard reads it"));
}

void CompleteClipTraining(const ClassifierTrainOptions& given, std::optional<int> epochs,
                          bool folds_given, ClipArguments& arguments) {
  ClipTrainOptions& train = arguments.train;
  TakeModalities(arguments.modalities, train.clips);
  train.source = given.source;
  train.list = given.list;
  train.test_size = given.test_size;
  train.folds = folds_given ? given.folds : 0;
  train.threads = given.engine.threads;
  train.output = given.output;
  train.fusion = ParseClipFusion(arguments.fusion);
  train.training.seed = given.seed;
  train.training.threads = given.engine.threads;
  train.training.device = given.engine.device == "auto" ? "cpu" : given.engine.device;
  train.training.augment = !arguments.no_augment;
  train.training.lr = arguments.lr > 0 ? arguments.lr : DefaultClipRate(train.image_network);
  if (epochs) train.training.epochs = *epochs;
  train.clips.side = arguments.side > 0                         ? arguments.side
                     : train.image_network == "efficientnet_b0" ? 224
                                                                : 64;
}

int TrainFromClips(const ClipArguments& arguments, const std::string& plot_dir,
                   const std::string& html, bool json, const Context& context) {
  ClipTrainOptions options = arguments.train;
  const auto console = MakeConsoleProgress(context);
  LoggedProgress progress(*console, options.output);
  progress.Log("vpr classify train " + Printable(options.source) + " --modalities " +
               arguments.modalities + " -o " + Printable(options.output));
  options.clips.face = options.clips.image && !arguments.whole_frame && CanFindFaces();
  if (options.clips.image && !options.clips.face && !arguments.whole_frame)
    progress.Info("faces cannot be looked for here (no dlib): whole frames are learnt from");
  std::optional<ClipEvents> events;
  if (!arguments.tensorboard.empty()) events.emplace(arguments.tensorboard, options);
  const ClipTrainResult result =
      progress.Watch([&] { return TrainClips(options, progress, CatchInterrupts()); });
  progress.Log(ToText(result));
  const ClassifyReportPage page = MakePage(options, result);
  if (!plot_dir.empty()) WriteClassifyPlots(plot_dir, page);
  if (!html.empty()) WriteClassifyHtml(html, page);
  Print(json ? ToJson(options, result, progress.path()) : ToText(result));
  return kExitDone;
}

int PredictClips(const std::string& model, const std::vector<ClipFiles>& clips,
                 const ExtractorOptions& engine, bool json, const Context& context) {
  const ClipClassifier classifier = ClipClassifier::Load(model, engine);
  const std::vector<std::string>& labels = classifier.info().labels;
  ClassifyEachClip(
      clips, classifier, engine.threads, *MakeConsoleProgress(context), CatchInterrupts(),
      [&](const ClipFiles& clip, const ClipClassifier::Answer* answer, const std::string& reason) {
        const std::string name = NameOf(clip);
        if (answer != nullptr)
          Print(json ? ToJson(name, labels, *answer) : ToText(name, labels, *answer));
        else if (json)
          Print(UnclassifiedJson(name, reason));
      });
  return kExitDone;
}

int EvaluateClipModel(const ClipEvaluationArguments& arguments, const Context& context) {
  const ClipClassifier classifier = ClipClassifier::Load(arguments.model, arguments.engine);
  const auto progress = MakeConsoleProgress(context);
  const ClipEvaluation evaluation = EvaluateClips(
      classifier, arguments.source, arguments.list, arguments.without != "image",
      arguments.without != "audio", arguments.engine.threads, *progress, CatchInterrupts());
  const ClassifyReportPage page = MakePage(arguments.model, classifier.info(), arguments.source,
                                           arguments.list.by_column, evaluation);
  if (!arguments.plot_dir.empty()) WriteClassifyPlots(arguments.plot_dir, page);
  if (!arguments.html.empty()) WriteClassifyHtml(arguments.html, page);
  Print(arguments.json ? ToJson(evaluation) : ToText(evaluation, arguments.list.by_column));
  return kExitDone;
}

}  // namespace vpr::cli
