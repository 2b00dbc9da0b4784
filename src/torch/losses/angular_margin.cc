// Softmax over cosines with a margin for the right class.
//   am:  cos(theta) - m   (Wang et al., "Additive margin softmax", IEEE SPL 2018)
//   aam: cos(theta + m)   (Deng et al., "ArcFace", CVPR 2019); where theta + m would pass pi the
//        penalty goes on linearly, cos(theta) - m sin(m), so that it stays monotonic
// With several centres a class the nearest counts (Deng et al., "Sub-center ArcFace", ECCV 2020).
#include <cmath>

#include "torch/losses/losses.h"

namespace vpr {
namespace {

class AngularMargin : public Loss {
 public:
  AngularMargin(const LossOptions& options, bool additive_angle)
      : centers_(options.sub_centers), scale_(options.scale), additive_angle_(additive_angle) {
    // [classes * centres, embedding], the centres of a class in a row.
    weight_ = register_parameter(
        "weight", torch::empty({options.num_classes * centers_, options.embedding_dim}));
    torch::nn::init::xavier_normal_(weight_);
  }

  void SetMargin(double margin) override { margin_ = margin; }

  // All centres of a class begin near the one given, with the noise that tells them apart.
  void StartAt(const torch::Tensor& centers) override {
    namespace F = torch::nn::functional;
    torch::NoGradGuard guard;
    torch::Tensor given = centers.repeat_interleave(centers_, 0);
    torch::Tensor noise = F::normalize(weight_, F::NormalizeFuncOptions().dim(1));
    torch::Tensor start = centers_ > 1 ? given + 0.1 * noise : given;
    weight_.copy_(torch::where(given.abs().sum(1, true) > 0, start, weight_));
  }

  Output forward(torch::Tensor embeddings, torch::Tensor classes) override {
    namespace F = torch::nn::functional;
    torch::Tensor cosine = F::linear(F::normalize(embeddings, F::NormalizeFuncOptions().dim(1)),
                                     F::normalize(weight_, F::NormalizeFuncOptions().dim(1)));
    if (centers_ > 1) cosine = cosine.unflatten(1, {-1, centers_}).amax(2);
    torch::Tensor index = classes.unsqueeze(1);
    torch::Tensor right = cosine.gather(1, index);
    torch::Tensor penalised = additive_angle_ ? AddAngle(right) : right - margin_;
    torch::Tensor logits = cosine.scatter(1, index, penalised) * scale_;
    return {F::cross_entropy(logits, classes), cosine.detach().argmax(1).eq(classes).sum()};
  }

 private:
  torch::Tensor AddAngle(const torch::Tensor& cosine) const {
    torch::Tensor sine = torch::sqrt((1 - cosine.square()).clamp_min(1e-7));
    torch::Tensor shifted = cosine * std::cos(margin_) - sine * std::sin(margin_);
    return torch::where(cosine > std::cos(M_PI - margin_), shifted,
                        cosine - margin_ * std::sin(margin_));
  }

  torch::Tensor weight_;
  std::int64_t centers_;
  double scale_, margin_ = 0;
  bool additive_angle_;
};

template <bool additive_angle>
std::shared_ptr<Loss> Make(const LossOptions& options) {
  return std::make_shared<AngularMargin>(options, additive_angle);
}

}  // namespace

const LossKind kAm = {"am", Make<false>};
const LossKind kAam = {"aam", Make<true>};

}  // namespace vpr
