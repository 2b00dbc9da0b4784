#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>

#include "cli/command.h"
#include "cli/usage.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/train/trainer.h"

#include <nlohmann/json.hpp>

namespace vpr::cli {
namespace {

struct Options {
  std::string train, output, dev, config_file, run_dir, resume, init_from;
  std::optional<std::string> arch, loss, optimizer, device, precision;
  std::optional<int> epochs, batch_size, min_utterances, threads, loader_threads, embedding_dim,
      freq_mask, time_mask, sub_centers, patience;
  std::optional<double> lr, margin, scale, hold_out, crop_seconds, crop_spread, speaker_balance,
      checkpoint_minutes, average_decay;
  std::optional<std::uint64_t> seed, crops_per_epoch;
  std::optional<std::string> noise, rooms;
  std::vector<std::string> teachers, teacher_lists;
  std::optional<double> teacher_weight, teacher_similarity, teacher_contrast, loss_weight,
      teacher_mean_share, teacher_seconds;
  std::optional<double> noise_share, room_share, narrow_band_share, codec_share, clip_share,
      equalizer_db;
  bool speed_perturb = false;
  bool json = false;
};

std::string Absolute(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}

template <typename T, typename Field>
void Set(const std::optional<T>& given, Field& field) {
  if (given) field = *given;
}

// Defaults of the architecture, then the file, then the options.
TrainConfig NewRun(const Options& options) {
  std::string arch = options.arch.value_or("resnet");
  if (!options.arch && !options.config_file.empty()) {
    TrainConfig peek;
    ReadTrainConfig(options.config_file, peek);
    arch = peek.arch;
  }
  TrainConfig config = DefaultTrainConfig(arch);
  if (!options.config_file.empty()) ReadTrainConfig(options.config_file, config);
  config.arch = arch;
  if (!options.train.empty()) config.train = options.train;
  if (!options.dev.empty()) config.dev = options.dev;
  if (!options.output.empty()) config.output = options.output;
  Set(options.loss, config.loss);
  Set(options.optimizer, config.optimizer);
  Set(options.batch_size, config.batch_size);
  Set(options.embedding_dim, config.embedding_dim);
  Set(options.freq_mask, config.freq_mask);
  Set(options.time_mask, config.time_mask);
  Set(options.margin, config.margin);
  Set(options.scale, config.scale);
  Set(options.hold_out, config.hold_out_speakers);
  Set(options.crop_seconds, config.crop_seconds);
  Set(options.crop_spread, config.crop_spread);
  Set(options.min_utterances, config.min_utterances);
  Set(options.speaker_balance, config.speaker_balance);
  Set(options.seed, config.seed);
  Set(options.crops_per_epoch, config.crops_per_epoch);
  Set(options.noise, config.noise);
  Set(options.rooms, config.rooms);
  Set(options.noise_share, config.noise_share);
  Set(options.room_share, config.room_share);
  Set(options.narrow_band_share, config.narrow_band_share);
  Set(options.codec_share, config.codec_share);
  Set(options.clip_share, config.clip_share);
  Set(options.sub_centers, config.sub_centers);
  Set(options.average_decay, config.average_decay);
  Set(options.patience, config.patience);
  Set(options.equalizer_db, config.equalizer_db);
  if (!options.teachers.empty()) {
    config.teachers = options.teachers;
    config.teacher_lists = options.teacher_lists;
  }
  Set(options.teacher_weight, config.teacher_weight);
  Set(options.teacher_similarity, config.teacher_similarity);
  Set(options.teacher_contrast, config.teacher_contrast);
  Set(options.loss_weight, config.loss_weight);
  Set(options.teacher_mean_share, config.teacher_mean_share);
  Set(options.teacher_seconds, config.teacher_seconds);
  if (options.speed_perturb) config.speed_perturb = true;
  if (options.lr) {
    // A constant rate stays constant.
    config.final_lr =
        config.final_lr == config.lr ? *options.lr : std::min(config.final_lr, *options.lr);
    config.lr = *options.lr;
  }
  if (config.output.empty())
    throw Error(ErrorCode::kInvalidArgument, "no output model given; name one with -o MODEL");
  if (config.train.empty())
    throw Error(ErrorCode::kInvalidArgument, "no training data given; name a packed data set");
  config.train = Absolute(config.train);
  config.dev = Absolute(config.dev);
  config.output = Absolute(config.output);
  config.noise = Absolute(config.noise);
  config.rooms = Absolute(config.rooms);
  for (std::string& table : config.teachers) table = Absolute(table);
  for (std::string& list : config.teacher_lists) list = Absolute(list);
  config.run_dir = options.run_dir.empty() ? config.output + ".run" : Absolute(options.run_dir);
  config.init_from = options.init_from;
  return config;
}

// The model that a run folder belongs to: its own name says it, not what is written in it, since a
// copied folder, or somebody else's, would name a model that this run may not overwrite.
std::string ResumedOutput(const Options& options, const std::string& run_dir) {
  constexpr std::string_view kEnding = ".run";
  if (!options.output.empty()) return Absolute(options.output);
  if (run_dir.ends_with(kEnding) && run_dir.size() > kEnding.size() &&
      run_dir[run_dir.size() - kEnding.size() - 1] != '/')
    return run_dir.substr(0, run_dir.size() - kEnding.size());
  throw Error(ErrorCode::kInvalidArgument,
              "cannot resume '" + Printable(run_dir) +
                  "': its name is not MODEL.run, so name the model to write with -o MODEL");
}

TrainConfig ResumedRun(const Options& options) {
  const std::string file = options.resume + "/config.toml";
  if (!IsRegularFile(file))
    throw Error(ErrorCode::kNotFound, "cannot resume '" + Printable(options.resume) +
                                          "': it has no config.toml; is it a run folder?");
  TrainConfig config;
  ReadTrainConfig(file, config);
  config.run_dir = Absolute(options.resume);
  while (config.run_dir.size() > 1 && config.run_dir.ends_with('/')) config.run_dir.pop_back();
  config.output = ResumedOutput(options, config.run_dir);
  config.resume = true;
  return config;
}

int Run(const Options& options, const Context& context) {
  TrainConfig config = options.resume.empty() ? NewRun(options) : ResumedRun(options);
  Set(options.epochs, config.epochs);
  Set(options.threads, config.threads);
  Set(options.loader_threads, config.loader_threads);
  Set(options.device, config.device);
  Set(options.precision, config.precision);
  Set(options.checkpoint_minutes, config.checkpoint_minutes);
  std::unique_ptr<Progress> progress = MakeConsoleProgress(context);
  TrainResult result = Train(config, *progress, CatchInterrupts());
  if (!result.first_process) return kExitDone;
  const bool written = result.best.epoch > 0;
  if (options.json) {
    nlohmann::ordered_json json = {
        {"model", written ? config.output : ""}, {"run_dir", config.run_dir},
        {"interrupted", result.interrupted},     {"epochs", result.last.epoch},
        {"best_epoch", result.best.epoch},       {"loss", result.best.loss},
        {"accuracy", result.best.accuracy}};
    json["eer"] = nullptr;
    json["threshold"] = nullptr;
    if (result.best.dev_eer >= 0 && written) {
      json["eer"] = result.best.dev_eer;
      json["threshold"] = result.model.decision.threshold;
    }
    PrintJson(json);
  } else if (written) {
    std::string quality = result.best.dev_eer < 0
                              ? "EER not measured (no held-out speakers)"
                              : Format("EER %.2f %% on held-out speakers, threshold %.3f",
                                       100 * result.best.dev_eer, result.model.decision.threshold);
    Print(Format("%s: epoch %d of %d, %s\n", Printable(config.output).c_str(), result.best.epoch,
                 config.epochs, quality.c_str()));
  }
  if (result.interrupted)
    throw Error(
        ErrorCode::kInterrupted,
        "stopped; go on with: vpr train --resume '" + Printable(config.run_dir) + "'" +
            (config.run_dir == config.output + ".run" ? ""
                                                      : " -o '" + Printable(config.output) + "'"));
  return kExitDone;
}

}  // namespace

void AddTrainCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("train", "Train a network on a packed data set");
  command->footer(
      "Settings come from the architecture's defaults, then --config, then the options here. Only\n"
      "in a --config file: the features, the network's size (model.options), loss.margin_from and\n"
      "margin_to, optimizer.final_lr, warmup and weight_decay, augment.snr_low and snr_high,\n"
      "scoring.cohort_speakers and cohort_top; all are in docs/formats.md and "
      "RUN_DIR/config.toml.\n"
      "Without --dev, PREFIX-dev is used if it exists (vpr pack --dev-speakers), else speakers "
      "are\n"
      "held out of PREFIX. The model with the lowest EER on held-out speakers is kept.\n\n"
      "Several processes train one network when each is started with RANK, WORLD_SIZE, "
      "MASTER_ADDR\n"
      "and MASTER_PORT set, as torchrun sets them; every one takes its part of each batch.\n\n"
      "Example:\n"
      "  vpr pack my_recordings -o data/mine --dev-speakers 20\n"
      "  vpr train data/mine -o mine.vpr --epochs 20\n"
      "  vpr train --resume mine.vpr.run          # after Ctrl-C or a power cut");
  auto* train = command->add_option("PREFIX", options->train, "Packed training data");
  command->add_option("-o,--output", options->output,
                      "Model file to write (with --resume MODEL.run: MODEL)");
  auto* resume = command->add_option("--resume", options->resume, "Continue the run in this folder")
                     ->type_name("RUN_DIR");
  std::vector<CLI::Option*> fresh = {train};
  auto add = [&](auto&&... arguments) {
    CLI::Option* option = command->add_option(arguments...);
    fresh.push_back(option);
    return option;
  };
  add("--dev", options->dev, "Packed held-out data")->type_name("PREFIX");
  add("--hold-out", options->hold_out,
      "Speakers to hold out if there is no held-out data: a share below 1, or a number (0.1)");
  add("--config", options->config_file, "Settings as TOML; RUN_DIR/config.toml is one")
      ->type_name("FILE");
  add("--run-dir", options->run_dir,
      "Folder for checkpoint, metrics.csv and curves.png (MODEL.run)");
  add("--init-from", options->init_from,
      "Start with this model's network, or with network and classes of another run's folder")
      ->type_name("MODEL|RUN_DIR");
  add("--arch", options->arch,
      "Network: resnet (default), ecapa, dwnet, campplus or cnn (the tutorial's)");
  add("--loss", options->loss, "softmax, am or aam");
  add("--margin", options->margin, "Margin of am and aam");
  add("--scale", options->scale, "Scale of am and aam");
  add("--sub-centers", options->sub_centers, "Centres a speaker of am and aam (1)");
  add("--embedding-dim", options->embedding_dim, "Size of the embedding");
  add("--optimizer", options->optimizer, "sgd, adam or adamw")
      ->check(OneOf({"sgd", "adam", "adamw"}));
  add("--lr", options->lr, "Highest learning rate");
  add("--average-decay", options->average_decay,
      "Keep the moving average of the weights that forgets at this rate a step, as 0.999 (0: off)");
  add("--patience", options->patience,
      "Stop after so many epochs without a better held-out EER (0: never)");
  add("--batch-size", options->batch_size, "Crops a step");
  add("--crop-seconds", options->crop_seconds, "Length of a crop (2.04)");
  add("--crop-spread", options->crop_spread,
      "Crops of S (1 - N) to S (1 + N) seconds, a length drawn for each batch (0)");
  add("--crops-per-epoch", options->crops_per_epoch, "Crops an epoch (the speech / crop length)");
  add("--min-utterances", options->min_utterances,
      "Leave speakers with fewer utterances out of the training (1)");
  add("--speaker-balance", options->speaker_balance,
      "0: every speaker equally often, 1: by amount of speech (0.5)");
  add("--freq-mask", options->freq_mask, "SpecAugment: widest mask in mel bands");
  add("--time-mask", options->time_mask, "SpecAugment: widest mask in frames");
  add("--noise", options->noise, "Packed noises to add to crops (vpr pack --no-trim)")
      ->type_name("PREFIX");
  add("--noise-share", options->noise_share, "Share of the crops with added noise (0)");
  add("--rooms", options->rooms, "Packed room impulse responses (vpr pack --no-trim)")
      ->type_name("PREFIX");
  add("--room-share", options->room_share, "Share of the crops with reverberation (0)");
  add("--narrow-band-share", options->narrow_band_share,
      "Share of the crops with a telephone's or another narrow band (0)");
  add("--codec-share", options->codec_share,
      "Share of the crops through GSM, Opus, Vorbis or MP3 (0)");
  add("--clip-share", options->clip_share, "Share of the crops with clipped peaks (0)");
  add("--equalizer-db", options->equalizer_db,
      "Random frequency responses: standard deviation of their slope in dB (0)");
  add("--teacher", options->teachers,
      "Embeddings of the recordings by another network, to learn from (.npy, .ark or .jsonl as vpr "
      "embed writes them); may be given several times")
      ->type_name("TABLE");
  add("--teacher-list", options->teacher_lists,
      "The recordings of a TABLE in .npy, row for row: a path a line, or a table with a column "
      "path")
      ->type_name("LIST");
  add("--teacher-weight", options->teacher_weight,
      "Weight of the cosine to the teacher's embedding (1)");
  add("--teacher-similarity", options->teacher_similarity,
      "Weight of the likeness of the crops of a batch to one another (0)");
  add("--teacher-contrast", options->teacher_contrast,
      "Weight of finding the crop's own among the teacher's embeddings of the batch (0.1)");
  add("--loss-weight", options->loss_weight, "Weight of --loss beside a teacher (0.1)");
  add("--teacher-mean-share", options->teacher_mean_share,
      "Share of the speaker's mean in what is learnt of each recording (0.5)");
  add("--teacher-seconds", options->teacher_seconds,
      "Recordings with less speech learn the speaker's mean alone (2)");
  fresh.push_back(command->add_flag("--speed-perturb", options->speed_perturb,
                                    "Also 0.9 and 1.1 times the speed, as other speakers"));
  add("--seed", options->seed, "Seed of everything random");
  for (CLI::Option* option : fresh) option->excludes(resume);
  command->add_option("--epochs", options->epochs, "Epochs (20)");
  command->add_option("--threads", options->threads, "Threads of the network (all)");
  command->add_option("--loader-threads", options->loader_threads, "Threads that make crops (1)");
  command->add_option("--device", options->device, "auto, cpu or cuda:N");
  command->add_option("--precision", options->precision, "auto, float32 or bfloat16")
      ->check(OneOf({"auto", "float32", "bfloat16"}));
  command->add_option("--checkpoint-minutes", options->checkpoint_minutes,
                      "Also save the state every so many minutes (5)");
  command->add_flag("--json", options->json, "Result as JSON");
  command->callback([options, &context] {
    if (options->resume.empty() && options->config_file.empty() &&
        (options->train.empty() || options->output.empty())) {
      throw CLI::ValidationError("train", "give PREFIX and -o MODEL, or --resume RUN_DIR");
    }
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
