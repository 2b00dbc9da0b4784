#include "vpr/classify/feature_set.h"

#include <array>
#include <optional>

#include "vpr/audio/pcm16.h"
#include "vpr/audio/speech.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/features/mel.h"

namespace vpr {
namespace {

constexpr std::array<const char*, 4> kKinds = {"statistics", "summary", "embedding", "spectrogram"};

}  // namespace

const char* ToString(FeatureSetKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

FeatureSetKind ParseFeatureSetKind(const std::string& name) {
  for (std::size_t i = 0; i < kKinds.size(); ++i)
    if (name == kKinds[i]) return static_cast<FeatureSetKind>(i);
  throw Error(ErrorCode::kIncompatible,
              "feature set '" + Printable(name) + "' is unknown to this version");
}

struct FeatureExtractor::Impl {
  FeatureSet set;
  std::optional<AcousticComputer> acoustic;
  std::optional<MelComputer> mel;
  std::optional<EmbeddingExtractor> embedding;

  SpeechOptions speech_options() const {
    SpeechOptions options;
    options.sample_rate = set.acoustic.frames.sample_rate;
    options.trim_top_db = set.acoustic.frames.trim_top_db;
    options.trim = options.trim_top_db > 0;
    return options;
  }
};

FeatureExtractor::FeatureExtractor(const FeatureSet& set, const std::string& embedding_model,
                                   const ExtractorOptions& engine)
    : impl_(std::make_unique<Impl>()) {
  impl_->set = set;
  switch (set.kind) {
    case FeatureSetKind::kStatistics:
      if (set.acoustic.features.empty() || set.statistics.empty())
        throw Error(ErrorCode::kInvalidArgument, "no features or no statistics to classify by");
      impl_->acoustic.emplace(set.acoustic);
      break;
    case FeatureSetKind::kSummary:
      set.acoustic.Validate();
      break;
    case FeatureSetKind::kSpectrogram:
      impl_->mel.emplace(set.acoustic.frames);
      break;
    case FeatureSetKind::kEmbedding: {
      impl_->embedding.emplace(EmbeddingExtractor::Open(embedding_model, engine));
      const std::string& network = impl_->embedding->info().network_fingerprint;
      if (!set.embedding_network.empty() && set.embedding_network != network)
        throw Error(ErrorCode::kIncompatible,
                    "speaker model '" + Printable(embedding_model) + "' has the network " +
                        network.substr(0, 12) + "; the classifier was trained on embeddings of " +
                        set.embedding_network.substr(0, 12) +
                        ": name that model with --embedding-model, or train again");
      impl_->set.embedding_network = network;
      break;
    }
  }
}
FeatureExtractor::~FeatureExtractor() = default;
FeatureExtractor::FeatureExtractor(FeatureExtractor&&) noexcept = default;

const FeatureSet& FeatureExtractor::set() const { return impl_->set; }

FeatureExtractor::Input FeatureExtractor::Extract(const std::string& path) const {
  Input input;
  std::vector<float> column;
  if (impl_->embedding) {
    SpeechReader speech = impl_->embedding->OpenSpeech(path);
    speech.Find();
    SpeechFingerprintStream fingerprint;
    column = impl_->embedding->Extract(
        speech, 1, {}, [&](std::span<const float> samples) { fingerprint.Add(samples); });
    input.fingerprint = fingerprint.Digest();
  } else {
    const std::vector<float> samples = ReadSpeech(path, impl_->speech_options()).samples;
    input.fingerprint = SpeechFingerprint(samples);
    if (impl_->mel) {
      input.features = impl_->mel->Compute(samples);
      return input;
    }
    column = impl_->acoustic ? Summarize(impl_->acoustic->Compute(samples), impl_->set.statistics)
                             : OverallSummary(samples, impl_->set.acoustic);
  }
  input.features = Matrix(column.size(), 1);
  input.features.data = std::move(column);
  return input;
}

std::vector<std::string> FeatureExtractor::RowNames() const {
  auto numbered = [](const char* name, int count) {
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) names.push_back(name + ("_" + std::to_string(i)));
    return names;
  };
  switch (impl_->set.kind) {
    case FeatureSetKind::kStatistics:
      return SummaryNames(impl_->acoustic->RowNames(), impl_->set.statistics);
    case FeatureSetKind::kSummary:
      return OverallSummaryNames();
    case FeatureSetKind::kEmbedding:
      return numbered("embedding", impl_->embedding->info().embedding_dim);
    case FeatureSetKind::kSpectrogram:
      return numbered("mel", impl_->set.acoustic.frames.n_mels);
  }
  return {};
}

}  // namespace vpr
