#include "vpr/model/average.h"

#include <cmath>
#include <numeric>

#include "vpr/audio/pcm16.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

// What came after the first models is off where a model does not name it.
ArchitectureOptions WithoutSwitchesOff(ArchitectureOptions options) {
  std::erase_if(options, [](const auto& option) { return option.second == std::vector<int>{0}; });
  return options;
}

void CheckAlike(const Model& a, const Model& b, std::size_t number) {
  auto fail = [&](const std::string& what) {
    return Error(ErrorCode::kIncompatible,
                 Format("model %zu cannot be averaged with the first: ", number) + what);
  };
  if (a.info.architecture != b.info.architecture ||
      WithoutSwitchesOff(a.info.architecture_options) !=
          WithoutSwitchesOff(b.info.architecture_options) ||
      a.info.graph != b.info.graph || a.info.parts != b.info.parts ||
      a.info.embedding_dim != b.info.embedding_dim)
    throw fail("its network is of another shape");
  if (a.info.features != b.info.features || a.info.front_end != b.info.front_end)
    throw fail("its feature settings are others");
  VPR_CHECK(a.tensors.size() == b.tensors.size());
  for (std::size_t t = 0; t < a.tensors.size(); ++t)
    VPR_CHECK(a.tensors[t].name == b.tensors[t].name && a.tensors[t].shape == b.tensors[t].shape);
}

}  // namespace

Model AverageModels(const std::vector<Model>& models, const std::vector<double>& given) {
  const std::vector<double> weights = given.empty() ? std::vector(models.size(), 1.0) : given;
  if (models.size() < 2 || weights.size() != models.size())
    throw Error(ErrorCode::kInvalidArgument,
                Format("an average needs two or more models and a weight for each, found %zu and "
                       "%zu",
                       models.size(), weights.size()));
  for (double weight : weights) {
    if (!(weight > 0 && std::isfinite(weight)))
      throw Error(ErrorCode::kInvalidArgument, "weights must be above 0");
  }
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  Model mean;
  mean.info = models.back().info;
  mean.info.weights = WeightType::kFloat32;
  SetThresholds({}, mean.info);
  TrainingProvenance& training = mean.info.training;
  training.dev_eer = -1;
  mean.info.crop_seconds = models.front().info.crop_seconds;
  for (std::size_t m = 0; m < models.size(); ++m) {
    CheckAlike(models.front(), models[m], m + 1);
    const TrainingProvenance& own = models[m].info.training;
    training.utterance_fingerprints =
        MergeFingerprints(training.utterance_fingerprints, own.utterance_fingerprints);
    training.speaker_fingerprints =
        MergeFingerprints(training.speaker_fingerprints, own.speaker_fingerprints);
    mean.info.crop_seconds = std::min(mean.info.crop_seconds, models[m].info.crop_seconds);
  }
  mean.tensors = models.back().tensors;
  for (std::size_t t = 0; t < mean.tensors.size(); ++t) {
    std::vector<float>& data = mean.tensors[t].data;
    for (std::size_t i = 0; i < data.size(); ++i) {
      double sum = 0;
      for (std::size_t m = 0; m < models.size(); ++m)
        sum += weights[m] / total * models[m].tensors[t].data[i];
      data[i] = static_cast<float>(sum);
    }
  }
  return mean;
}

}  // namespace vpr
