#include "vpr/train/train_config.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <sstream>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

[[noreturn]] void Invalid(const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument, "training configuration: " + what);
}

// One list of fields for reading and writing. `Visitor` is called as visitor(table, key, field).
template <typename Config, typename Visitor>
void VisitFields(Config& c, Visitor&& visit) {
  visit("data", "train", c.train);
  visit("data", "dev", c.dev);
  visit("data", "hold_out_speakers", c.hold_out_speakers);
  visit("data", "crop_seconds", c.crop_seconds);
  visit("data", "crop_spread", c.crop_spread);
  visit("data", "min_utterances", c.min_utterances);
  visit("data", "speaker_balance", c.speaker_balance);
  visit("data", "speed_perturb", c.speed_perturb);
  visit("model", "arch", c.arch);
  visit("model", "options", c.arch_options);
  visit("model", "embedding_dim", c.embedding_dim);
  visit("features", "n_fft", c.features.n_fft);
  visit("features", "win_length", c.features.win_length);
  visit("features", "hop_length", c.features.hop_length);
  visit("features", "n_mels", c.features.n_mels);
  visit("features", "fmin", c.features.fmin);
  visit("features", "fmax", c.features.fmax);
  visit("features", "kind", c.features.kind);
  visit("features", "log_floor", c.features.log_floor);
  visit("features", "mean_norm", c.features.mean_norm);
  visit("features", "level_norm", c.features.level_norm);
  visit("loss", "loss", c.loss);
  visit("loss", "margin", c.margin);
  visit("loss", "scale", c.scale);
  visit("loss", "sub_centers", c.sub_centers);
  visit("loss", "margin_from", c.margin_from);
  visit("loss", "margin_to", c.margin_to);
  visit("teacher", "tables", c.teachers);
  visit("teacher", "lists", c.teacher_lists);
  visit("teacher", "group_by", c.teacher_group_by);
  visit("teacher", "weight", c.teacher_weight);
  visit("teacher", "similarity", c.teacher_similarity);
  visit("teacher", "contrast", c.teacher_contrast);
  visit("teacher", "loss_weight", c.loss_weight);
  visit("teacher", "mean_share", c.teacher_mean_share);
  visit("teacher", "seconds", c.teacher_seconds);
  visit("teacher", "centers", c.teacher_centers);
  visit("optimizer", "optimizer", c.optimizer);
  visit("optimizer", "lr", c.lr);
  visit("optimizer", "final_lr", c.final_lr);
  visit("optimizer", "warmup", c.warmup);
  visit("optimizer", "weight_decay", c.weight_decay);
  visit("optimizer", "average_decay", c.average_decay);
  visit("optimizer", "epochs", c.epochs);
  visit("optimizer", "patience", c.patience);
  visit("optimizer", "crops_per_epoch", c.crops_per_epoch);
  visit("optimizer", "batch_size", c.batch_size);
  visit("augment", "freq_mask", c.freq_mask);
  visit("augment", "time_mask", c.time_mask);
  visit("augment", "room_share", c.room_share);
  visit("augment", "rooms", c.rooms);
  visit("augment", "noise_share", c.noise_share);
  visit("augment", "noise", c.noise);
  visit("augment", "snr_low", c.snr_low);
  visit("augment", "snr_high", c.snr_high);
  visit("augment", "narrow_band_share", c.narrow_band_share);
  visit("augment", "codec_share", c.codec_share);
  visit("augment", "clip_share", c.clip_share);
  visit("augment", "equalizer_db", c.equalizer_db);
  visit("scoring", "cohort_speakers", c.cohort_speakers);
  visit("scoring", "cohort_top", c.cohort_top);
  visit("run", "output", c.output);
  visit("run", "seed", c.seed);
  visit("run", "threads", c.threads);
  visit("run", "loader_threads", c.loader_threads);
  visit("run", "device", c.device);
  visit("run", "precision", c.precision);
  visit("run", "checkpoint_minutes", c.checkpoint_minutes);
}

struct Writer {
  toml::table& root;

  toml::table& Table(const char* name) {
    if (!root.contains(name)) root.insert(name, toml::table{});
    return *root[name].as_table();
  }
  template <typename T>
  void operator()(const char* table, const char* key, const T& value) {
    Table(table).insert(key, value);
  }
  void operator()(const char* table, const char* key, int value) {
    Table(table).insert(key, std::int64_t{value});
  }
  void operator()(const char* table, const char* key, std::uint64_t value) {
    Table(table).insert(key, static_cast<std::int64_t>(value));
  }
  void operator()(const char* table, const char* key, FeatureKind value) {
    Table(table).insert(key, ToString(value));
  }
  void operator()(const char* table, const char* key, const std::vector<std::string>& values) {
    toml::array array;
    for (const std::string& value : values) array.push_back(value);
    Table(table).insert(key, std::move(array));
  }
  void operator()(const char* table, const char* key, const ArchitectureOptions& options) {
    toml::table inner;
    for (const auto& [name, numbers] : options) {
      toml::array array;
      for (int number : numbers) array.push_back(std::int64_t{number});
      inner.insert(name, std::move(array));
    }
    Table(table).insert(key, std::move(inner));
  }
};

struct Reader {
  const toml::table& root;
  const std::string& path;
  std::vector<const toml::node*> known = {};
  std::vector<std::string> names = {};  // "[table] key" of all there are

  [[noreturn]] void Fail(const toml::node& node, const char* table, const char* key,
                         const char* expected) {
    throw Error(ErrorCode::kInvalidArgument, "'" + Printable(path) + "' line " +
                                                 std::to_string(node.source().begin.line) + ": [" +
                                                 table + "] " + key + " is not " + expected);
  }
  template <typename Use>
  void With(const char* table, const char* key, Use&& use) {
    names.push_back(std::string("[") + table + "] " + key);
    const toml::node* node = root[table][key].node();
    if (node == nullptr) return;
    known.push_back(node);
    use(*node);
  }
  void operator()(const char* table, const char* key, std::string& field) {
    With(table, key, [&](const toml::node& node) {
      if (!node.is_string()) Fail(node, table, key, "a string");
      field = node.as_string()->get();
    });
  }
  void operator()(const char* table, const char* key, bool& field) {
    With(table, key, [&](const toml::node& node) {
      if (!node.is_boolean()) Fail(node, table, key, "true or false");
      field = node.as_boolean()->get();
    });
  }
  void operator()(const char* table, const char* key, double& field) {
    With(table, key, [&](const toml::node& node) {
      if (!node.is_number()) Fail(node, table, key, "a number");
      field = *node.value<double>();
    });
  }
  void operator()(const char* table, const char* key, int& field) {
    With(table, key, [&](const toml::node& node) {
      if (!node.is_integer()) Fail(node, table, key, "a whole number");
      if (!node.value<int>()) Fail(node, table, key, "a whole number of at most 2147483647");
      field = *node.value<int>();
    });
  }
  void operator()(const char* table, const char* key, std::uint64_t& field) {
    With(table, key, [&](const toml::node& node) {
      if (!node.is_integer() || *node.value<std::int64_t>() < 0)
        Fail(node, table, key, "a whole number from 0");
      field = static_cast<std::uint64_t>(*node.value<std::int64_t>());
    });
  }
  void operator()(const char* table, const char* key, FeatureKind& field) {
    With(table, key, [&](const toml::node& node) {
      if (!node.is_string()) Fail(node, table, key, "a string");
      field = ParseFeatureKind(node.as_string()->get());
    });
  }
  void operator()(const char* table, const char* key, std::vector<std::string>& field) {
    With(table, key, [&](const toml::node& node) {
      if (!node.is_array()) Fail(node, table, key, "an array of strings");
      field.clear();
      for (const toml::node& value : *node.as_array()) {
        if (!value.is_string()) Fail(value, table, key, "an array of strings");
        field.push_back(value.as_string()->get());
      }
    });
  }
  void operator()(const char* table, const char* key, ArchitectureOptions& field) {
    With(table, key, [&](const toml::node& node) {
      if (!node.is_table()) Fail(node, table, key, "a table of arrays of whole numbers");
      for (const auto& [name, value] : *node.as_table()) {
        std::vector<int> numbers;
        if (!value.is_array()) Fail(value, table, key, "a table of arrays of whole numbers");
        for (const toml::node& number : *value.as_array()) {
          if (!number.is_integer() || !number.value<int>())
            Fail(number, table, key, "a table of arrays of whole numbers");
          numbers.push_back(*number.value<int>());
        }
        field[std::string(name.str())] = numbers;
      }
    });
  }
  void RefuseUnknown() {
    for (const auto& [table_name, table] : root) {
      std::string name(table_name.str());
      if (!table.is_table())
        throw Error(ErrorCode::kInvalidArgument, "'" + Printable(path) + "': '" + Printable(name) +
                                                     "' stands outside any [table]");
      for (const auto& [key, node] : *table.as_table()) {
        const std::string full = "[" + name + "] " + std::string(key.str());
        if (std::find(known.begin(), known.end(), &node) == known.end())
          throw Error(ErrorCode::kInvalidArgument,
                      "'" + Printable(path) + "' line " + std::to_string(node.source().begin.line) +
                          ": unknown setting " + Printable(full) + DidYouMean(full, names));
      }
    }
  }
};

constexpr std::size_t kMostConfigBytes = 1 << 20;

// The library reads dotted keys and brackets by recursion. Ours nest 3 deep; a line is counted
// whole, strings and comments too, which leaves room for every path.
void CheckNesting(std::string_view text, const std::string& path) {
  constexpr std::ptrdiff_t kMost = 200;
  std::size_t number = 0;
  std::ptrdiff_t open = 0;  // brackets, over several lines
  for (std::string_view line : Lines(text)) {
    ++number;
    const auto count = [&](char c) { return std::count(line.begin(), line.end(), c); };
    open += count('[') + count('{');
    if (count('.') > kMost || open > kMost)
      throw Error(ErrorCode::kInvalidArgument, Format("'%s' line %zu: it nests more than %td deep",
                                                      Printable(path).c_str(), number, kMost));
    open = std::max<std::ptrdiff_t>(open - count(']') - count('}'), 0);
  }
}

struct FiniteChecker {
  void operator()(const char* table, const char* key, double value) const {
    if (!std::isfinite(value)) Invalid(Format("[%s] %s must be a finite number", table, key));
  }
  template <typename T>
  void operator()(const char*, const char*, const T&) const {}
};

}  // namespace

void TrainConfig::Validate() const {
  VisitFields(*this, FiniteChecker{});
  features.Validate();
  if (train.empty()) Invalid("no training data set given");
  if (output.empty()) Invalid("no output model given");
  if (run_dir.empty()) Invalid("no run folder given");
  if (!(hold_out_speakers >= 0)) Invalid("hold_out_speakers must be 0 or more");
  if (!(crop_seconds >= 0.2 && crop_seconds <= 60)) Invalid("crop_seconds must be 0.2 to 60");
  if (!(crop_spread >= 0 && crop_seconds * (1 - crop_spread) >= 0.2))
    Invalid("crop_spread must be 0 or more and leave crops of 0.2 s");
  if (min_utterances < 1) Invalid("min_utterances must be 1 or more");
  if (!(speaker_balance >= 0 && speaker_balance <= 1)) Invalid("speaker_balance must be 0 to 1");
  if (embedding_dim < 0 || embedding_dim > 4096) Invalid("embedding_dim must be at most 4096");
  if (!(margin >= 0 && margin < 1.5)) Invalid("margin must be 0 to 1.5");
  if (!(scale > 0)) Invalid("scale must be positive");
  if (sub_centers < 1 || sub_centers > 16) Invalid("sub_centers must be 1 to 16");
  if (!(margin_from >= 0 && margin_from <= margin_to && margin_to <= 1))
    Invalid("0 <= margin_from <= margin_to <= 1 must hold");
  for (double weight : {teacher_weight, teacher_similarity, teacher_contrast, loss_weight}) {
    if (!(weight >= 0 && weight <= 1e6)) Invalid("weights of losses must be 0 to 1e6");
  }
  if (!teachers.empty()) {
    if (!(teacher_weight + teacher_similarity + teacher_contrast > 0))
      Invalid("with a teacher, one of the weights of [teacher] must be above 0");
    const auto arrays = std::count_if(teachers.begin(), teachers.end(),
                                      [](const auto& path) { return path.ends_with(".npy"); });
    if (static_cast<std::size_t>(arrays) != teacher_lists.size())
      Invalid(
          "each teacher table in .npy needs a list of its recordings, and no other has one: "
          "found " +
          std::to_string(arrays) + " arrays and " + std::to_string(teacher_lists.size()) +
          " lists");
    if (!teacher_group_by.empty() && teacher_lists.empty())
      Invalid("group_by of [teacher] names a column of the lists of its recordings; there is none");
    if (speed_perturb)
      Invalid(
          "a teacher has not heard the recordings at another speed: pack copies at that speed "
          "and embed them too, instead of speed_perturb");
  } else if (!teacher_lists.empty()) {
    Invalid("teacher lists without a teacher");
  }
  if (!(teacher_mean_share >= 0 && teacher_mean_share <= 1))
    Invalid("mean_share of [teacher] must be 0 to 1");
  if (!(teacher_seconds >= 0)) Invalid("seconds of [teacher] must be 0 or more");
  if (optimizer != "sgd" && optimizer != "adam" && optimizer != "adamw")
    Invalid("optimizer '" + optimizer + "' is unknown; there are sgd, adam and adamw" +
            DidYouMean(optimizer, {"sgd", "adam", "adamw"}));
  if (!(lr > 0) || !(final_lr >= 0 && final_lr <= lr))
    Invalid("0 <= final_lr <= lr must hold, lr > 0");
  if (!(warmup >= 0 && warmup < 1)) Invalid("warmup must be 0 to below 1");
  if (!(weight_decay >= 0)) Invalid("weight_decay must be 0 or more");
  if (!(average_decay >= 0 && average_decay < 1)) Invalid("average_decay must be 0 to below 1");
  if (patience < 0) Invalid("patience must be 0 or more");
  if (epochs < 1) Invalid("epochs must be 1 or more");
  if (batch_size < 2) Invalid("batch_size must be 2 or more (batch normalisation)");
  if (crops_per_epoch != 0 && crops_per_epoch < static_cast<std::uint64_t>(batch_size))
    Invalid("crops_per_epoch must be at least batch_size");
  // They are drawn, and in memory, before the epoch begins.
  if (crops_per_epoch > 1'000'000'000) Invalid("crops_per_epoch must be at most 1000000000");
  if (freq_mask < 0 || time_mask < 0) Invalid("masks must be 0 or more");
  for (double share : {room_share, noise_share, narrow_band_share, codec_share, clip_share}) {
    if (!(share >= 0 && share <= 1)) Invalid("shares of augmented crops must be 0 to 1");
  }
  if (!(equalizer_db >= 0 && equalizer_db <= 40)) Invalid("equalizer_db must be 0 to 40");
  if (equalizer_db > 0 && features.mean_norm)
    Invalid("equalizer_db needs features with mean_norm = false: the mean takes it away again");
  if (!(snr_low <= snr_high)) Invalid("snr_low <= snr_high must hold");
  if (cohort_top < 2 || (cohort_speakers != 0 && cohort_speakers < cohort_top))
    Invalid("cohort_top must be 2 or more, cohort_speakers 0 or at least cohort_top");
  constexpr int kMostThreads = 1024;
  if (threads < 0 || threads > kMostThreads) Invalid("threads must be 0 to 1024");
  if (loader_threads < 1 || loader_threads > kMostThreads)
    Invalid("loader_threads must be 1 to 1024");
  if (precision != "auto" && precision != "float32" && precision != "bfloat16")
    Invalid("precision '" + precision + "' is unknown; there are auto, float32 and bfloat16" +
            DidYouMean(precision, {"auto", "float32", "bfloat16"}));
  if (!(checkpoint_minutes > 0)) Invalid("checkpoint_minutes must be positive");
}

TrainConfig DefaultTrainConfig(const std::string& arch) {
  TrainConfig config;
  config.arch = arch;
  if (arch == "cnn") {
    // The tutorial's recipe: power mel spectrograms as they are, softmax, Adam.
    config.loss = "softmax";
    config.optimizer = "adam";
    config.lr = config.final_lr = 1e-3;
    config.warmup = 0;
    config.weight_decay = 1e-3;
    config.batch_size = 32;
  } else {
    // A 25 ms window, the field's usual one, instead of librosa's 128 ms.
    config.features.n_fft = 1024;
    config.features.win_length = 400;
    config.features.kind = FeatureKind::kLogMel;
    config.features.level_norm = true;
    config.optimizer = "adamw";
    config.lr = 2e-3;
    config.final_lr = 1e-5;
    config.weight_decay = 0.05;
    config.freq_mask = 16;
    config.time_mask = 24;
    config.cohort_speakers = 1200;
  }
  return config;
}

void ReadTrainConfig(const std::string& toml_path, TrainConfig& config) {
  std::string text = ReadFile(toml_path, kMostConfigBytes);
  CheckNesting(text, toml_path);
  toml::table root;
  try {
    root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw Error(ErrorCode::kInvalidArgument, "'" + Printable(toml_path) + "' line " +
                                                 std::to_string(error.source().begin.line) + ": " +
                                                 Printable(error.description()));
  }
  Reader reader{root, toml_path};
  VisitFields(config, reader);
  reader.RefuseUnknown();
}

std::string WriteTrainConfig(const TrainConfig& config) {
  toml::table root;
  VisitFields(config, Writer{root});
  std::ostringstream text;
  text << root << "\n";
  return text.str();
}

namespace {

std::string Absolute(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}

std::string ResumedOutput(const std::string& run_dir) {
  constexpr std::string_view kEnding = ".run";
  if (run_dir.ends_with(kEnding) && run_dir.size() > kEnding.size() &&
      run_dir[run_dir.size() - kEnding.size() - 1] != '/')
    return run_dir.substr(0, run_dir.size() - kEnding.size());
  throw Error(ErrorCode::kInvalidArgument,
              "cannot resume '" + Printable(run_dir) +
                  "': its name is not MODEL.run, so name the model to write with -o MODEL");
}

}  // namespace

TrainConfig NewTrainConfig(const std::string& config_file, const TrainSettings& given) {
  auto apply = [](const TrainSettings& settings, TrainConfig& config) {
    for (const auto& set : settings) set(config);
  };
  TrainConfig peek;
  if (!config_file.empty()) ReadTrainConfig(config_file, peek);
  apply(given, peek);
  TrainConfig config = DefaultTrainConfig(peek.arch);
  if (!config_file.empty()) ReadTrainConfig(config_file, config);
  apply(given, config);
  if (config.output.empty())
    throw Error(ErrorCode::kInvalidArgument, "no output model given; name one with -o MODEL");
  if (config.train.empty())
    throw Error(ErrorCode::kInvalidArgument, "no training data given; name a packed data set");
  for (std::string* path :
       {&config.train, &config.dev, &config.output, &config.noise, &config.rooms, &config.run_dir})
    *path = Absolute(*path);
  for (std::string& table : config.teachers) table = Absolute(table);
  for (std::string& list : config.teacher_lists) list = Absolute(list);
  if (config.run_dir.empty()) config.run_dir = config.output + ".run";
  return config;
}

TrainConfig ResumedTrainConfig(const std::string& run_dir, const std::string& output) {
  const std::string file = run_dir + "/config.toml";
  if (!IsRegularFile(file))
    throw Error(ErrorCode::kNotFound, "cannot resume '" + Printable(run_dir) +
                                          "': it has no config.toml; is it a run folder?");
  TrainConfig config;
  ReadTrainConfig(file, config);
  config.run_dir = Absolute(run_dir);
  while (config.run_dir.size() > 1 && config.run_dir.ends_with('/')) config.run_dir.pop_back();
  config.output = output.empty() ? ResumedOutput(config.run_dir) : Absolute(output);
  config.resume = true;
  return config;
}

}  // namespace vpr
