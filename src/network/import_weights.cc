#include "network/import_weights.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/printable_name.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/features/front_end.h"

namespace vpr {
namespace {

// Batch normalisation adds this to the variance.
constexpr float kNormEpsilon = 1e-5f;
constexpr int kMostLayers = 1000;
constexpr std::size_t kMostNamed = 4;

std::string Join(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNamed); ++i)
    text += (i == 0 ? "'" : ", '") + PrintableName(names[i]) + "'";
  if (names.size() > kMostNamed) text += Format(" and %zu more", names.size() - kMostNamed);
  return text;
}

// Tensors by the names of their family, handed out under ours.
class Weights {
 public:
  explicit Weights(std::vector<Tensor> tensors) {
    for (Tensor& tensor : tensors) {
      // What batch normalisation counts while it is trained.
      if (tensor.name.ends_with(".num_batches_tracked")) continue;
      std::string name = tensor.name;
      by_name_.emplace(std::move(name), std::move(tensor));
    }
  }

  bool Has(const std::string& name) const { return by_name_.contains(name); }

  // One dimension of a tensor; 1 if it is missing, which Move will say.
  int Extent(const std::string& name, std::size_t dimension) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end() || dimension >= found->second.shape.size()) return 1;
    return static_cast<int>(found->second.shape[dimension]);
  }

  // `dimensions`: ones are put before the last dimension, or taken away, until it has so many.
  void Move(const std::string& from, const std::string& to, std::size_t dimensions) {
    const auto found = by_name_.find(from);
    if (found == by_name_.end()) {
      missing_.push_back(from);
      return;
    }
    Tensor tensor = std::move(found->second);
    by_name_.erase(found);
    tensor.name = to;
    while (tensor.shape.size() < dimensions && !tensor.shape.empty())
      tensor.shape.insert(tensor.shape.end() - 1, 1);
    while (tensor.shape.size() > dimensions && tensor.shape.back() == 1) tensor.shape.pop_back();
    tensors_.push_back(std::move(tensor));
  }

  void Norm(const std::string& from, const std::string& to) {
    for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"})
      Move(from + part, to + part, 1);
  }
  // One that only centres and scales.
  void PlainNorm(const std::string& from, const std::string& to, int channels) {
    Constant(to + ".weight", channels, 1);
    Constant(to + ".bias", channels, 0);
    Move(from + ".running_mean", to + ".running_mean", 1);
    Move(from + ".running_var", to + ".running_var", 1);
  }
  // One that changes nothing.
  void NoNorm(const std::string& to, int channels) {
    Constant(to + ".weight", channels, 1);
    Constant(to + ".bias", channels, 0);
    Constant(to + ".running_mean", channels, 0);
    Constant(to + ".running_var", channels, 1 - kNormEpsilon);
  }

  // The sum of two.
  void MoveSum(const std::string& a, const std::string& b, const std::string& to) {
    const auto other = by_name_.find(b);
    const std::size_t before = tensors_.size();
    Move(a, to, 1);
    if (other == by_name_.end()) {
      missing_.push_back(b);
      return;
    }
    if (tensors_.size() > before) {
      Tensor& sum = tensors_.back();
      if (sum.shape != other->second.shape)
        throw Error(ErrorCode::kIncompatible, "its tensors '" + PrintableName(a) + "' and '" +
                                                  PrintableName(b) + "' have different shapes");
      for (std::size_t i = 0; i < sum.data.size(); ++i) sum.data[i] += other->second.data[i];
    }
    by_name_.erase(other);
  }
  void LeaveOut(const std::string& name) { by_name_.erase(name); }

  std::vector<Tensor> Finish(const std::string& family) {
    std::vector<std::string> surplus;
    for (const auto& [name, tensor] : by_name_) surplus.push_back(name);
    if (missing_.empty() && surplus.empty()) return std::move(tensors_);
    std::string what;
    if (!missing_.empty())
      what = Format("%zu tensor%s missing (", missing_.size(),
                    missing_.size() == 1 ? " is" : "s are") +
             Join(missing_) + ")";
    if (!surplus.empty())
      what += (what.empty() ? "" : ", ") +
              Format("%zu %s there that it has not (", surplus.size(),
                     surplus.size() == 1 ? "is" : "are") +
              Join(surplus) + ")";
    throw Error(ErrorCode::kIncompatible, "these are not the weights of a " + family + ": " + what);
  }

 private:
  void Constant(const std::string& name, int channels, float value) {
    tensors_.push_back(
        {name, {channels}, std::vector<float>(static_cast<std::size_t>(channels), value)});
  }

  std::map<std::string, Tensor> by_name_;
  std::vector<std::string> missing_;
  std::vector<Tensor> tensors_;
};

}  // namespace

Model ImportCampPlus(std::vector<Tensor> tensors) {
  Weights weights(std::move(tensors));
  constexpr int kBands = 80;  // of the family's front end; the network sees an eighth of them
  const std::string first = "xvector.tdnn.linear.weight";
  const int front = weights.Extent("head.conv1.weight", 0);
  Model model;
  model.info.architecture = "campplus";
  model.info.features.n_mels = kBands;
  weights.NoNorm("input_norm", kBands);
  weights.Move("head.conv1.weight", "conv.weight", 4);
  weights.Norm("head.bn1", "norm");
  int front_blocks = 0;
  for (int stage = 1; stage <= 2; ++stage) {
    for (int b = 0; b < kMostLayers; ++b) {
      const std::string from = Format("head.layer%d.%d", stage, b),
                        to = Format("front%d_%d", stage, b + 1);
      if (!weights.Has(from + ".conv1.weight")) break;
      if (stage == 1) ++front_blocks;
      weights.Move(from + ".conv1.weight", to + ".conv1.weight", 4);
      weights.Norm(from + ".bn1", to + ".norm1");
      weights.Move(from + ".conv2.weight", to + ".conv2.weight", 4);
      weights.Norm(from + ".bn2", to + ".norm2");
      if (b > 0) continue;
      weights.Move(from + ".shortcut.0.weight", to + ".shortcut.weight", 4);
      weights.Norm(from + ".shortcut.1", to + ".shortcut_norm");
    }
  }
  weights.Move("head.conv2.weight", "last_conv.weight", 4);
  weights.Norm("head.bn2", "last_norm");
  const int channels = weights.Extent(first, 0);
  weights.Move(first, "first.weight", 4);
  weights.Norm("xvector.tdnn.nonlinear.batchnorm", "first_norm");
  const int growth = weights.Extent("xvector.block1.tdnnd1.cam_layer.linear_local.weight", 0),
            bottleneck = weights.Extent("xvector.block1.tdnnd1.linear1.weight", 0);
  std::vector<int> layers;
  for (int b = 1; b <= 3; ++b) {
    const std::string block = Format("xvector.block%d", b), transit = Format("transit%d", b);
    layers.push_back(0);
    for (int i = 1; i <= kMostLayers; ++i) {
      const std::string from = block + Format(".tdnnd%d", i), to = Format("block%d_%d", b, i);
      if (!weights.Has(from + ".linear1.weight")) break;
      ++layers.back();
      weights.Norm(from + ".nonlinear1.batchnorm", to + ".norm1");
      weights.Move(from + ".linear1.weight", to + ".narrow.weight", 4);
      weights.Norm(from + ".nonlinear2.batchnorm", to + ".norm2");
      weights.Move(from + ".cam_layer.linear_local.weight", to + ".local.weight", 4);
      weights.Move(from + ".cam_layer.linear1.weight", to + ".squeeze.weight", 4);
      weights.Move(from + ".cam_layer.linear1.bias", to + ".squeeze.bias", 1);
      weights.Move(from + ".cam_layer.linear2.weight", to + ".mask.weight", 4);
      weights.Move(from + ".cam_layer.linear2.bias", to + ".mask.bias", 1);
    }
    weights.Norm("xvector." + transit + ".nonlinear.batchnorm", transit + "_norm");
    weights.Move("xvector." + transit + ".linear.weight", transit + ".weight", 4);
  }
  weights.Norm("xvector.out_nonlinear.batchnorm", "out_norm");
  model.info.embedding_dim = weights.Extent("xvector.dense.linear.weight", 0);
  weights.Move("xvector.dense.linear.weight", "embedding.weight", 2);
  weights.PlainNorm("xvector.dense.nonlinear.batchnorm", "embedding_norm",
                    model.info.embedding_dim);
  model.info.architecture_options = {
      {"front", {front}},    {"front_blocks", {std::max(front_blocks, 1)}},
      {"frame_stride", {2}}, {"channels", {channels}},
      {"layers", layers},    {"dilations", {1, 2, 2}},
      {"growth", {growth}},  {"bottleneck", {bottleneck}},
      {"segment", {100}}};
  model.tensors = weights.Finish("CAM++");
  return model;
}

Model ImportGe2e(std::vector<Tensor> tensors) {
  Weights weights(std::move(tensors));
  for (const char* of_loss : {"similarity_weight", "similarity_bias"}) weights.LeaveOut(of_loss);
  Model model;
  model.info.architecture = "ge2e";
  model.info.features.n_mels = weights.Extent("lstm.weight_ih_l0", 1);
  model.info.embedding_dim = weights.Extent("linear.weight", 0);
  const int hidden = weights.Extent("lstm.weight_hh_l0", 1);
  int layers = 0;
  do {
    const std::string to = Format("lstm%d", layers + 1), from = Format("_l%d", layers);
    weights.Move("lstm.weight_ih" + from, to + ".input.weight", 2);
    weights.MoveSum("lstm.bias_ih" + from, "lstm.bias_hh" + from, to + ".input.bias");
    weights.Move("lstm.weight_hh" + from, to + ".state.weight", 2);
    ++layers;
  } while (layers < kMostLayers && weights.Has(Format("lstm.weight_ih_l%d", layers)));
  weights.Move("linear.weight", "embedding.weight", 2);
  weights.Move("linear.bias", "embedding.bias", 1);
  model.info.architecture_options = {{"hidden", {hidden}}, {"layers", {layers}}};
  model.tensors = weights.Finish("GE2E encoder");
  return model;
}

}  // namespace vpr
