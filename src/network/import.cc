#include "vpr/network/import.h"

#include <filesystem>

#include "model/state_dict.h"
#include "network/import_onnx.h"
#include "network/import_weights.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/base/version.h"
#include "vpr/features/front_end.h"
#include "vpr/model/known_score.h"
#include "vpr/network/graph.h"

namespace vpr {
namespace {

struct Family {
  const char *name, *front_end;
  Model (*import)(std::vector<Tensor> tensors);
};
constexpr Family kFamilies[] = {{"campplus", "3dspeaker", ImportCampPlus},
                                {"ge2e", "resemblyzer", ImportGe2e}};

const Family& FamilyOf(const std::string& name) {
  std::vector<std::string> known;
  for (const Family& family : kFamilies) {
    if (name == family.name) return family;
    known.push_back(family.name);
  }
  std::string names;
  for (const std::string& one : known) names += (names.empty() ? "" : ", ") + one;
  throw Error(ErrorCode::kInvalidArgument, "the weights of architecture '" + Printable(name) +
                                               "' cannot be imported; expected " + names +
                                               DidYouMean(name, known));
}

// Less speech than this is repeated up to it, as 3D-Speaker does for networks that see segments.
// Where the front end fills up with zeros, only what is no speech anyway.
constexpr double kShortestSeconds = 0.5, kShortestFilledSeconds = 0.3;

// Of a file of weights alone.
Model ImportWeights(std::string_view content, const ImportOptions& options) {
  const Family& family = FamilyOf(options.architecture);
  Model model = family.import(ReadStateDict(content));
  model.info.front_end = options.front_end.empty() ? family.front_end : options.front_end;
  return model;
}

// The settings that a front end of another family has in common with ours.
void SetFeatures(ModelInfo& info) {
  const std::unique_ptr<FrontEnd> front_end = MakeFrontEnd(info.front_end);
  const int bands = front_end->num_bins();
  if (info.features.n_mels != bands)
    throw Error(ErrorCode::kIncompatible,
                Format("the network takes %d bands, front end '%s' makes %d", info.features.n_mels,
                       Printable(info.front_end).c_str(), bands));
  info.features.n_fft = 512;
  info.features.win_length = 400;
  info.features.hop_length = 160;
  info.features.kind = FeatureKind::kLogMel;
  info.features.trim_top_db = 0;
  info.crop_seconds = front_end->part_frames() > 0 ? kShortestFilledSeconds : kShortestSeconds;
}

}  // namespace

Model ImportNetwork(std::string_view content, const std::string& name,
                    const ImportOptions& options) {
  const bool onnx = options.architecture.empty();
  if (!onnx) FamilyOf(options.architecture);
  if (!options.front_end.empty()) MakeFrontEnd(options.front_end);
  Model model;
  try {
    model = onnx ? ImportOnnx(content, options) : ImportWeights(content, options);
    ModelInfo& info = model.info;
    if (info.is_imported()) SetFeatures(info);
    info.source = name + ", XXH3 " + Fingerprint(content);
    info.licence = options.licence;
    info.credit = options.credit;
    info.training.program = std::string("elsewhere, imported by vpr ") + Version();
    BuildGraph(model);
    SetFingerprints(model);
  } catch (const Error& error) {
    throw Error(error.code(), "cannot import '" + Printable(name) + "': " + error.what());
  }
  return model;
}

ImportedModel ImportModel(const std::string& path, const ImportOptions& options,
                          const std::string& score) {
  ImportedModel imported;
  imported.model =
      ImportNetwork(ReadFile(path), std::filesystem::path(path).filename().string(), options);
  const std::vector<float> answer = NetworkAnswer(imported.model);
  const std::string attached =
      score.empty() ? FindKnownScore(imported.model.info.network_fingerprint, answer) : score;
  imported.calibrated = !attached.empty();
  if (imported.calibrated) AttachKnownScore(attached, answer, imported.model);
  return imported;
}

}  // namespace vpr
