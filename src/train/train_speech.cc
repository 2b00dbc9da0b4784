#include "vpr/train/train_speech.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "vpr/audio/codec.h"
#include "vpr/audio/degrade.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/base/version.h"
#include "vpr/dataset/packed_dataset.h"

namespace vpr {
namespace {

using Layer = SpeechNetwork::Layer;
using Columns = Eigen::Map<Eigen::MatrixXf>;             // a column a moment
using ConstColumns = Eigen::Map<const Eigen::MatrixXf>;  // weights: [outputs, kernel * inputs]

std::ptrdiff_t Signed(std::size_t size) { return static_cast<std::ptrdiff_t>(size); }

ConstColumns WeightsOf(const Layer& layer) {
  return {layer.weights.data(), Signed(layer.outputs), Signed(layer.kernel * layer.inputs)};
}

// What the network computes of one crop, kept for the way back.
struct Pass {
  std::vector<Eigen::MatrixXf> inputs;     // of each layer
  std::vector<Eigen::MatrixXf> unfolded;   // [kernel * inputs, moments]
  std::vector<Eigen::MatrixXf> activated;  // before the input is added
};

Eigen::MatrixXf Unfold(const Layer& layer, const Eigen::MatrixXf& in) {
  const auto inputs = Signed(layer.inputs);
  const std::ptrdiff_t moments = (in.cols() + Signed(layer.stride) - 1) / Signed(layer.stride);
  Eigen::MatrixXf unfolded = Eigen::MatrixXf::Zero(Signed(layer.kernel) * inputs, moments);
  for (std::ptrdiff_t t = 0; t < moments; ++t)
    for (std::ptrdiff_t k = 0; k < Signed(layer.kernel); ++k) {
      const std::ptrdiff_t at =
          t * Signed(layer.stride) + k * Signed(layer.dilation) - Signed(layer.padding());
      if (at >= 0 && at < in.cols()) unfolded.col(t).segment(k * inputs, inputs) = in.col(at);
    }
  return unfolded;
}

void Fold(const Layer& layer, const Eigen::MatrixXf& unfolded, Eigen::MatrixXf& in) {
  const auto inputs = Signed(layer.inputs);
  for (std::ptrdiff_t t = 0; t < unfolded.cols(); ++t)
    for (std::ptrdiff_t k = 0; k < Signed(layer.kernel); ++k) {
      const std::ptrdiff_t at =
          t * Signed(layer.stride) + k * Signed(layer.dilation) - Signed(layer.padding());
      if (at >= 0 && at < in.cols()) in.col(at) += unfolded.col(t).segment(k * inputs, inputs);
    }
}

void CheckSpeech(bool good, const char* what) {
  if (!good) throw Error(ErrorCode::kInvalidArgument, what);
}

std::unique_ptr<PackedDataset> Open(const std::string& prefix) {
  auto set = std::make_unique<PackedDataset>(prefix);
  if (set->info().payload != PayloadKind::kPcm16 || set->size() == 0)
    throw Error(ErrorCode::kInvalidArgument,
                "'" + Printable(prefix) + "' holds no recordings; pack it as pcm16");
  return set;
}

struct Example {
  std::vector<float> samples;
  std::vector<int> labels;  // of every 10 ms
};

// Makes crops; all draws come from the Rng given.
class Crops {
 public:
  Crops(const SpeechTrainConfig& config)
      : length_(static_cast<std::size_t>(config.crop_seconds * 100) * kSpeechHop) {
    for (const std::string& prefix : config.speech) speech_.push_back(Open(prefix));
    for (const std::string& prefix : config.sounds) {
      sounds_.push_back(Open(prefix));
      const PackedDataset& set = *sounds_.back();
      std::map<int, std::vector<std::size_t>> by_label;
      for (std::size_t i = 0; i < set.size(); ++i) by_label[set.label(i)].push_back(i);
      for (auto& [label, records] : by_label) classes_.push_back({&set, std::move(records)});
    }
    if (!config.rooms.empty()) rooms_ = Open(config.rooms);
    for (const auto& set : speech_) speech_records_ += set->size();
    for (Codec codec : kCodecs)
      if (CodecAvailable(codec)) codecs_.push_back(codec);
  }

  Example Make(Rng& rng) const {
    Example example;
    example.samples.resize(length_);
    example.labels.assign(length_ / kSpeechHop, 0);
    const bool speech = rng.Uniform() < 0.55;
    if (speech) {
      AddSpeech(example, rng);
      const double power = ActivePower(example);
      if (rng.Uniform() < 0.35) Convolve(example.samples, DrawRoom(rng));
      if (power > 0 && rng.Uniform() < 0.8) {
        const double snr_db = rng.Uniform(-3, 30);
        std::vector<float> noise = DrawBackground(rng);
        const double noise_power = Power(noise);
        if (noise_power > 0) {
          const auto gain =
              static_cast<float>(std::sqrt(power / noise_power * std::pow(10.0, -snr_db / 10)));
          for (std::size_t i = 0; i < length_; ++i) example.samples[i] += gain * noise[i];
          // Speech that drowns is not asked for.
          if (snr_db < 0)
            for (int& label : example.labels) label = label == 1 ? -1 : label;
        }
      }
    } else {
      example.samples = DrawOther(rng);
      if (rng.Uniform() < 0.2) Convolve(example.samples, DrawRoom(rng));
    }
    Degrade(example.samples, rng);
    return example;
  }

 private:
  struct Class {
    const PackedDataset* set;
    std::vector<std::size_t> records;
  };

  std::vector<float> DrawRoom(Rng& rng) const {
    if (rooms_ == nullptr || rng.Uniform() < 0.5)
      return SimulateRoom(rng.Uniform(0.1, 0.7), rng.Uniform(-12, 3), rng);
    const std::size_t record = rng.Below(rooms_->size());
    std::vector<float> response(rooms_->NumSamples(record));
    rooms_->ReadSamples(record, 0, response.size(), response.data());
    response = TrimResponse(std::move(response));
    double energy = 1e-9;
    for (float value : response) energy += double{value} * double{value};
    for (float& value : response) value *= static_cast<float>(1 / std::sqrt(energy));
    return response;
  }

  static std::vector<float> Stretch(const PackedDataset& set, std::size_t record,
                                    std::size_t length, Rng& rng) {
    const std::size_t available = set.NumSamples(record), take = std::min(available, length);
    std::vector<float> samples(take);
    set.ReadSamples(record, rng.Below(available - take + 1), take, samples.data());
    return samples;
  }

  std::vector<float> DrawVoice(std::size_t most, Rng& rng) const {
    std::size_t at = rng.Below(speech_records_);
    for (const auto& set : speech_) {
      if (at < set->size()) return Stretch(*set, at, most, rng);
      at -= set->size();
    }
    return {};
  }

  // Recordings one after the other, with pauses.
  void AddSpeech(Example& example, Rng& rng) const {
    std::size_t at = rng.Uniform() < 0.5 ? 0 : rng.Below(length_ / 2);
    while (at < length_) {
      at = at / kSpeechHop * kSpeechHop;
      std::vector<float> voice = DrawVoice(length_ - at, rng);
      const std::vector<int> labels = LabelSpeech(voice);
      if (std::find(labels.begin(), labels.end(), 1) == labels.end()) {
        at += kSpeechHop * 20;
        continue;
      }
      const auto gain = static_cast<float>(0.1 / std::sqrt(Power(voice) + 1e-9) *
                                           std::pow(10.0, rng.Uniform(-3, 3) / 20));
      for (std::size_t i = 0; i < voice.size(); ++i) example.samples[at + i] += gain * voice[i];
      for (std::size_t t = 0; t < labels.size(); ++t)
        example.labels[at / kSpeechHop + t] = labels[t];
      at += voice.size() + static_cast<std::size_t>(rng.Uniform(0, 1.5) * kSampleRate);
      if (rng.Uniform() < 0.15) break;
    }
  }

  static double ActivePower(const Example& example) {
    double sum = 0, count = 0;
    for (std::size_t t = 0; t < example.labels.size(); ++t) {
      if (example.labels[t] != 1) continue;
      sum += Power(std::span(example.samples).subspan(t * kSpeechHop, kSpeechHop));
      ++count;
    }
    return count > 0 ? sum / count : 0;
  }

  std::vector<float> DrawRecorded(Rng& rng) const {
    const Class& drawn = classes_[rng.Below(classes_.size())];
    std::vector<float> samples(length_);
    // Repeated, or once with silence after it.
    const bool repeat = rng.Uniform() < 0.5;
    std::size_t at = repeat ? 0 : rng.Below(length_ / 4);
    while (at < length_) {
      const std::vector<float> one =
          Stretch(*drawn.set, drawn.records[rng.Below(drawn.records.size())], length_ - at, rng);
      std::copy(one.begin(), one.end(), samples.begin() + Signed(at));
      at += std::max<std::size_t>(one.size(), 1);
      if (!repeat) at += static_cast<std::size_t>(rng.Uniform(0, 1) * kSampleRate);
    }
    return samples;
  }

  // Many voices at once: nobody's.
  std::vector<float> DrawBabble(Rng& rng) const {
    std::vector<float> babble(length_);
    for (std::size_t voice = 8 + rng.Below(6); voice > 0; --voice) {
      std::size_t at = 0;
      while (at < length_) {
        const std::vector<float> one = DrawVoice(length_ - at, rng);
        const auto gain = static_cast<float>(0.1 / std::sqrt(Power(one) + 1e-9));
        for (std::size_t i = 0; i < one.size(); ++i) babble[at + i] += gain * one[i];
        at += std::max<std::size_t>(one.size(), 1);
      }
    }
    return babble;
  }

  // Noise with the loudness of speech, but not its spectrum.
  std::vector<float> DrawSpeechShaped(Rng& rng) const {
    std::vector<float> samples(length_);
    std::size_t at = 0;
    while (at < length_) {
      const std::vector<float> one = DrawVoice(length_ - at, rng);
      std::copy(one.begin(), one.end(), samples.begin() + Signed(at));
      at += std::max<std::size_t>(one.size(), 1);
    }
    const double keep = std::sqrt(rng.Uniform()), decay = 1 - 1 / (0.01 * kSampleRate);
    double state = 0, envelope = 0;
    for (float& sample : samples) {
      envelope = std::max(decay * envelope, std::abs(double{sample}));
      state = keep * state + rng.Normal();
      sample = static_cast<float>(envelope * state);
    }
    return samples;
  }

  std::vector<float> DrawOther(Rng& rng) const {
    const double kind = rng.Uniform();
    std::vector<float> samples;
    if (kind < 0.6 && !classes_.empty()) {
      samples = DrawRecorded(rng);
    } else if (kind < 0.85) {
      samples = SynthesizeSound(length_, rng);
    } else if (kind < 0.93) {
      samples = DrawSpeechShaped(rng);
    } else if (kind < 0.98) {
      samples = DrawBabble(rng);
    } else {
      samples.assign(length_, 0);  // silence, with what Degrade adds
    }
    if (rng.Uniform() < 0.2 && Power(samples) > 0) {
      const std::vector<float> second =
          classes_.empty() ? SynthesizeSound(length_, rng) : DrawRecorded(rng);
      if (Power(second) > 0) AddNoise(samples, second, rng.Uniform(-5, 20));
    }
    return samples;
  }

  std::vector<float> DrawBackground(Rng& rng) const {
    // Babble under a voice would have to be told from it; a few voices are not.
    return DrawOther(rng);
  }

  void Degrade(std::vector<float>& samples, Rng& rng) const {
    const double peak = Peak(samples);
    if (peak > 0) {
      const double wanted = std::pow(10.0, rng.Uniform(-40, 0) / 20);
      for (float& sample : samples) sample *= static_cast<float>(wanted / peak);
    }
    if (rng.Uniform() < 0.06) Clip(samples, rng.Uniform(0.1, 0.7));
    if (rng.Uniform() < 0.06 && !codecs_.empty() && peak > 0)
      PassCodec(samples, codecs_[rng.Below(codecs_.size())], rng.Uniform(0.5, 1));
    if (rng.Uniform() < 0.25) {
      const bool telephone = rng.Uniform() < 0.6;
      NarrowBand(samples, telephone ? 8000 : 6000 + 200 * static_cast<int>(rng.Below(31)),
                 telephone && rng.Uniform() < 0.5);
    }
    // The recorder's own noise, down to the rounding of 16 bits.
    const double noise = std::pow(10.0, rng.Uniform(-100, -55) / 20);
    for (float& sample : samples) sample += static_cast<float>(noise * (rng.Uniform() - 0.5));
  }

  static double Peak(const std::vector<float>& samples) {
    float peak = 0;
    for (float sample : samples) peak = std::max(peak, std::abs(sample));
    return static_cast<double>(peak);
  }

  std::size_t length_, speech_records_ = 0;
  std::vector<std::unique_ptr<PackedDataset>> speech_, sounds_;
  std::vector<Class> classes_;
  std::unique_ptr<PackedDataset> rooms_;
  std::vector<Codec> codecs_;
};

SpeechNetwork ZerosLike(const SpeechNetwork& network) {
  SpeechNetwork zeros = network;
  for (Layer& layer : zeros.layers) {
    std::fill(layer.weights.begin(), layer.weights.end(), 0.0f);
    std::fill(layer.bias.begin(), layer.bias.end(), 0.0f);
  }
  return zeros;
}

template <typename Use>
void ForEachParameter(SpeechNetwork& network, const Use& use) {
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    use(l, network.layers[l].weights, true);
    use(l, network.layers[l].bias, false);
  }
}

// Kingma and Ba, "Adam: a method for stochastic optimization", 2015.
class Adam {
 public:
  explicit Adam(const SpeechNetwork& network) : first_(ZerosLike(network)), second_(first_) {}

  void Step(SpeechNetwork& network, SpeechNetwork& gradients, double lr) {
    constexpr double kFirst = 0.9, kSecond = 0.999, kEpsilon = 1e-8;
    ++steps_;
    const double rate =
        lr * std::sqrt(1 - std::pow(kSecond, steps_)) / (1 - std::pow(kFirst, steps_));
    ForEachParameter(network, [&](std::size_t l, std::vector<float>& values, bool weights) {
      auto of = [&](SpeechNetwork& other) -> std::vector<float>& {
        return weights ? other.layers[l].weights : other.layers[l].bias;
      };
      std::vector<float>&gradient = of(gradients), &first = of(first_), &second = of(second_);
      for (std::size_t i = 0; i < values.size(); ++i) {
        const double g = double{gradient[i]};
        first[i] = static_cast<float>(kFirst * double{first[i]} + (1 - kFirst) * g);
        second[i] = static_cast<float>(kSecond * double{second[i]} + (1 - kSecond) * g * g);
        values[i] -=
            static_cast<float>(rate * double{first[i]} / (std::sqrt(double{second[i]}) + kEpsilon));
      }
    });
  }

 private:
  SpeechNetwork first_, second_;
  double steps_ = 0;
};

// The label of every step of the network: what its frames agree on.
std::vector<int> StepTargets(const std::vector<int>& labels, std::size_t frames) {
  std::vector<int> targets((frames + kSpeechStride - 1) / kSpeechStride);
  for (std::size_t s = 0; s < targets.size(); ++s) {
    const std::size_t centre = s * kSpeechStride;
    const std::size_t begin = centre < 2 ? 0 : centre - 2;
    int target = -2;
    for (std::size_t t = begin; t < std::min(centre + 2, labels.size()); ++t)
      target = target == -2 || target == labels[t] ? labels[t] : -1;
    targets[s] = target == -2 ? -1 : target;
  }
  return targets;
}

std::string Describe(const SpeechTrainConfig& config, const SpeechTrainResult& result,
                     std::uint64_t steps) {
  nlohmann::ordered_json json;
  json["speech"] = config.speech;
  json["sounds"] = config.sounds;
  json["rooms"] = config.rooms;
  json["init_from"] = config.init_from;
  json["steps"] = steps;
  json["of_steps"] = config.steps;
  json["batch_size"] = config.batch_size;
  json["crop_seconds"] = config.crop_seconds;
  json["lr"] = config.lr;
  json["sound_weight"] = config.sound_weight;
  json["seed"] = config.seed;
  json["loss"] = result.loss;
  json["missed"] = result.missed;
  json["kept"] = result.kept;
  json["program"] = std::string("vpr ") + Version();
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

void SpeechTrainConfig::Validate() const {
  CheckSpeech(!speech.empty(), "speech: no packed set of speech is given");
  CheckSpeech(!output.empty(), "output: no file to write is given");
  CheckSpeech(channels >= 1 && channels <= 512, "channels: expected 1 to 512");
  CheckSpeech(steps >= 1, "steps: expected at least 1");
  CheckSpeech(batch_size >= 1 && batch_size <= 4096, "batch_size: expected 1 to 4096");
  CheckSpeech(crop_seconds >= 1 && crop_seconds <= 60, "crop_seconds: expected 1 to 60");
  CheckSpeech(lr > 0 && lr < 1, "lr: expected a number between 0 and 1");
  CheckSpeech(threshold > 0 && threshold < 1, "threshold: expected a number between 0 and 1");
  CheckSpeech(sound_weight > 0 && sound_weight <= 100, "sound_weight: expected 0 to 100");
}

SpeechNetwork NewSpeechNetwork(std::size_t channels, const std::vector<std::size_t>& dilations,
                               Rng& rng) {
  SpeechNetwork network;
  auto add = [&](std::size_t inputs, std::size_t outputs, std::size_t kernel, std::size_t stride,
                 std::size_t dilation, bool residual) {
    Layer& layer = network.layers.emplace_back();
    layer = {inputs, outputs, kernel, stride, dilation, residual, {}, {}};
    const double deviation =
        (outputs == 1 ? 0.1 : 1.0) * std::sqrt(2.0 / static_cast<double>(inputs * kernel));
    for (std::size_t i = 0; i < kernel * inputs * outputs; ++i)
      layer.weights.push_back(static_cast<float>(deviation * rng.Normal()));
    layer.bias.assign(outputs, 0.0f);
  };
  add(kSpeechBands, channels, 5, 2, 1, false);
  add(channels, channels, 3, 2, 1, false);
  for (std::size_t dilation : dilations) add(channels, channels, 3, 1, dilation, true);
  add(channels, 1, 1, 1, 1, false);
  return network;
}

double SpeechLoss(const SpeechNetwork& network, const std::vector<float>& frames,
                  const std::vector<int>& targets, double sound_weight, SpeechNetwork* gradients,
                  std::vector<float>* logits) {
  Pass pass;
  pass.inputs.emplace_back(
      ConstColumns(frames.data(), kSpeechBands, Signed(frames.size() / kSpeechBands)));
  for (const Layer& layer : network.layers) {
    pass.unfolded.push_back(Unfold(layer, pass.inputs.back()));
    Eigen::MatrixXf sums = WeightsOf(layer) * pass.unfolded.back();
    sums.colwise() += Eigen::Map<const Eigen::VectorXf>(layer.bias.data(), Signed(layer.outputs));
    if (layer.outputs > 1) sums = sums.cwiseMax(0.0f);
    pass.activated.push_back(sums);
    if (layer.residual) sums += pass.inputs.back();
    pass.inputs.push_back(std::move(sums));
  }
  const Eigen::MatrixXf& answers = pass.inputs.back();
  VPR_CHECK(static_cast<std::size_t>(answers.cols()) == targets.size());
  if (logits != nullptr) logits->assign(answers.data(), answers.data() + answers.size());

  double loss = 0, weights = 0;
  Eigen::MatrixXf gradient = Eigen::MatrixXf::Zero(1, answers.cols());
  for (std::size_t t = 0; t < targets.size(); ++t) {
    if (targets[t] < 0) continue;
    const double x = static_cast<double>(answers(0, Signed(t))), y = targets[t];
    const double weight = y > 0 ? 1 : sound_weight;
    loss += weight * (std::max(x, 0.0) - x * y + std::log1p(std::exp(-std::abs(x))));
    gradient(0, Signed(t)) = static_cast<float>(weight * (1 / (1 + std::exp(-x)) - y));
    weights += weight;
  }
  if (weights == 0) return 0;
  if (gradients != nullptr) {
    gradient /= static_cast<float>(weights);
    for (std::size_t l = network.layers.size(); l-- > 0;) {
      const Layer& layer = network.layers[l];
      Layer& into = gradients->layers[l];
      Eigen::MatrixXf local = gradient;
      if (layer.outputs > 1) local = (pass.activated[l].array() > 0.0f).select(local, 0.0f);
      Columns(into.weights.data(), Signed(layer.outputs), Signed(layer.kernel * layer.inputs)) +=
          local * pass.unfolded[l].transpose();
      Eigen::Map<Eigen::VectorXf>(into.bias.data(), Signed(layer.outputs)) += local.rowwise().sum();
      if (l == 0) break;
      Eigen::MatrixXf before =
          layer.residual
              ? gradient
              : Eigen::MatrixXf(Eigen::MatrixXf::Zero(Signed(layer.inputs), pass.inputs[l].cols()));
      Fold(layer, WeightsOf(layer).transpose() * local, before);
      gradient = std::move(before);
    }
  }
  return loss / weights;
}

SpeechTrainResult TrainSpeech(const SpeechTrainConfig& config, Progress& progress,
                              const StopRequested& stop) {
  config.Validate();
  constexpr std::uint64_t kSaveEvery = 200;
  const Crops crops(config);
  Rng rng(config.seed);
  SpeechTrainResult result;
  result.network = config.init_from.empty()
                       ? NewSpeechNetwork(config.channels, config.dilations, rng)
                       : LoadSpeechNetwork(config.init_from);
  SpeechNetwork& network = result.network;
  network.threshold = config.threshold;
  Adam adam(network);
  const double limit = std::log(config.threshold / (1 - config.threshold));
  struct One {
    SpeechNetwork gradients;
    double loss = 0, speech = 0, missed = 0, sound = 0, kept = 0;
  };
  std::vector<One> batch(config.batch_size);
  // Moving averages over the last tenth of the steps, or what there is.
  const double memory = std::max(1.0, 0.1 * static_cast<double>(config.steps));
  progress.Start("training", "step", config.steps);
  std::uint64_t step = 0;
  for (; step < config.steps; ++step) {
    if (stop && stop()) {
      result.interrupted = true;
      break;
    }
    ParallelFor(batch.size(), config.threads, [&](std::size_t b) {
      One& one = batch[b];
      one = {ZerosLike(network)};
      Rng of_crop(config.seed, step + 1, b);
      Example example = crops.Make(of_crop);
      SpeechFeatures features;
      std::vector<float> frames, logits;
      features.Accept(example.samples, frames);
      features.Finish(frames);
      // Another microphone: a smooth frequency response.
      const double slope = of_crop.Normal(), bend = of_crop.Normal();
      for (std::size_t i = 0; i < frames.size(); ++i) {
        const double band = (static_cast<double>(i % kSpeechBands) + 0.5) / kSpeechBands;
        frames[i] += static_cast<float>(0.25 * slope * std::cos(M_PI * band) +
                                        0.15 * bend * std::cos(2 * M_PI * band));
      }
      const std::vector<int> targets = StepTargets(example.labels, frames.size() / kSpeechBands);
      one.loss = SpeechLoss(network, frames, targets, config.sound_weight, &one.gradients, &logits);
      for (std::size_t t = 0; t < targets.size(); ++t) {
        const bool found = double{logits[t]} >= limit;
        if (targets[t] == 1) {
          ++one.speech;
          one.missed += found ? 0 : 1;
        } else if (targets[t] == 0) {
          ++one.sound;
          one.kept += found ? 1 : 0;
        }
      }
    });
    SpeechNetwork sum = ZerosLike(network);
    One all;
    for (One& one : batch) {
      ForEachParameter(sum, [&](std::size_t l, std::vector<float>& values, bool weights) {
        const std::vector<float>& from =
            weights ? one.gradients.layers[l].weights : one.gradients.layers[l].bias;
        for (std::size_t i = 0; i < values.size(); ++i)
          values[i] += from[i] / static_cast<float>(batch.size());
      });
      all.loss += one.loss / static_cast<double>(batch.size());
      all.speech += one.speech;
      all.missed += one.missed;
      all.sound += one.sound;
      all.kept += one.kept;
    }
    const double done = static_cast<double>(step) / static_cast<double>(config.steps);
    const double warm = std::min(1.0, (static_cast<double>(step) + 1) / 50);
    adam.Step(network, sum, warm * config.lr * (0.01 + 0.99 * (0.5 + 0.5 * std::cos(M_PI * done))));
    const double share = 1 / std::min(memory, static_cast<double>(step) + 1);
    auto average = [share](double& mean, double value) { mean += share * (value - mean); };
    average(result.loss, all.loss);
    if (all.speech > 0) average(result.missed, all.missed / all.speech);
    if (all.sound > 0) average(result.kept, all.kept / all.sound);
    progress.Update(step + 1, Format("loss %.3f, %.1f %% missed, %.1f %% kept", result.loss,
                                     100 * result.missed, 100 * result.kept));
    if ((step + 1) % kSaveEvery == 0 && step + 1 < config.steps)
      SaveSpeechNetwork(config.output, network, Describe(config, result, step + 1));
  }
  progress.Finish();
  SaveSpeechNetwork(config.output, network, Describe(config, result, step));
  return result;
}

}  // namespace vpr
