#include "vpr/clips/train_clips.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "base/json_reading.h"
#include "base/open_module.h"
#include "classify/class_check.h"
#include "classify/reading.h"
#include "model/tensor_file.h"
#include "vpr/audio/pcm16.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/base/version.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

enum Stream : std::uint64_t { kClipStream = 95 };

constexpr TensorFileFormat kCheckpoint = {"\x89VPT\r\n\x1a\n", 1, 0, "checkpoint"};

struct Data {
  std::vector<Example> examples;
  std::vector<ClipInput> inputs;
  std::vector<int> classes, groups;
};

using Numbers = std::vector<std::size_t>;  // of examples

int MostFrequent(const std::vector<int>& classes, std::size_t count) {
  std::vector<std::size_t> counts(count);
  for (int c : classes) ++counts[static_cast<std::size_t>(c)];
  return static_cast<int>(std::max_element(counts.begin(), counts.end()) - counts.begin());
}

// Counts answers of both and of each side.
class ReportMaker {
 public:
  ReportMaker(const std::vector<std::string>& labels, int majority)
      : labels_(labels), majority_(majority) {}

  void Add(int truth, const ClipAnswer& answer) {
    both_.Add(truth, answer.probabilities);
    image_.Add(truth, answer.image);
    sound_.Add(truth, answer.sound);
    if (answer.image.empty() || answer.sound.empty() || answer.image_weight < 0) return;
    image_weight_ += answer.image_weight;
    sound_weight_ += answer.sound_weight;
    ++weighed_;
  }

  ClipReport Report() const {
    ClipReport report;
    report.both = *both_.Report(labels_, majority_);
    report.image = image_.Report(labels_, majority_);
    report.sound = sound_.Report(labels_, majority_);
    if (weighed_ > 0) {
      report.image_weight = image_weight_ / weighed_;
      report.sound_weight = sound_weight_ / weighed_;
    }
    return report;
  }

 private:
  struct Answers {
    std::vector<int> truth, predicted;
    void Add(int right, const std::vector<double>& probabilities) {
      if (probabilities.empty()) return;
      truth.push_back(right);
      predicted.push_back(Best(probabilities));
    }
    std::optional<ClassificationReport> Report(const std::vector<std::string>& labels,
                                               int majority) const {
      if (truth.empty()) return std::nullopt;
      return MakeReport(labels, truth, predicted, majority);
    }
  };

  const std::vector<std::string>& labels_;
  int majority_;
  Answers both_, image_, sound_;
  double image_weight_ = 0, sound_weight_ = 0;
  int weighed_ = 0;
};

void SaveCheckpoint(const std::string& path, const ClipState& state, const std::string& identity) {
  std::vector<Tensor> tensors;
  for (const Tensor& tensor : state.network)
    tensors.push_back({"network." + tensor.name, tensor.shape, tensor.data});
  for (const Tensor& tensor : state.optimizer)
    tensors.push_back({"optimizer." + tensor.name, tensor.shape, tensor.data});
  WriteTensorFile(
      path, kCheckpoint,
      {{"clips", {{"identity", identity}, {"epoch", state.epoch}, {"step", state.step}}}}, tensors);
}

ClipState LoadCheckpoint(const std::string& path, const std::string& identity, int epochs) {
  TensorFile file = ReadTensorFile(path, kCheckpoint);
  ClipState state;
  std::string found;
  try {
    const Json& clips = file.header.at("clips");
    clips.at("identity").get_to(found);
    ReadWhole(clips, "epoch", state.epoch);
    ReadWhole(clips, "step", state.step);
  } catch (const nlohmann::json::exception& error) {
    throw CannotUse(path, kCheckpoint, ErrorCode::kCorrupt,
                    std::string("it is of no training of clips: ") + JsonReason(error));
  }
  if (found != identity)
    throw CannotUse(path, kCheckpoint, ErrorCode::kIncompatible,
                    "it was made with other clips or settings; bring those back, or train without "
                    "--resume");
  if (state.epoch < 1 || state.epoch > epochs || state.step < 1)
    throw CannotUse(path, kCheckpoint, ErrorCode::kCorrupt,
                    Format("it is at epoch %d of %d", state.epoch, epochs));
  for (Tensor& tensor : file.tensors) {
    const bool network = tensor.name.starts_with("network.");
    tensor.name = tensor.name.substr(tensor.name.find('.') + 1);
    (network ? state.network : state.optimizer).push_back(std::move(tensor));
  }
  return state;
}

// Of few clips a step sees few, so that there are enough steps.
int BatchFor(std::size_t clips) {
  constexpr std::size_t kUsual = 32, kSteps = 8, kLeast = 4;
  return static_cast<int>(std::clamp(clips / kSteps, kLeast, kUsual));
}

class TrainRun {
 public:
  TrainRun(const ClipTrainOptions& options, Progress& progress, const StopRequested& stop)
      : options_(options), progress_(progress), stop_(stop) {}

  ClipTrainResult Run() {
    Read();
    const std::vector<std::string>& labels = result_.info.labels;
    std::vector<int> parts(data_.classes.size(), 0);
    if (options_.test_size > 0)
      parts = AssignParts(data_.classes, data_.groups, {1 - options_.test_size, options_.test_size},
                          Seed());
    Numbers train, test;
    for (std::size_t i = 0; i < parts.size(); ++i) (parts[i] == 0 ? train : test).push_back(i);

    ClipModel model = Train(train, &test, true);
    ClassifierProvenance& training = model.info.training;
    training.counts.assign(labels.size(), 0);
    std::set<int> groups;
    std::vector<std::string> fingerprints;
    for (std::size_t i : train) {
      ++training.counts[static_cast<std::size_t>(data_.classes[i])];
      groups.insert(data_.groups[i]);
      fingerprints.insert(fingerprints.end(), data_.inputs[i].fingerprints.begin(),
                          data_.inputs[i].fingerprints.end());
    }
    training.groups = groups.size();
    std::sort(fingerprints.begin(), fingerprints.end());
    fingerprints.erase(std::unique(fingerprints.begin(), fingerprints.end()), fingerprints.end());
    training.fingerprints = JoinFingerprints(std::move(fingerprints));
    if (!test.empty()) {
      result_.test = Measure(model, test, ClassesIn(train));
      training.test_accuracy = result_.test->both.accuracy;
      training.test_baseline = result_.test->both.baseline;
      training.test_recordings = test.size();
    }
    result_.cross_validation = CrossValidate(train);
    if (result_.cross_validation) {
      training.cv_mean = result_.cross_validation->mean;
      training.cv_std = result_.cross_validation->std;
    }
    for (std::size_t c = 0; c < labels.size(); ++c) {
      const auto first = std::find(data_.classes.begin(), data_.classes.end(), static_cast<int>(c));
      result_.samples.emplace_back(
          labels[c], data_.examples[static_cast<std::size_t>(first - data_.classes.begin())].path);
    }
    SaveClipModel(options_.output, model);
    std::error_code ignored;
    std::filesystem::remove(CheckpointOf(options_.output), ignored);
    result_.info = model.info;
    return std::move(result_);
  }

 private:
  std::uint64_t Seed() const { return options_.training.seed; }

  void Read() {
    ClipList list = ListClips(options_.source, options_.list);
    result_.unlabelled = list.unlabelled;
    CheckClasses(list.examples, options_.source, options_.list.group_by, "clips");
    std::vector<std::string> names;
    for (std::size_t i = 0; i < list.files.size(); ++i) names.push_back(std::to_string(i));
    auto inputs = ForFiles<ClipInput>(
        names, options_.threads, "reading",
        [&](const std::string& number) {
          return ReadClip(list.files[std::stoul(number)], options_.clips);
        },
        progress_, stop_,
        [&](const FailedFile& failed) {
          progress_.Warn("skipped: " + failed.reason);
          result_.skipped.push_back(
              {failed.index, NameOf(list.files[failed.index]), failed.reason});
        });
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!inputs[i]) continue;
      result_.seen += inputs[i]->seen() ? 1 : 0;
      result_.heard += inputs[i]->heard() ? 1 : 0;
      data_.examples.push_back(list.examples[i]);
      data_.inputs.push_back(std::move(*inputs[i]));
    }
    CheckClasses(data_.examples, options_.source, options_.list.group_by, "usable clips");
    result_.clips = data_.examples.size();
    if (options_.clips.image && result_.seen == 0)
      throw Error(ErrorCode::kUnusable,
                  "of the clips of '" + Printable(options_.source) + "' none is seen" +
                      (options_.clips.face ? ", no face in any" : "") +
                      "; learn from their sound alone, --modalities audio" +
                      (options_.clips.face ? ", or take whole frames, --whole-frame" : ""));
    if (options_.clips.sound && result_.heard == 0)
      throw Error(ErrorCode::kUnusable,
                  "of the clips of '" + Printable(options_.source) +
                      "' none is heard; learn from their pictures alone, --modalities image");
    for (const auto& [wanted, count, what] :
         {std::tuple(options_.clips.image, result_.seen, "seen"),
          std::tuple(options_.clips.sound, result_.heard, "heard")})
      if (wanted && count < result_.clips)
        progress_.Warn(
            Format("%zu of %zu clips are not %s", result_.clips - count, result_.clips, what));
    ClipClassifierInfo& info = result_.info;
    info.labels = LabelsOf(data_.examples);
    info.clips = options_.clips;
    info.shape.image = options_.clips.image;
    info.shape.sound = options_.clips.sound;
    info.shape.image_network = options_.image_network;
    info.shape.side = options_.clips.side;
    info.shape.bands = options_.clips.features.n_mels;
    info.shape.classes = static_cast<int>(info.labels.size());
    info.shape.fusion = options_.fusion;
    info.training.source = options_.source;
    info.training.group_by = options_.list.group_by;
    info.training.seed = Seed();
    info.training.program = std::string("vpr ") + Version();
    const ClipTraining& training = options_.training;
    info.settings = {{"epochs", training.epochs},
                     {"lr", training.lr},
                     {"weight_decay", training.weight_decay},
                     {"clip_norm", training.clip_norm},
                     {"dropout", training.dropout},
                     {"drop_side", training.drop_side},
                     {"branch_weight", training.branch_weight},
                     {"label_smoothing", training.label_smoothing},
                     {"crop_frames", training.crop_frames},
                     {"freq_mask", training.freq_mask},
                     {"time_mask", training.time_mask},
                     {"augment", training.augment ? 1 : 0}};
    data_.classes = ClassesOf(data_.examples, info.labels);
    data_.groups = GroupsOf(data_.examples);
  }

  std::vector<int> ClassesIn(const Numbers& part) const {
    std::vector<int> classes;
    for (std::size_t i : part) classes.push_back(data_.classes[i]);
    return classes;
  }

  Standardizer FitBands(const Numbers& part) const {
    if (!options_.clips.sound) return {};
    const ClipEar ear(options_.clips.features, {});
    std::vector<Matrix> features(part.size());
    ParallelFor(part.size(), Threads(), [&](std::size_t i) {
      if (const ClipInput& input = data_.inputs[part[i]]; input.heard())
        features[i] = ear.Features(input.samples);
    });
    std::vector<const Matrix*> heard;
    for (const Matrix& one : features)
      if (one.cols > 0) heard.push_back(&one);
    if (heard.empty())
      throw Error(ErrorCode::kUnusable, "none of the clips to learn from is heard");
    return Standardizer::Fit(heard);
  }

  int Threads() const { return options_.threads > 0 ? options_.threads : HardwareThreads(); }

  // A branch's tensors of another classifier of clips.
  void AddInitial(const std::string& path, const char* branch, std::vector<Tensor>& initial) const {
    if (path.empty()) return;
    ClipModel other = LoadClipModel(path);
    const ClipShape& shape = result_.info.shape;
    const bool image = std::string_view(branch) == "image.";
    if (image ? !other.info.shape.image || other.info.shape.image_network != shape.image_network
              : !other.info.shape.sound || other.info.shape.bands != shape.bands)
      throw Error(ErrorCode::kIncompatible,
                  "cannot begin with '" + Printable(path) + "': it has no " +
                      (image ? "image branch of the network " + shape.image_network
                             : Format("sound branch of %d bands", shape.bands)));
    for (Tensor& tensor : other.tensors) {
      if (!tensor.name.starts_with(branch)) continue;
      // Of other classes, or of the same in another order, it says nothing.
      if (tensor.name.starts_with(std::string(branch) + "head.") &&
          other.info.labels != result_.info.labels)
        continue;
      initial.push_back(std::move(tensor));
    }
  }

  // One clip, as an epoch shows it.
  ClipExample Make(int epoch, std::size_t i, const ClipEar& ear, int frames) const {
    const ClipInput& input = data_.inputs[i];
    const ClipTraining& training = options_.training;
    Rng rng(Seed(), kClipStream, static_cast<std::uint64_t>(epoch), i);
    ClipExample example;
    example.class_number = data_.classes[i];
    bool seen = options_.clips.image && input.seen(), heard = options_.clips.sound && input.heard();
    DropSides(training.drop_side, seen, heard, rng);
    if (seen) {
      std::vector<Image> pictures;
      for (std::size_t at : SpreadOver(input.pictures.size(), static_cast<std::size_t>(frames)))
        pictures.push_back(input.pictures[at]);
      if (training.augment) JitterPictures(pictures, rng);
      for (const Image& picture : pictures) {
        const Matrix planes = PictureMatrix(picture);
        example.pictures.insert(example.pictures.end(), planes.data.begin(), planes.data.end());
      }
    }
    if (heard) {
      std::vector<float> samples = input.samples;
      if (training.augment) AddClipNoise(samples, rng);
      example.sound = Crop(ear.Hear(samples), rng);
    }
    return example;
  }

  Matrix Crop(const Matrix& sound, Rng& rng) const {
    const ClipTraining& training = options_.training;
    const auto most = static_cast<std::size_t>(training.crop_frames);
    Matrix crop(sound.rows, std::min(sound.cols, most));
    const std::size_t begin = rng.Below(sound.cols - crop.cols + 1);
    for (std::size_t r = 0; r < crop.rows; ++r)
      std::copy_n(sound.row(r) + begin, crop.cols, crop.row(r));
    if (!training.augment) return crop;
    const auto draw = [&](int widest, std::size_t extent) {
      const std::size_t width =
          std::min(rng.Below(static_cast<std::size_t>(widest) + 1), extent / 2);
      const std::size_t first = rng.Below(extent - width + 1);
      return std::pair(first, first + width);
    };
    const auto [low, high] = draw(training.freq_mask, crop.rows);
    for (std::size_t r = low; r < high; ++r) std::fill_n(crop.row(r), crop.cols, 0.0f);
    const auto [first, last] = draw(training.time_mask, crop.cols);
    for (std::size_t r = 0; r < crop.rows; ++r)
      std::fill(crop.row(r) + first, crop.row(r) + last, 0.0f);
    return crop;
  }

  // Of what must not change while a training is under way.
  std::string Identity(const Numbers& part) const {
    Json json = {{"labels", result_.info.labels},
                 {"settings", result_.info.settings},
                 {"image_network", options_.image_network},
                 {"fusion", ToString(options_.fusion)},
                 {"seed", Seed()},
                 {"init_image", options_.init_image},
                 {"init_sound", options_.init_sound}};
    for (std::size_t i : part) {
      json["clips"].push_back(data_.inputs[i].fingerprints);
      json["classes"].push_back(data_.classes[i]);
    }
    return Fingerprint(json.dump());
  }

  // `whole`: the training that is asked for, with checkpoints and observers, not one of a fold.
  ClipModel Train(const Numbers& part, const Numbers* held_out, bool whole) {
    ClipModel model;
    model.info = result_.info;
    model.standardizer = FitBands(part);
    const ClipEar ear(options_.clips.features, model.standardizer);
    ClipTask task;
    task.shape = model.info.shape;
    task.training = options_.training;
    if (task.training.batch_size <= 0) task.training.batch_size = BatchFor(part.size());
    if (whole) {
      result_.info.settings["batch_size"] = task.training.batch_size;
      model.info = result_.info;
    }
    task.examples = part.size();
    for (std::size_t i : part)
      task.frames = std::max(task.frames, static_cast<int>(data_.inputs[i].pictures.size()));
    task.make = [&](int epoch, std::size_t number) {
      return Make(epoch, part[number], ear, task.frames);
    };
    AddInitial(options_.init_image, "image.", task.initial);
    AddInitial(options_.init_sound, "sound.", task.initial);
    StopRequested stop = stop_;
    const std::string path = CheckpointOf(options_.output);
    const std::string identity = whole ? Identity(part) : "";
    bool stopped = false;
    if (whole) {
      if (options_.resume) {
        task.resume = LoadCheckpoint(path, identity, task.training.epochs);
      }
      task.on_step = options_.on_step;
      task.on_epoch = [&](const ClipState& state, double loss) {
        const bool end = state.epoch == task.training.epochs;
        stopped = stop_ && stop_();
        if (end || stopped ||
            (options_.checkpoint_every > 0 && state.epoch % options_.checkpoint_every == 0))
          SaveCheckpoint(path, state, identity);
        if (!options_.on_epoch) return;
        std::optional<ClipReport> report;
        if (held_out != nullptr && !held_out->empty()) {
          model.tensors = state.network;
          report = Measure(model, *held_out, ClassesIn(part));
        }
        options_.on_epoch(state.epoch, state.step, loss, report ? &*report : nullptr);
      };
      // An epoch that is begun is finished, so that what was learnt is kept.
      stop = [&] { return stopped; };
    }
    try {
      model.tensors = OpenInterface<ClipEngine>().Train(task, progress_, stop);
    } catch (const Error& error) {
      if (!whole || error.code() != ErrorCode::kInterrupted) throw;
      throw Error(error.code(),
                  error.what() + ("; --resume goes on from '" + Printable(path)) + "'");
    }
    return model;
  }

  ClipReport Measure(const ClipModel& model, const Numbers& part,
                     const std::vector<int>& learnt) const {
    const ClipClassifier classifier(model, {});
    std::vector<ClipAnswer> answers(part.size());
    ParallelFor(part.size(), Threads(),
                [&](std::size_t i) { answers[i] = classifier.Classify(data_.inputs[part[i]]); });
    ReportMaker report(model.info.labels, MostFrequent(learnt, model.info.labels.size()));
    for (std::size_t i = 0; i < part.size(); ++i) report.Add(data_.classes[part[i]], answers[i]);
    return report.Report();
  }

  std::optional<CrossValidation> CrossValidate(const Numbers& train) {
    if (options_.folds < 2) return std::nullopt;
    std::vector<int> groups;
    for (std::size_t i : train) groups.push_back(data_.groups[i]);
    const auto folds = static_cast<std::size_t>(options_.folds);
    const std::vector<int> fold_of =
        AssignParts(ClassesIn(train), groups,
                    std::vector<double>(folds, 1 / static_cast<double>(folds)), Seed());
    CrossValidation cv;
    std::vector<int> truth, predicted;
    for (std::size_t f = 0; f < folds; ++f) {
      Numbers learn, test;
      for (std::size_t i = 0; i < train.size(); ++i)
        (fold_of[i] == static_cast<int>(f) ? test : learn).push_back(train[i]);
      if (test.empty() || learn.empty()) continue;
      progress_.Info(Format("fold %zu of %zu", f + 1, folds));
      const ClipModel model = Train(learn, nullptr, false);
      const ClipClassifier classifier(model, {});
      std::vector<int> answers(test.size());
      ParallelFor(test.size(), Threads(), [&](std::size_t i) {
        answers[i] = classifier.Classify(data_.inputs[test[i]]).best;
      });
      std::size_t right = 0;
      for (std::size_t i = 0; i < test.size(); ++i) {
        truth.push_back(data_.classes[test[i]]);
        predicted.push_back(answers[i]);
        right += truth.back() == predicted.back() ? 1 : 0;
      }
      cv.accuracies.push_back(static_cast<double>(right) / static_cast<double>(test.size()));
    }
    if (cv.accuracies.empty()) return std::nullopt;
    const auto count = static_cast<double>(cv.accuracies.size());
    cv.mean = std::accumulate(cv.accuracies.begin(), cv.accuracies.end(), 0.0) / count;
    for (double accuracy : cv.accuracies) cv.std += std::pow(accuracy - cv.mean, 2);
    cv.std = count > 1 ? std::sqrt(cv.std / (count - 1)) : 0;
    cv.report = MakeReport(result_.info.labels, truth, predicted,
                           MostFrequent(ClassesIn(train), result_.info.labels.size()));
    return cv;
  }

  const ClipTrainOptions& options_;
  Progress& progress_;
  const StopRequested& stop_;
  Data data_;
  ClipTrainResult result_;
};

}  // namespace

double DefaultClipRate(const std::string& image_network) {
  return image_network == "efficientnet_b0" ? 1e-4 : 1e-3;
}

std::string CheckpointOf(const std::string& output) { return output + ".checkpoint"; }

std::string NameOf(const ClipFiles& clip) {
  if (clip.sound == clip.picture || clip.picture.empty()) return clip.sound;
  return clip.sound.empty() ? clip.picture : clip.sound + " + " + clip.picture;
}

ClipTrainResult TrainClips(const ClipTrainOptions& options, Progress& progress,
                           const StopRequested& stop) {
  options.clips.Validate();
  return TrainRun(options, progress, stop).Run();
}

std::vector<std::optional<ClipClassifier::Answer>> ClassifyClips(
    const std::vector<ClipFiles>& clips, const ClipClassifier& classifier, int threads,
    Progress& progress, const StopRequested& stop,
    const std::function<void(const FailedFile&)>& on_bad) {
  std::vector<std::string> numbers;
  for (std::size_t i = 0; i < clips.size(); ++i) numbers.push_back(std::to_string(i));
  return ForFiles<ClipClassifier::Answer>(
      numbers, threads, "classifying",
      [&](const std::string& number) { return classifier.Classify(clips[std::stoul(number)]); },
      progress, stop,
      [&](const FailedFile& failed) {
        on_bad({failed.index, NameOf(clips[failed.index]), failed.reason});
      });
}

void ClassifyEachClip(
    const std::vector<ClipFiles>& clips, const ClipClassifier& classifier, int threads,
    Progress& progress, const StopRequested& stop,
    const std::function<void(const ClipFiles& clip, const ClipClassifier::Answer* answer,
                             const std::string& reason)>& on_clip) {
  std::map<std::size_t, std::string> failures;
  const auto answers =
      ClassifyClips(clips, classifier, threads, progress, stop, [&](const FailedFile& failed) {
        failures[failed.index] = failed.reason;
        if (clips.size() == 1) throw Error(ErrorCode::kUnusable, failed.reason);
        progress.Warn("skipped: " + failed.reason);
      });
  for (std::size_t i = 0; i < clips.size(); ++i)
    on_clip(clips[i], answers[i] ? &*answers[i] : nullptr, answers[i] ? "" : failures[i]);
  if (!failures.empty())
    throw Error(ErrorCode::kUnusable,
                Format("%zu of %zu files could not be used", failures.size(), clips.size()));
}

ClipEvaluation EvaluateClips(const ClipClassifier& classifier, const std::string& source,
                             const ExampleListOptions& list, bool use_image, bool use_sound,
                             int threads, Progress& progress, const StopRequested& stop) {
  const ClipClassifierInfo& info = classifier.info();
  const ClipList listed = ListClips(source, list);
  std::vector<ClipFiles> clips;
  std::vector<const Example*> examples;
  std::map<std::string, std::size_t> unknown;
  for (std::size_t i = 0; i < listed.examples.size(); ++i) {
    const Example& example = listed.examples[i];
    if (!std::binary_search(info.labels.begin(), info.labels.end(), example.label)) {
      ++unknown[example.label];
      continue;
    }
    examples.push_back(&example);
    clips.push_back(listed.files[i]);
  }
  if (clips.empty()) {
    std::string known;
    for (const std::string& label : info.labels) known += (known.empty() ? "" : ", ") + label;
    throw Error(ErrorCode::kUnusable, "no clip in '" + Printable(source) +
                                          "' has a label that the classifier knows: " + known);
  }
  for (const auto& [label, count] : unknown)
    progress.Warn(Format("left out: %zu clips of '%s', which the classifier does not know", count,
                         label.c_str()));
  if (!use_image)
    for (ClipFiles& clip : clips) clip.picture.clear();
  if (!use_sound)
    for (ClipFiles& clip : clips) clip.sound.clear();
  ClipEvaluation evaluation;
  evaluation.unlabelled = listed.unlabelled;
  const auto answers =
      ClassifyClips(clips, classifier, threads, progress, stop, [&](const FailedFile& failed) {
        progress.Warn("skipped: " + failed.reason);
        evaluation.skipped.push_back(failed);
      });
  if (evaluation.skipped.size() == clips.size())
    throw Error(ErrorCode::kUnusable, Format("none of %zu clips can be used", clips.size()));
  ReportMaker all(info.labels, info.majority());
  std::map<std::string, ReportMaker> by;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) continue;
    const int truth = ClassesOf({*examples[i]}, info.labels)[0];
    ++evaluation.clips;
    evaluation.seen += answers[i]->image.empty() ? 0 : 1;
    evaluation.heard += answers[i]->sound.empty() ? 0 : 1;
    evaluation.training_clips +=
        std::any_of(answers[i]->fingerprints.begin(), answers[i]->fingerprints.end(),
                    [&](const std::string& fingerprint) {
                      return HasFingerprint(info.training.fingerprints, fingerprint);
                    })
            ? 1
            : 0;
    all.Add(truth, *answers[i]);
    if (!list.by_column.empty())
      by.try_emplace(examples[i]->by, info.labels, info.majority())
          .first->second.Add(truth, *answers[i]);
  }
  if (evaluation.training_clips > 0)
    progress.Warn(
        Format("THE CLASSIFIER WAS TRAINED ON %zu of the %zu clips: the figures say "
               "nothing about unknown ones",
               evaluation.training_clips, evaluation.clips));
  evaluation.report = all.Report();
  for (const auto& [value, report] : by) evaluation.by[value] = report.Report().both;
  return evaluation;
}

}  // namespace vpr
