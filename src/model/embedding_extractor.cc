#include "vpr/model/embedding_extractor.h"

#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <limits>
#include <optional>

#include "vpr/audio/pcm16.h"
#include "vpr/audio/speech.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/features/mel.h"
#include "vpr/model/backend.h"
#include "vpr/model/embed_each.h"
#include "vpr/score/cosine.h"

namespace vpr {
namespace {

// The longest stretch that goes through a network whole: bounds memory, and training crops are not
// much longer than 2 s.
constexpr double kPartSeconds = 10;
constexpr double kForeignPartSeconds = 60;

constexpr int kLargeBlock = 1 << 14;  // bytes

// Less speech than this says nothing about a speaker.
constexpr double kMinSpeechSeconds = 0.3;

}  // namespace

struct EmbeddingExtractor::Impl {
  ModelInfo info;
  ExtractorOptions options;
  std::unique_ptr<Network> network;
  std::shared_future<Scorer> scorer;  // of a model file: made meanwhile
  MelComputer mel = MelComputer(info.features);
  std::optional<FbankComputer> fbank = {};  // instead of mel
  double part_seconds = kPartSeconds;

  SpeechOptions speech_options() const {
    SpeechOptions speech;
    speech.trim = info.features.trim_top_db > 0;
    speech.trim_top_db = info.features.trim_top_db;
    speech.min_seconds = kMinSpeechSeconds;
    return speech;
  }

  Matrix Features(std::span<const float> speech) const {
    return fbank ? fbank->Compute(speech) : mel.Compute(speech);
  }

  std::vector<float> EmbedPart(const Matrix& features) const {
    std::vector<float> embedding = network->Forward(features);
    // A network from elsewhere may do as it likes.
    if (embedding.size() != static_cast<std::size_t>(info.embedding_dim))
      throw Error(ErrorCode::kUnusable,
                  Format("the network made an embedding of %zu numbers, not %d", embedding.size(),
                         info.embedding_dim));
    if (!std::all_of(embedding.begin(), embedding.end(),
                     [](float value) { return std::isfinite(value); }))
      throw Error(ErrorCode::kUnusable,
                  "the network made an embedding with values that are no numbers");
    Normalize(embedding);
    return embedding;
  }
};

EmbeddingExtractor::EmbeddingExtractor(const ModelInfo& info, std::unique_ptr<Network> network,
                                       const ExtractorOptions& options, const ScoringModel& scoring)
    : EmbeddingExtractor(std::unique_ptr<Impl>(
          new Impl{info, options, std::move(network),
                   std::async(std::launch::deferred, [scorer = Scorer(scoring, info.calibration)] {
                     return scorer;
                   }).share()})) {}
EmbeddingExtractor::EmbeddingExtractor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EmbeddingExtractor::~EmbeddingExtractor() = default;
EmbeddingExtractor::EmbeddingExtractor(EmbeddingExtractor&&) noexcept = default;

EmbeddingExtractor EmbeddingExtractor::Open(const std::string& model_path,
                                            const ExtractorOptions& options) {
#ifdef __GLIBC__
  // The weights are in memory three times, one after the other: as in the file, as a graph, as the
  // engine packs them. Large blocks go back to the system at once, where the allocator would keep
  // them for threads that have blocks of their own.
  mallopt(M_MMAP_THRESHOLD, kLargeBlock);
#endif
  Model model = LoadModel(model_path);
  ModelInfo info = model.info;
  // It cannot fail: LoadModel has seen that the parts fit together.
  std::shared_future<Scorer> scorer =
      std::async(std::launch::async, [scoring = std::move(model.scoring),
                                      calibration = info.calibration]() mutable {
        return Scorer(std::move(scoring), calibration);
      }).share();
  std::unique_ptr<Network> network = MakeNetwork(std::move(model), options);
  return EmbeddingExtractor(std::unique_ptr<Impl>(
      new Impl{std::move(info), options, std::move(network), std::move(scorer)}));
}

EmbeddingExtractor EmbeddingExtractor::OpenTorchScript(const std::string& path,
                                                       const FbankOptions& features,
                                                       const ExtractorOptions& options) {
  if (options.backend == "onednn")
    throw Error(ErrorCode::kInvalidArgument,
                "backend onednn cannot run TorchScript; use --backend libtorch");
  const FbankComputer fbank(features);
  std::unique_ptr<Network> network = OpenBackend().LoadTorchScript(path, options);
  ModelInfo info;
  std::vector<float> sound(static_cast<std::size_t>(info.features.sample_rate));
  for (std::size_t i = 0; i < sound.size(); ++i) sound[i] = 1e-3f * static_cast<float>(i % 100);
  info.embedding_dim = static_cast<int>(network->Forward(fbank.Compute(sound)).size());
  info.architecture = "torchscript";
  info.crop_seconds = kMinSpeechSeconds;
  info.features.n_mels = features.num_bins;
  info.features.trim_top_db = 0;
  EmbeddingExtractor extractor(info, std::move(network), options);
  extractor.impl_->fbank = fbank;
  extractor.impl_->part_seconds = kForeignPartSeconds;
  return extractor;
}

const ModelInfo& EmbeddingExtractor::info() const { return impl_->info; }
const ExtractorOptions& EmbeddingExtractor::options() const { return impl_->options; }

const Scorer& EmbeddingExtractor::scorer() const { return impl_->scorer.get(); }

std::vector<float> EmbeddingExtractor::ReadSpeechFor(const std::string& path) const {
  return ReadSpeech(path, impl_->speech_options()).samples;
}

std::vector<float> EmbeddingExtractor::SpeechFor(const std::vector<float>& samples,
                                                 const std::string& name) const {
  return ExtractSpeech(samples, impl_->speech_options(), name);
}

std::vector<float> EmbeddingExtractor::Extract(std::span<const float> speech) const {
  if (speech.empty()) throw Error(ErrorCode::kUnusable, "no speech to make an embedding of");
  const ModelInfo& info = impl_->info;
  auto samples = [&](double seconds) {
    return static_cast<std::size_t>(std::lround(seconds * info.features.sample_rate));
  };
  std::vector<float> repeated;
  if (speech.size() < samples(info.crop_seconds)) {
    repeated = RepeatTo(speech, samples(info.crop_seconds));
    speech = repeated;
  }
  std::size_t longest = std::max(samples(impl_->part_seconds), samples(info.crop_seconds));
  std::size_t parts = (speech.size() + longest - 1) / longest;
  std::vector<float> embedding(static_cast<std::size_t>(info.embedding_dim), 0.0f);
  for (std::size_t part = 0; part < parts; ++part) {
    std::size_t begin = speech.size() * part / parts, end = speech.size() * (part + 1) / parts;
    std::vector<float> one = impl_->EmbedPart(impl_->Features(speech.subspan(begin, end - begin)));
    for (std::size_t i = 0; i < embedding.size(); ++i) embedding[i] += one[i];
  }
  Normalize(embedding);
  return embedding;
}

std::vector<float> EmbeddingExtractor::ExtractFromMel(const Matrix& mel) const {
  return impl_->EmbedPart(FeaturesFromMel(mel, impl_->info.features));
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
               const std::function<void(const EmbeddedFile&)>& on_file) {
  const int threads =
      extractor.options().threads > 0 ? extractor.options().threads : HardwareThreads();
  std::vector<EmbeddedFile> slots(static_cast<std::size_t>(2 * threads));
  progress.Start("embedding", "file", count);
  auto produce = [&](std::size_t i) {
    EmbeddedFile& file = slots[i % slots.size()];
    file = {};
    file.index = i;
    file.path = path_of(i);
    std::vector<float> speech;
    try {
      speech = extractor.ReadSpeechFor(file.path);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kInternal) throw;
      file.failure = error.what();
      return;
    }
    try {
      file.embedding = extractor.Extract(speech);
      file.seconds = static_cast<double>(speech.size()) / extractor.info().features.sample_rate;
      file.fingerprint = SpeechFingerprint(speech);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnusable) throw;
      file.failure = "cannot embed '" + Printable(file.path) + "': " + error.what();
    }
  };
  auto consume = [&](std::size_t i) {
    on_file(slots[i % slots.size()]);
    progress.Update(i + 1);
  };
  const std::size_t done = OrderedParallelFor(count, threads, slots.size(), produce, consume, stop);
  progress.Finish();
  if (done < count)
    throw Error(ErrorCode::kInterrupted, Format("stopped after %zu of %zu files", done, count));
}

EmbeddedFiles EmbedFiles(const std::vector<std::string>& paths, const EmbeddingExtractor& extractor,
                         Progress& progress, const StopRequested& stop,
                         const std::function<void(const FailedFile&)>& on_bad) {
  const std::size_t dim = static_cast<std::size_t>(extractor.info().embedding_dim);
  EmbeddedFiles embedded{Matrix(paths.size(), dim), std::vector<double>(paths.size()),
                         std::vector<std::string>(paths.size())};
  EmbedEach(
      paths.size(), [&](std::size_t i) { return paths[i]; }, extractor, progress, stop,
      [&](const EmbeddedFile& file) {
        float* row = embedded.embeddings.row(file.index);
        if (file.failure) {
          std::fill(row, row + dim, std::numeric_limits<float>::quiet_NaN());
          embedded.seconds[file.index] = std::numeric_limits<double>::quiet_NaN();
          on_bad({file.index, file.path, *file.failure});
          return;
        }
        embedded.seconds[file.index] = file.seconds;
        embedded.fingerprints[file.index] = file.fingerprint;
        std::copy(file.embedding.begin(), file.embedding.end(), row);
      });
  return embedded;
}

}  // namespace vpr
