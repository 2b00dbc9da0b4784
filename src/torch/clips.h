// The network of clips as a LibTorch module, and its training.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <vector>

#include "torch/registry.h"
#include "vpr/base/progress.h"
#include "vpr/clips/clip_training.h"

namespace vpr {

class ClipModule : public torch::nn::Module {
 public:
  // Its tensors have the names of ClipTensorShapes. Throws kInvalidArgument for an impossible
  // shape.
  ClipModule(const ClipShape& shape, double dropout);

  struct Output {
    // [batch, classes]; those of `mean` are logarithms of probabilities. A branch's own: of the
    // clips that have the side, in their order; undefined if none has.
    torch::Tensor logits, image, sound;
    torch::Tensor weights;  // [batch, 2], image and sound; undefined without weights
  };
  // `pictures` [seen, frames, 3 side, side] and `sound` [heard, bands, frames] are of the clips
  // that have the side, whose numbers in the batch `seen` and `heard` give (int64).
  Output Forward(const torch::Tensor& pictures, const torch::Tensor& seen,
                 const torch::Tensor& sound, const torch::Tensor& heard, std::int64_t batch);

 private:
  class ChannelAttention;
  class Branch;
  class ImageBranch;
  class SoundBranch;
  class Join;

  ClipShape shape_;
  std::shared_ptr<ImageBranch> image_;
  std::shared_ptr<SoundBranch> sound_;
  std::shared_ptr<Join> fusion_;
};

// As ClipEngine's.
std::vector<Tensor> TrainClipsWithTorch(const ClipTask& task, Progress& progress,
                                        const StopRequested& stop);
ClipAnswer ForwardClipWithTorch(const ClipShape& shape, const std::vector<Tensor>& tensors,
                                const ClipExample& example, int frames);

}  // namespace vpr
