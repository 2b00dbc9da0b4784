#include "vpr/model/embedding_extractor.h"

#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <limits>
#include <optional>

#include "vpr/audio/pcm16.h"
#include "vpr/audio/speech_detector.h"
#include "vpr/audio/speech_quality.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/process.h"
#include "vpr/base/text.h"
#include "vpr/features/mel.h"
#include "vpr/model/embed_each.h"
#include "vpr/model/fusion.h"
#include "vpr/model/measure_conditions.h"
#include "vpr/model/network_engine.h"
#include "vpr/model/open_speech.h"
#include "vpr/model/several_voices.h"
#include "vpr/score/cosine.h"

namespace vpr {
namespace {

// The longest stretch that goes through a network whole: bounds memory, and training crops are not
// much longer than 2 s.
constexpr double kPartSeconds = 10;
constexpr double kForeignPartSeconds = 60;

// Of the time that a file takes, for showing progress: finding its speech and looking for a voice
// in it, against embedding it.
constexpr double kFindShare = 0.1, kVoiceShare = 0.2;

constexpr int kLargeBlock = 1 << 14;  // bytes

// Less speech than this says nothing about a speaker.
constexpr double kMinSpeechSeconds = 0.3;

SpeechOptions SpeechOptionsOf(const ModelInfo& info) {
  SpeechOptions speech;
  speech.trim = info.features.trim_top_db > 0;
  speech.trim_top_db = info.features.trim_top_db;
  speech.min_seconds = kMinSpeechSeconds;
  return speech;
}

// A recording without a voice has no speaker, however alike two such sounds are: throws kUnusable.
// `meter`, if there is one, gets the samples too.
void RequireVoice(SpeechReader& speech, const SpeechNetwork& network, const OnRead& on_read,
                  SpeechMeter* meter) {
  SpeechDetector detector(network);
  std::vector<float> probabilities;
  std::size_t frames = 0;
  auto count = [&] {
    for (float probability : probabilities)
      frames += static_cast<double>(probability) >= network.threshold ? 1 : 0;
    probabilities.clear();
  };
  speech.source().ForEachBlock(
      [&](std::span<const float> samples) {
        detector.Accept(samples, probabilities);
        count();
        if (meter != nullptr) meter->Accept(samples);
      },
      on_read);
  detector.Finish(probabilities);
  count();
  const double found = static_cast<double>(frames * SpeechDetector::kFrame) / kSampleRate;
  if (found < kMinSpeechSeconds)
    throw Error(
        ErrorCode::kUnusable,
        "cannot use '" + Printable(speech.source().name()) +
            Format("': not enough speech: %.2f s found in %.2f s, %.2g s needed", found,
                   static_cast<double>(speech.num_samples()) / kSampleRate, kMinSpeechSeconds));
}

// The same as where somebody is verified or identified, but that nothing is refused for it.
void AddDoubts(const SpeechQuality& quality, std::string several_voices, EmbeddedFile& file) {
  QualityVerdict verdict = Judge(quality);
  if (!verdict.refused.empty()) file.warnings.push_back(std::move(verdict.refused));
  for (std::string& warning : verdict.warnings) file.warnings.push_back(std::move(warning));
  if (!several_voices.empty()) file.warnings.push_back(std::move(several_voices));
}

}  // namespace

// A network with what it hears.
class EmbeddingExtractor::Listener {
 public:
  Listener(const ModelInfo& info, std::unique_ptr<Network> network, double weight = 1)
      : network_(std::move(network)),
        mel_(info.features),
        front_end_(info.is_imported() ? MakeFrontEnd(info.front_end) : nullptr),
        embedding_dim_(info.embedding_dim),
        factor_(static_cast<float>(std::sqrt(weight))) {}

  std::vector<float> Embed(std::span<const float> speech) const {
    if (front_end_ == nullptr) return EmbedFeatures(mel_.Compute(speech));
    const Matrix features = front_end_->Compute(speech);
    const std::vector<std::size_t> parts = front_end_->Parts(speech.size());
    if (parts.empty()) return EmbedFeatures(features);
    std::vector<float> sum(static_cast<std::size_t>(embedding_dim_), 0.0f);
    Matrix part(features.rows, front_end_->part_frames());
    for (std::size_t begin : parts) {
      for (std::size_t row = 0; row < part.rows; ++row)
        std::copy_n(features.row(row) + begin, part.cols, part.row(row));
      const std::vector<float> embedding = EmbedFeatures(part);
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += embedding[i];
    }
    Scale(sum);
    return sum;
  }

  // Of length `factor_`.
  std::vector<float> EmbedFeatures(const Matrix& features) const {
    std::vector<float> embedding = network_->Forward(features);
    // A network from elsewhere may do as it likes.
    if (embedding.size() != static_cast<std::size_t>(embedding_dim_))
      throw Error(ErrorCode::kUnusable,
                  Format("the network made an embedding of %zu numbers, not %d", embedding.size(),
                         embedding_dim_));
    if (!std::all_of(embedding.begin(), embedding.end(),
                     [](float value) { return std::isfinite(value); }))
      throw Error(ErrorCode::kUnusable,
                  "the network made an embedding with values that are no numbers");
    Scale(embedding);
    return embedding;
  }

 private:
  void Scale(std::vector<float>& embedding) const {
    Normalize(embedding);
    if (factor_ != 1) {
      for (float& value : embedding) value *= factor_;
    }
  }

  std::unique_ptr<Network> network_;
  MelComputer mel_;
  std::shared_ptr<const FrontEnd> front_end_;  // instead of mel_, of a network trained elsewhere
  int embedding_dim_;
  float factor_;
};

struct EmbeddingExtractor::Impl {
  ModelInfo info;
  ExtractorOptions options;
  std::vector<Listener> listeners;    // several: of a fusion that is no one graph
  std::shared_future<Scorer> scorer;  // of a model file: made meanwhile
  double part_seconds = info.is_imported() ? kForeignPartSeconds : kPartSeconds;

  std::size_t Samples(double seconds) const {
    return static_cast<std::size_t>(std::lround(seconds * info.features.sample_rate));
  }
  std::size_t LongestPart() const {
    return std::max(Samples(part_seconds), Samples(info.crop_seconds));
  }

  std::vector<float> EmbedPart(std::span<const float> speech) const {
    std::vector<float> embedding = listeners.front().Embed(speech);
    for (std::size_t i = 1; i < listeners.size(); ++i) {
      const std::vector<float> more = listeners[i].Embed(speech);
      embedding.insert(embedding.end(), more.begin(), more.end());
    }
    if (listeners.size() > 1) Normalize(embedding);
    return embedding;
  }
};

// Speech that comes block by block, cut into equal parts, some of which are embedded at once.
class EmbeddingExtractor::PartEmbedder {
 public:
  // `samples`: as many as will come.
  PartEmbedder(const Impl& impl, std::size_t samples, int threads)
      : impl_(impl),
        samples_(samples),
        parts_((samples + impl.LongestPart() - 1) / impl.LongestPart()),
        threads_(threads),
        sum_(static_cast<std::size_t>(impl.info.embedding_dim), 0.0f) {
    if (samples == 0) throw Error(ErrorCode::kUnusable, "no speech to make an embedding of");
  }

  void Accept(std::span<const float> speech) {
    while (!speech.empty()) {
      const std::size_t wanted = End(part_) - at_;
      const std::size_t count = std::min(wanted, speech.size());
      if (waiting_.size() <= num_waiting_) waiting_.emplace_back();
      std::vector<float>& part = waiting_[num_waiting_];
      part.insert(part.end(), speech.begin(), speech.begin() + static_cast<std::ptrdiff_t>(count));
      at_ += count;
      speech = speech.subspan(count);
      if (count < wanted) return;
      ++part_;
      ++num_waiting_;
      if (num_waiting_ >= static_cast<std::size_t>(std::max(threads_, 1))) EmbedWaiting();
    }
  }

  std::vector<float> Finish() {
    EmbedWaiting();
    VPR_CHECK(at_ == samples_ && part_ == parts_);
    Normalize(sum_);
    return std::move(sum_);
  }

 private:
  std::size_t End(std::size_t part) const { return samples_ * (part + 1) / parts_; }

  void EmbedWaiting() {
    std::vector<std::vector<float>> embeddings(num_waiting_);
    ParallelFor(num_waiting_, threads_,
                [&](std::size_t i) { embeddings[i] = impl_.EmbedPart(waiting_[i]); });
    // In their order, so that the sum does not depend on the threads.
    for (const std::vector<float>& one : embeddings)
      for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] += one[i];
    for (std::vector<float>& part : waiting_) part.clear();
    num_waiting_ = 0;
  }

  const Impl& impl_;
  std::size_t samples_, parts_;
  int threads_;
  std::vector<float> sum_;
  std::vector<std::vector<float>> waiting_;  // parts that are whole, and the one under way
  std::size_t num_waiting_ = 0, part_ = 0, at_ = 0;
};

EmbeddingExtractor::EmbeddingExtractor(const ModelInfo& info, std::unique_ptr<Network> network,
                                       const ExtractorOptions& options, const ScoringModel& scoring)
    : EmbeddingExtractor(std::unique_ptr<Impl>(
          new Impl{info,
                   options,
                   {},
                   std::async(std::launch::deferred, [scorer = Scorer(scoring, info.calibration)] {
                     return scorer;
                   }).share()})) {
  impl_->listeners.emplace_back(info, std::move(network));
}
EmbeddingExtractor::EmbeddingExtractor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EmbeddingExtractor::~EmbeddingExtractor() = default;
EmbeddingExtractor::EmbeddingExtractor(EmbeddingExtractor&&) noexcept = default;

std::vector<EmbeddingExtractor::Listener> EmbeddingExtractor::Listeners(
    Model model, const ExtractorOptions& options) {
  std::vector<Listener> listeners;
  if (!IsMixed(model.info)) {
    const ModelInfo info = model.info;
    listeners.emplace_back(info, MakeNetwork(std::move(model), options));
    return listeners;
  }
  for (Model& part : PartsOf(model)) {
    const ModelInfo info = part.info;
    const double weight = model.info.parts[listeners.size()].weight;
    listeners.emplace_back(info, MakeNetwork(std::move(part), options), weight);
  }
  return listeners;
}

EmbeddingExtractor EmbeddingExtractor::Open(Model model, const ExtractorOptions& options) {
  EmbeddingExtractor extractor(model.info, nullptr, options);
  extractor.impl_->listeners = Listeners(std::move(model), options);
  return extractor;
}

EmbeddingExtractor EmbeddingExtractor::Open(const std::string& model_path,
                                            const ExtractorOptions& options) {
#ifdef __GLIBC__
  // The weights are in memory three times, one after the other: as in the file, as a graph, as the
  // engine packs them. Large blocks go back to the system at once, where the allocator would keep
  // them for threads that have blocks of their own.
  if (ProcessIsOwned()) mallopt(M_MMAP_THRESHOLD, kLargeBlock);
#endif
  Model model = LoadModel(model_path);
  ModelInfo info = model.info;
  // It cannot fail: LoadModel has seen that the parts fit together.
  std::shared_future<Scorer> scorer =
      std::async(std::launch::async, [scoring = std::move(model.scoring),
                                      calibration = info.calibration]() mutable {
        return Scorer(std::move(scoring), calibration);
      }).share();
  std::vector<Listener> listeners;
  try {
    listeners = Listeners(std::move(model), options);
  } catch (const Error& error) {
    // Engines know the model, not its file.
    const std::string_view what = error.what();
    constexpr std::string_view kThis = "cannot use this model: ";
    if (!what.starts_with(kThis)) throw;
    throw Error(error.code(), "cannot use model '" + Printable(model_path) +
                                  "': " + std::string(what.substr(kThis.size())));
  }
  return EmbeddingExtractor(std::unique_ptr<Impl>(
      new Impl{std::move(info), options, std::move(listeners), std::move(scorer)}));
}

EmbeddingExtractor EmbeddingExtractor::OpenTorchScript(const std::string& path,
                                                       const std::string& front_end,
                                                       const ExtractorOptions& options) {
  if (options.backend == "onednn")
    throw Error(ErrorCode::kInvalidArgument,
                "backend onednn cannot run TorchScript; use --backend libtorch");
  const std::unique_ptr<FrontEnd> features = MakeFrontEnd(front_end);
  std::unique_ptr<Network> network = LoadTorchScript(path, options);
  ModelInfo info;
  std::vector<float> sound(static_cast<std::size_t>(info.features.sample_rate));
  for (std::size_t i = 0; i < sound.size(); ++i) sound[i] = 1e-3f * static_cast<float>(i % 100);
  info.embedding_dim = static_cast<int>(network->Forward(features->Compute(sound)).size());
  info.architecture = "torchscript";
  info.crop_seconds = kMinSpeechSeconds;
  info.features.n_mels = features->num_bins();
  info.front_end = front_end;
  info.features.trim_top_db = 0;
  return {info, std::move(network), options};
}

const ModelInfo& EmbeddingExtractor::info() const { return impl_->info; }
const ExtractorOptions& EmbeddingExtractor::options() const { return impl_->options; }

const Scorer& EmbeddingExtractor::scorer() const { return impl_->scorer.get(); }

SpeechReader EmbeddingExtractor::OpenSpeech(const std::string& path) const {
  ReadOptions read = impl_->options.read;
  read.sample_rate = kSampleRate;
  return vpr::OpenSpeech(*this, AudioSource(path, read));
}

SpeechReader OpenSpeech(const EmbeddingExtractor& extractor, AudioSource source) {
  VPR_CHECK(source.sample_rate() == kSampleRate);
  return SpeechReader(std::move(source), SpeechOptionsOf(extractor.info()));
}

std::vector<float> EmbeddingExtractor::ReadSpeechFor(const std::string& path) const {
  SpeechReader speech = OpenSpeech(path);
  speech.Find();
  return speech.ReadAll();
}

std::vector<float> EmbeddingExtractor::SpeechFor(const std::vector<float>& samples,
                                                 const std::string& name) const {
  return ExtractSpeech(samples, SpeechOptionsOf(impl_->info), name);
}

std::vector<float> EmbeddingExtractor::Extract(std::span<const float> speech) const {
  const std::size_t longest = impl_->LongestPart();
  if (speech.empty() || speech.size() > longest) {
    PartEmbedder embedder(*impl_, speech.size(), 1);
    embedder.Accept(speech);
    return embedder.Finish();
  }
  std::vector<float> repeated;
  if (speech.size() < impl_->Samples(impl_->info.crop_seconds)) {
    repeated = RepeatTo(speech, impl_->Samples(impl_->info.crop_seconds));
    speech = repeated;
  }
  std::vector<float> embedding = impl_->EmbedPart(speech);
  Normalize(embedding);
  return embedding;
}

std::vector<float> EmbeddingExtractor::Extract(SpeechReader& speech, int threads,
                                               const OnRead& on_read,
                                               const OnSpeech& on_speech) const {
  const std::size_t samples = speech.num_speech_samples();
  if (samples <= impl_->LongestPart()) {
    const std::vector<float> all = speech.ReadAll();
    if (on_speech) on_speech(all);
    return Extract(all);
  }
  PartEmbedder embedder(*impl_, samples, threads);
  speech.ForEachBlock(
      [&](std::span<const float> block) {
        if (on_speech) on_speech(block);
        embedder.Accept(block);
      },
      on_read);
  return embedder.Finish();
}

std::vector<float> EmbeddingExtractor::ExtractFromMel(const Matrix& mel) const {
  if (impl_->info.is_imported())
    throw Error(ErrorCode::kInvalidArgument, "a network with the front end '" +
                                                 impl_->info.front_end +
                                                 "' takes sound, not stored spectrograms");
  if (impl_->listeners.size() > 1)
    throw Error(ErrorCode::kInvalidArgument,
                "a fusion of networks with features of their own takes sound, not stored "
                "spectrograms");
  return impl_->listeners.front().EmbedFeatures(FeaturesFromMel(mel, impl_->info.features));
}

Matrix FeaturesFromMel(Matrix mel, const FeatureOptions& options) {
  if (options.level_norm)
    throw Error(ErrorCode::kInvalidArgument,
                "level_norm works on waveforms and cannot be applied to stored spectrograms");
  if (options.kind == FeatureKind::kLogMel) ApplyLog(mel, options.log_floor);
  if (options.kind == FeatureKind::kDb) ApplyPowerToDb(mel);
  if (options.mean_norm) ApplyMeanNorm(mel);
  return mel;
}

std::vector<float> RepeatTo(std::span<const float> samples, std::size_t length) {
  std::vector<float> repeated(samples.begin(), samples.end());
  while (repeated.size() < length && !samples.empty())
    repeated.insert(repeated.end(), samples.begin(),
                    samples.begin() + static_cast<std::ptrdiff_t>(
                                          std::min(samples.size(), length - repeated.size())));
  return repeated;
}

void EmbedEach(std::size_t count, const std::function<std::string(std::size_t)>& path_of,
               const EmbeddingExtractor& extractor, Progress& progress, const StopRequested& stop,
               const std::function<void(const EmbeddedFile&)>& on_file, bool judge) {
  const int threads =
      extractor.options().threads > 0 ? extractor.options().threads : HardwareThreads();
  // Where there are fewer files than threads, the parts of a long one are shared.
  const int threads_of_file =
      std::max(1, threads / static_cast<int>(std::clamp<std::size_t>(count, 1, 1u << 16)));
  // Without it no file can be used: said once, before the first.
  const SpeechNetwork& speech_network = SpeechDetector::DefaultNetwork();
  std::vector<EmbeddedFile> slots(static_cast<std::size_t>(2 * threads));
  progress.Start("embedding", "file", count);
  PartialProgress partial(progress, stop, slots.size());
  auto produce = [&](std::size_t i) {
    const std::size_t slot = i % slots.size();
    EmbeddedFile& file = slots[slot];
    file = {};
    file.index = i;
    file.path = path_of(i);
    std::optional<SpeechReader> speech;
    std::optional<SpeechMeter> meter;
    try {
      speech.emplace(extractor.OpenSpeech(file.path));
      speech->Find([&](double share) { partial.Update(slot, kFindShare * share); });
      if (judge) meter.emplace(speech->peak());
      RequireVoice(
          *speech, speech_network,
          [&](double share) { partial.Update(slot, kFindShare + kVoiceShare * share); },
          meter ? &*meter : nullptr);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kInternal || error.code() == ErrorCode::kInterrupted) throw;
      file.failure = error.what();
      return;
    }
    try {
      SpeechFingerprintStream fingerprint;
      ConditionsMeter conditions(speech->num_speech_samples());
      std::optional<VoicesMeter> voices;
      if (judge) voices.emplace(speech->num_speech_samples());
      file.embedding = extractor.Extract(
          *speech, threads_of_file,
          [&](double share) {
            partial.Update(slot, kFindShare + kVoiceShare + (1 - kFindShare - kVoiceShare) * share);
          },
          [&](std::span<const float> samples) {
            fingerprint.Add(samples);
            conditions.Accept(samples);
            if (voices) voices->Accept(samples);
          });
      file.conditions = conditions.Finish();
      file.fingerprint = fingerprint.Digest();
      file.warnings = speech->source().warnings();
      if (judge) AddDoubts(meter->Finish(), voices->Finish(extractor, threads_of_file), file);
    } catch (const Error& error) {
      // Another one than it was a moment ago.
      if (error.code() == ErrorCode::kIo || error.code() == ErrorCode::kCorrupt) {
        file.embedding.clear();
        file.failure = error.what();
        return;
      }
      if (error.code() != ErrorCode::kUnusable) throw;
      file.failure = "cannot embed '" + Printable(file.path) + "': " + error.what();
    }
  };
  std::size_t done = 0;
  auto consume = [&](std::size_t i) {
    const EmbeddedFile& file = slots[i % slots.size()];
    for (const std::string& warning : file.warnings)
      progress.Warn("'" + Printable(file.path) + "': " + warning);
    on_file(file);
    done = i + 1;
    partial.Done(i % slots.size());
    progress.Update(i + 1);
  };
  try {
    OrderedParallelFor(count, threads, slots.size(), produce, consume, stop);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInterrupted) throw;  // in the midst of a file: said below
  }
  progress.Finish();
  if (done < count)
    throw Error(ErrorCode::kInterrupted, Format("stopped after %zu of %zu files", done, count));
}

EmbeddedFiles EmbedFiles(const std::vector<std::string>& paths, const EmbeddingExtractor& extractor,
                         Progress& progress, const StopRequested& stop,
                         const std::function<void(const FailedFile&)>& on_bad) {
  const std::size_t dim = static_cast<std::size_t>(extractor.info().embedding_dim);
  EmbeddedFiles embedded{Matrix(paths.size(), dim), std::vector<SpeechConditions>(paths.size()),
                         std::vector<std::string>(paths.size())};
  EmbedEach(
      paths.size(), [&](std::size_t i) { return paths[i]; }, extractor, progress, stop,
      [&](const EmbeddedFile& file) {
        float* row = embedded.embeddings.row(file.index);
        if (file.failure) {
          std::fill(row, row + dim, std::numeric_limits<float>::quiet_NaN());
          embedded.conditions[file.index].seconds = std::numeric_limits<double>::quiet_NaN();
          on_bad({file.index, file.path, *file.failure});
          return;
        }
        embedded.conditions[file.index] = file.conditions;
        embedded.fingerprints[file.index] = file.fingerprint;
        std::copy(file.embedding.begin(), file.embedding.end(), row);
      });
  return embedded;
}

}  // namespace vpr
