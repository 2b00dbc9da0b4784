// The network that labels clips: a branch that sees, a branch that hears, and what joins them.
//
// image   EfficientNet over each picture; channel attention over the pictures' features; their mean
//         and maximum over time; Linear and LayerNorm to 256
// sound   [1, bands, frames]: convolution 3 x 3 to 32, batch normalisation, ReLU, maximum of 2 x 2,
//         channel attention, convolution 3 x 3 to 64, ReLU, mean over the bands; a bidirectional
//         LSTM of 128 over time and its mean over time; Linear and LayerNorm to 256
// fusion  attention: two weights (softmax of Linear 512, ReLU, Linear 2 on both projections), and
//         the weighted sum of the projections to Linear 512, ReLU, dropout, Linear
//         concat: both projections side by side to Linear 512, batch normalisation, ReLU, dropout,
//         Linear
//         mean: the mean of both branches' own probabilities
//
// A side that is not there counts as zeros, and its weight is masked before the softmax. Each
// branch also has a linear layer to the classes of its own, which training uses and which says what
// that side alone takes the clip for.
//
// Channel attention (Woo et al., "CBAM", ECCV 2018, with a sigmoid on each): means and maxima of
// the channels go through the same two linear layers (C to C / 8, ReLU, to C), and a channel is
// multiplied by the sum of the two sigmoids.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "vpr/base/matrix.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/model/model_file.h"

namespace vpr {

enum class ClipFusion { kAttention, kConcat, kMean };
const char* ToString(ClipFusion fusion);              // "attention", "concat", "mean"
ClipFusion ParseClipFusion(const std::string& name);  // throws kIncompatible

struct ClipShape {
  bool image = true, sound = true;  // which branches there are; without one there is no fusion
  std::string image_network = "efficientnet_small";
  int side = 64;   // of the pictures
  int bands = 64;  // of the spectrograms
  int classes = 0;
  ClipFusion fusion = ClipFusion::kAttention;

  // Widths that do not change.
  static constexpr int kProjection = 256, kHidden = 512, kLstm = 128, kFirst = 32, kSecond = 64,
                       kReduction = 8;
  bool fused() const { return image && sound; }
  int image_features() const;  // values that image_network makes of a picture
  // The image network as a model without tensors. Throws kInvalidArgument for an unknown one.
  ModelInfo ImageModel() const;
  // Throws kInvalidArgument for what cannot be.
  void Validate() const;
};

// Names and shapes of its tensors, in the order of the file.
std::vector<Tensor> ClipTensorShapes(const ClipShape& shape);
// The image network with its weights, from the tensors of the whole.
Model ImageModelOf(const ClipShape& shape, const std::vector<Tensor>& tensors);
// How many numbers they hold, without batch normalisation's running means and variances.
std::size_t ClipParameters(const ClipShape& shape);

// The probabilities of the classes, by each side and by both.
struct ClipAnswer {
  std::vector<double> probabilities;  // the answer
  std::vector<double> image, sound;   // of each side alone; empty: it is not there
  // How much each side counted, summing to 1; both negative where the fusion has no weights.
  double image_weight = -1, sound_weight = -1;
};

// Runs it without LibTorch: pictures by the engine that `options` ask for, the rest by loops of
// ours in float32.
class ClipNetwork {
 public:
  // Throws kIncompatible for tensors that are missing, left over or of another shape; what
  // MakeNetwork throws.
  ClipNetwork(const ClipShape& shape, const std::vector<Tensor>& tensors,
              const ExtractorOptions& options = {});
  ~ClipNetwork();
  ClipNetwork(ClipNetwork&&) noexcept;

  // `pictures`: of PictureMatrix, none: nothing is seen. `sound` [bands, frames], standardized,
  // without frames: nothing is heard. Throws kUnusable if neither side is there that has a branch.
  // May be called from several threads at once.
  ClipAnswer Forward(const std::vector<Matrix>& pictures, const Matrix& sound) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The parts that have closed cases.

// Channel attention's factor of each channel: `means` and `maxima` [channels]; weights [C / 8, C]
// and [C, C / 8] with biases.
struct ChannelGate {
  std::vector<float> squeeze, squeeze_bias, excite, excite_bias;
  std::vector<float> Factors(const std::vector<float>& means,
                             const std::vector<float>& maxima) const;
};

// Softmax of two scores, image and sound, of what is there; a side that is not has 0.
std::array<double, 2> MaskedSoftmax(const std::array<double, 2>& scores,
                                    const std::array<bool, 2>& there);

}  // namespace vpr
