// vpr train: a network from a packed data set.
#include <algorithm>

#include "cli/command.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/print/training.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string train, output, config_file, resume;
  TrainSettings fresh, always;  // of new runs; also of those that go on
  std::vector<std::string> teachers, teacher_lists;
  bool speed_perturb = false, json = false;
};

// Declares options that set a field of the configuration.
struct DeclareSetting {
  CLI::App& command;
  TrainSettings& settings;

  template <typename T, typename... Checks>
  CLI::Option* operator()(const char* name, T TrainConfig::*field, const char* kind,
                          const std::string& help, const Checks&... checks) const {
    auto set = [&all = settings, field](const T& value) {
      all.push_back([field, value](TrainConfig& config) { config.*field = value; });
    };
    CLI::Option* option = command.add_option_function<T>(name, set, help);
    if (*kind != '\0') option->type_name(kind);
    (option->check(checks), ...);
    return option;
  }
};

TrainConfig Configure(const Options& options) {
  TrainConfig config = options.resume.empty() ? NewTrainConfig(options.config_file, options.fresh)
                                              : ResumedTrainConfig(options.resume, options.output);
  for (const auto& set : options.always) set(config);
  return config;
}

int Run(const Options& options, const Context& context) {
  const TrainConfig config = Configure(options);
  const auto progress = MakeConsoleProgress(context);
  const TrainResult result = Train(config, *progress, CatchInterrupts());
  if (!result.first_process) return kExitDone;
  Print(options.json ? ToJson(config, result) : ToText(config, result));
  if (result.interrupted)
    throw Error(
        ErrorCode::kInterrupted,
        "stopped; go on with: vpr train --resume '" + Printable(config.run_dir) + "'" +
            (config.run_dir == config.output + ".run" ? ""
                                                      : " -o '" + Printable(config.output) + "'"));
  return kExitDone;
}

void Complete(Options& options) {
  if (options.resume.empty() && options.config_file.empty() &&
      (options.train.empty() || options.output.empty()))
    throw CLI::ValidationError("train", "give PREFIX and -o MODEL, or --resume RUN_DIR");
  options.fresh.push_back([&options](TrainConfig& config) {
    if (!options.train.empty()) config.train = options.train;
    if (!options.output.empty()) config.output = options.output;
    if (options.speed_perturb) config.speed_perturb = true;
    if (options.teachers.empty()) return;
    config.teachers = options.teachers;
    config.teacher_lists = options.teacher_lists;
  });
}

}  // namespace

void AddTrainCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  const Declare add = AddCommand(app, context, "train", "Train a network on a packed data set",
                                 options, Run, Complete);
  CLI::App& command = add.command;
  const DeclareSetting set{command, options->fresh};
  using Config = TrainConfig;
  CLI::Option* train = add("PREFIX", options->train, "", "Packed training data");
  add("-o,--output", options->output, "", "Model file to write (with --resume MODEL.run: MODEL)");
  CLI::Option* resume =
      add("--resume", options->resume, "RUN_DIR", "Continue the run in this folder");
  train->excludes(resume);
  const std::size_t before = command.get_options().size();
  set("--dev", &Config::dev, "PREFIX", "Packed held-out data");
  set("--hold-out", &Config::hold_out_speakers, "",
      "Speakers to hold out if there is no held-out data: a share below 1, or a number (0.1)");
  add("--config", options->config_file, "FILE", "Settings as TOML; RUN_DIR/config.toml is one");
  set("--run-dir", &Config::run_dir, "",
      "Folder for checkpoint, metrics.csv and curves.png (MODEL.run)");
  set("--init-from", &Config::init_from, "MODEL|RUN_DIR",
      "Start with this model's network, or with network and classes of another run's folder");
  set("--arch", &Config::arch, "",
      "Network: resnet (default), ecapa, dwnet, campplus or cnn (the tutorial's)");
  set("--loss", &Config::loss, "", "softmax, am or aam");
  set("--margin", &Config::margin, "", "Margin of am and aam");
  set("--scale", &Config::scale, "", "Scale of am and aam");
  set("--sub-centers", &Config::sub_centers, "", "Centres a speaker of am and aam (1)");
  set("--embedding-dim", &Config::embedding_dim, "", "Size of the embedding");
  set("--optimizer", &Config::optimizer, "", "sgd, adam or adamw", OneOf({"sgd", "adam", "adamw"}));
  auto set_rate = [&fresh = options->fresh](const double& lr) {
    fresh.push_back([lr](TrainConfig& config) {
      // A constant rate stays constant.
      config.final_lr = config.final_lr == config.lr ? lr : std::min(config.final_lr, lr);
      config.lr = lr;
    });
  };
  command.add_option_function<double>("--lr", set_rate, "Highest learning rate");
  set("--average-decay", &Config::average_decay, "",
      "Keep the moving average of the weights that forgets at this rate a step, as 0.999 (0: off)");
  set("--patience", &Config::patience, "",
      "Stop after so many epochs without a better held-out EER (0: never)");
  set("--batch-size", &Config::batch_size, "", "Crops a step");
  set("--crop-seconds", &Config::crop_seconds, "", "Length of a crop (2.04)");
  set("--crop-spread", &Config::crop_spread, "",
      "Crops of S (1 - N) to S (1 + N) seconds, a length drawn for each batch (0)");
  set("--crops-per-epoch", &Config::crops_per_epoch, "",
      "Crops an epoch (the speech / crop length)");
  set("--min-utterances", &Config::min_utterances, "",
      "Leave speakers with fewer utterances out of the training (1)");
  set("--speaker-balance", &Config::speaker_balance, "",
      "0: every speaker equally often, 1: by amount of speech (0.5)");
  set("--freq-mask", &Config::freq_mask, "", "SpecAugment: widest mask in mel bands");
  set("--time-mask", &Config::time_mask, "", "SpecAugment: widest mask in frames");
  set("--noise", &Config::noise, "PREFIX", "Packed noises to add to crops (vpr pack --no-trim)");
  set("--noise-share", &Config::noise_share, "", "Share of the crops with added noise (0)");
  set("--rooms", &Config::rooms, "PREFIX", "Packed room impulse responses (vpr pack --no-trim)");
  set("--room-share", &Config::room_share, "", "Share of the crops with reverberation (0)");
  set("--narrow-band-share", &Config::narrow_band_share, "",
      "Share of the crops with a telephone's or another narrow band (0)");
  set("--codec-share", &Config::codec_share, "",
      "Share of the crops through GSM, Opus, Vorbis or MP3 (0)");
  set("--clip-share", &Config::clip_share, "", "Share of the crops with clipped peaks (0)");
  set("--equalizer-db", &Config::equalizer_db, "",
      "Random frequency responses: standard deviation of their slope in dB (0)");
  add("--teacher", options->teachers, "TABLE",
      "Embeddings of the recordings by another network, to learn from (.npy, .ark or .jsonl as vpr "
      "embed writes them); may be given several times");
  add("--teacher-list", options->teacher_lists, "LIST",
      "The recordings of a TABLE in .npy, row for row: a path a line, or a table with a column "
      "path");
  set("--teacher-group-by", &Config::teacher_group_by, "COLUMN",
      "Column of these lists: recordings with one value of it (a corpus) are told apart from their "
      "own mean, not from that of all");
  set("--teacher-weight", &Config::teacher_weight, "",
      "Weight of the cosine to the teacher's embedding (1)");
  set("--teacher-similarity", &Config::teacher_similarity, "",
      "Weight of the likeness of the crops of a batch to one another (0)");
  set("--teacher-contrast", &Config::teacher_contrast, "",
      "Weight of finding the crop's own among the teacher's embeddings of the batch (0.1)");
  set("--loss-weight", &Config::loss_weight, "", "Weight of --loss beside a teacher (0.1)");
  set("--teacher-mean-share", &Config::teacher_mean_share, "",
      "Share of the speaker's mean in what is learnt of each recording (0.5)");
  set("--teacher-seconds", &Config::teacher_seconds, "",
      "Recordings with less speech learn the speaker's mean alone (2)");
  add.Flag("--speed-perturb", options->speed_perturb,
           "Also 0.9 and 1.1 times the speed, as other speakers");
  set("--seed", &Config::seed, "", "Seed of everything random");
  const std::vector<CLI::Option*> all = command.get_options();
  for (std::size_t i = before; i < all.size(); ++i) all[i]->excludes(resume);
  const DeclareSetting set_always{command, options->always};
  set_always("--epochs", &Config::epochs, "", "Epochs (20)");
  set_always("--threads", &Config::threads, "", "Threads of the network (all)");
  set_always("--loader-threads", &Config::loader_threads, "", "Threads that make crops (1)");
  set_always("--device", &Config::device, "", "auto, cpu or cuda:N");
  set_always("--precision", &Config::precision, "", "auto, float32 or bfloat16",
             OneOf({"auto", "float32", "bfloat16"}));
  set_always("--checkpoint-minutes", &Config::checkpoint_minutes, "",
             "Also save the state every so many minutes (5)");
  add.Flag("--json", options->json, "Result as JSON");
}

}  // namespace vpr::cli
