// Everything that decides what `vpr train` does. Kept as TOML beside the checkpoint.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "vpr/features/feature_options.h"
#include "vpr/model/model_file.h"

namespace vpr {

struct TrainConfig {
  // [data]
  std::string train;  // prefix of the packed training set
  std::string dev;    // prefix of the held-out set; empty: TRAIN-dev if it is there, else
                      // hold_out_speakers are taken from the training set
  double hold_out_speakers = 0.1;  // below 1: share of the speakers; from 1: their number; 0: none
  double crop_seconds = 2.04;
  double crop_spread = 0;        // the length of each batch's crops is drawn evenly from
                                 // crop_seconds * (1 - crop_spread) .. (1 + crop_spread)
  int min_utterances = 1;        // speakers with fewer utterances are left out: two crops of one
                                 // recording have the device in common, not only the voice
  double speaker_balance = 0.5;  // 0: every speaker equally often; 1: by amount of speech
  bool speed_perturb = false;    // also at 0.9 and 1.1 times the speed, as speakers of their own

  // [model]
  std::string arch = "resnet";
  ArchitectureOptions arch_options;  // what is absent takes the architecture's default
  int embedding_dim = 0;             // 0: the architecture's default
  FeatureOptions features;

  // [loss]
  std::string loss = "aam";
  double margin = 0.2;
  double scale = 30;
  int sub_centers = 1;       // of am and aam: each class has so many centres, the nearest counts
  double margin_from = 0.1;  // the margin is 0 up to this share of the training ...
  double margin_to = 0.4;    // ... and full from this one, rising linearly between

  // [teacher]: embeddings of the recordings by another network, to learn from. Recordings labelled
  // kUnlabelled, and those of speakers with fewer than min_utterances, are then trained on as well,
  // without the loss above.
  std::vector<std::string> teachers;       // tables as `vpr embed` writes them (.npy, .ark, .jsonl)
  std::vector<std::string> teacher_lists;  // of the .npy tables, in their order: the recordings
  std::string teacher_group_by;   // column of these lists: recordings that have a value of it in
                                  // common (a corpus) are told apart from their own mean, not from
                                  // that of all
  double teacher_weight = 1;      // of 1 - cosine to the teacher's embedding of the whole,
                                  // clean recording
  double teacher_similarity = 0;  // of the mean squared difference between the cosines of the
                                  // batch's embeddings and those of the teacher's
  double teacher_contrast = 0.1;  // of the cross entropy between the teacher's and the network's
                                  // choice among the teacher's embeddings of the batch
  double loss_weight = 0.1;       // of the loss above, where there is a teacher
  double teacher_mean_share = 0.5;  // so much of a target is the mean of the speaker's
  double teacher_seconds = 2;       // all of it for recordings with less speech than this
  bool teacher_centers = true;  // the classes of am and aam start at their speakers' means, if the
                                // embeddings have one dimension

  // [optimizer]
  std::string optimizer = "sgd";  // "sgd" (Nesterov, momentum 0.9), "adam" (L2), "adamw"
  double lr = 0.1;                // peak
  double final_lr = 1e-4;         // at the end of the cosine
  double warmup = 0.05;           // share of the training with rising rate; 0 with lr == final_lr:
                                  // constant rate
  double weight_decay = 1e-4;
  double average_decay = 0;  // the network that is measured and kept is the exponential moving
                             // average of the weights, which forgets at this rate a step (0.999,
                             // say); 0: the weights as they are
  int epochs = 20;
  int patience = 0;  // stop after so many epochs without a better held-out EER; 0: never
  std::uint64_t crops_per_epoch =
      0;  // 0: as many as crop_seconds go into the training speech, at least 50 batches
  int batch_size = 64;

  // [augment]
  int freq_mask = 0;  // SpecAugment: at most so many mel bands ...
  int time_mask = 0;  // ... and frames are set to the mean, one mask each a crop

  double room_share = 0;   // share of the crops put into a room: measured responses of the packed
  std::string rooms;       // set `rooms`, if given, and simulated ones
  double noise_share = 0;  // share of the crops with noise: of the packed set `noise`, if given,
  std::string noise;       // coloured noise, and babble of the training speech
  double snr_low = 0;      // dB, of the noise
  double snr_high = 20;    // dB
  double narrow_band_share =
      0;                    // share of the crops sent through a channel of 6 to 12 kHz sampling
                            // rate; half of them a telephone's 8 kHz, at times with mu-law
  double codec_share = 0;   // share of the crops through GSM 06.10, Opus, Vorbis or MP3
  double clip_share = 0;    // share of the crops cut off at 10 to 70 % of their peak
  double equalizer_db = 0;  // every crop gets a smooth frequency response of its own, as another
                            // microphone has: standard deviation of its slope across the bands

  // [scoring]
  int cohort_speakers = 0;  // scores are PLDA's, or cosines if those are better on the held-out
                            // speakers, normalized (AS-norm) against at most so many training
                            // speakers; 0: plain cosines
  int cohort_top = 30;      // the most alike of them, so many, count; with fewer training speakers
                            // than that, scores stay plain cosines

  // [run]
  std::uint64_t seed = 1;
  int threads = 0;  // of the engine; 0: all
  int loader_threads = 1;
  std::string device = "auto";
  std::string precision = "auto";  // "float32", "bfloat16", "auto": bfloat16 where it is fast
  double checkpoint_minutes = 5;   // also at the end of every epoch

  // Not kept:
  std::string output;   // model file to write
  std::string run_dir;  // checkpoint, best model, metrics.csv, curves.png; empty: OUTPUT.run
  std::string
      init_from;        // what to start with: the network of a model file, or network and
                        // classes of another run's folder (same data and classes; for fine-tuning)
  bool resume = false;  // continue run_dir's checkpoint

  // Throws kInvalidArgument naming the field.
  void Validate() const;
};

// The recommended settings of an architecture: the tutorial's recipe for "cnn", ours for every
// other. Whether there is an architecture of that name turns out when it is made.
TrainConfig DefaultTrainConfig(const std::string& arch);

// Reads TOML over `config`: only what the file names is changed. An unknown key is an error
// (kInvalidArgument with file and line).
void ReadTrainConfig(const std::string& toml_path, TrainConfig& config);
std::string WriteTrainConfig(const TrainConfig& config);  // TOML, without the part not kept

// Settings that are given one by one, over all others.
using TrainSettings = std::vector<std::function<void(TrainConfig&)>>;

// A new run: the defaults of its architecture, then the settings of the TOML file `config_file`, if
// there is one, then `given`, among them perhaps the architecture. Paths are made absolute, run_dir
// is OUTPUT.run unless set. Throws what ReadTrainConfig throws; kInvalidArgument without an output
// or training data.
TrainConfig NewTrainConfig(const std::string& config_file, const TrainSettings& given);

// The run in the folder `run_dir`, to go on with. `output`: its model; empty: what the folder's own
// name says (MODEL.run), not what is written in it, since a copied folder, or somebody else's,
// would name a model that this run may not overwrite. Throws kNotFound for what is no run folder,
// kInvalidArgument for one whose name says no model, what ReadTrainConfig throws.
TrainConfig ResumedTrainConfig(const std::string& run_dir, const std::string& output);

}  // namespace vpr
