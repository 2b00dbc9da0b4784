// The losses against their formulas, computed number by number.
#include <gtest/gtest.h>

#include <cmath>

#include "torch/losses/distillation.h"
#include "torch/registry.h"

namespace vpr {
namespace {

double Dot(const torch::Tensor& a, const torch::Tensor& b) { return (a * b).sum().item<double>(); }

// mean over the batch of -log softmax(scale * cos')[class], cos' penalised for the right class.
template <typename Penalty>
double Oracle(const torch::Tensor& embeddings, const torch::Tensor& weights,
              const std::vector<int>& classes, double scale, Penalty penalty) {
  double total = 0;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    torch::Tensor e = embeddings[static_cast<std::int64_t>(i)];
    double sum = 0, right = 0;
    for (std::int64_t c = 0; c < weights.size(0); ++c) {
      torch::Tensor w = weights[c];
      double cosine = Dot(e, w) / std::sqrt(Dot(e, e) * Dot(w, w));
      if (c == classes[i]) right = scale * penalty(cosine);
      sum += std::exp(c == classes[i] ? right : scale * cosine);
    }
    total += std::log(sum) - right;
  }
  return total / static_cast<double>(classes.size());
}

struct Case {
  torch::Tensor embeddings, classes;
  std::vector<int> numbers = {0, 3, 1, 3, 2};
  Case() {
    torch::manual_seed(3);
    embeddings = torch::randn({5, 6}, torch::kDouble).to(torch::kFloat);
    classes = torch::tensor(std::vector<std::int64_t>{0, 3, 1, 3, 2});
  }
};

torch::Tensor Weights(Loss& loss) { return loss.named_parameters()["weight"]; }

TEST(AngularMargin, AdditiveAngle) {
  Case c;
  std::shared_ptr<Loss> loss = FindLoss("aam").make({6, 4, 10});
  // An example opposite to its class takes the branch past pi.
  c.embeddings[4] = -Weights(*loss)[2].detach();
  for (double margin : {0.0, 0.2, 0.5}) {
    loss->SetMargin(margin);
    double expected = Oracle(c.embeddings, Weights(*loss), c.numbers, 10, [&](double cosine) {
      double angle = std::acos(std::clamp(cosine, -1.0, 1.0));
      return angle + margin < M_PI ? std::cos(angle + margin) : cosine - margin * std::sin(margin);
    });
    EXPECT_NEAR(loss->forward(c.embeddings, c.classes).loss.item<double>(), expected, 2e-4)
        << margin;
  }
}

TEST(AngularMargin, AdditiveCosine) {
  Case c;
  std::shared_ptr<Loss> loss = FindLoss("am").make({6, 4, 10});
  loss->SetMargin(0.3);
  double expected = Oracle(c.embeddings, Weights(*loss), c.numbers, 10,
                           [](double cosine) { return cosine - 0.3; });
  EXPECT_NEAR(loss->forward(c.embeddings, c.classes).loss.item<double>(), expected, 1e-5);
}

// Of the three centres of each class the one nearest to the example counts.
TEST(AngularMargin, NearestOfSeveralCentres) {
  Case c;
  std::shared_ptr<Loss> loss = FindLoss("aam").make({6, 4, 10, 3});
  loss->SetMargin(0.2);
  torch::Tensor all = Weights(*loss).detach();
  ASSERT_EQ(all.sizes(), (std::vector<std::int64_t>{12, 6}));
  double total = 0;
  for (std::int64_t i = 0; i < 5; ++i) {
    torch::Tensor e = c.embeddings[i], nearest = torch::empty({4, 6});
    for (std::int64_t k = 0; k < 4; ++k) {
      double best = -2;
      for (std::int64_t s = 0; s < 3; ++s) {
        torch::Tensor w = all[3 * k + s];
        const double cosine = Dot(e, w) / std::sqrt(Dot(e, e) * Dot(w, w));
        if (cosine > best) nearest[k].copy_(w);
        best = std::max(best, cosine);
      }
    }
    total += Oracle(e.unsqueeze(0), nearest, {c.numbers[static_cast<std::size_t>(i)]}, 10,
                    [](double cosine) { return std::cos(std::acos(cosine) + 0.2); });
  }
  EXPECT_NEAR(loss->forward(c.embeddings, c.classes).loss.item<double>(), total / 5, 2e-4);
}

TEST(AngularMargin, AccuracyIsCountedWithoutTheMargin) {
  std::shared_ptr<Loss> loss = FindLoss("aam").make({6, 4, 30});
  loss->SetMargin(1.2);  // with it no example would be right
  torch::Tensor embeddings = Weights(*loss).detach() + 0.01;
  torch::Tensor classes = torch::arange(4, torch::kLong);
  EXPECT_EQ(loss->forward(embeddings, classes).correct.item<double>(), 4);
  EXPECT_EQ(loss->forward(embeddings, (classes + 1) % 4).correct.item<double>(), 0);
}

TEST(AngularMargin, GradientsAreFiniteAtTheEnds) {
  std::shared_ptr<Loss> loss = FindLoss("aam").make({6, 4, 30});
  loss->SetMargin(0.2);
  torch::Tensor embeddings =
      torch::stack({Weights(*loss)[0].detach(), -Weights(*loss)[1].detach()}).requires_grad_();
  loss->forward(embeddings, torch::tensor(std::vector<std::int64_t>{0, 1})).loss.backward();
  EXPECT_TRUE(torch::isfinite(embeddings.grad()).all().item<bool>());
  EXPECT_TRUE(torch::isfinite(Weights(*loss).grad()).all().item<bool>());
}

TEST(AngularMargin, ClassesBeginWhereTheyAreTold) {
  std::shared_ptr<Loss> loss = FindLoss("aam").make({6, 4, 30});
  const torch::Tensor before = Weights(*loss).detach().clone();
  torch::Tensor centers = torch::randn({4, 6});
  centers[2].zero_();  // of which nothing is known
  loss->StartAt(centers);
  for (std::int64_t c = 0; c < 4; ++c)
    EXPECT_TRUE(torch::equal(Weights(*loss)[c], c == 2 ? before[c] : centers[c])) << c;
  // Several centres of a class begin close to it, each at a place of its own.
  std::shared_ptr<Loss> several = FindLoss("aam").make({6, 4, 30, 2});
  several->StartAt(torch::nn::functional::normalize(centers));
  const torch::Tensor all = Weights(*several);
  EXPECT_GT(torch::cosine_similarity(all[0], centers[0], 0).item<double>(), 0.95);
  EXPECT_GT(torch::cosine_similarity(all[1], centers[0], 0).item<double>(), 0.95);
  EXPECT_FALSE(torch::equal(all[0], all[1]));
}

// Number by number, from the formulas in distillation.h.
double DistillationOracle(const torch::Tensor& own, const torch::Tensor& there,
                          const torch::Tensor& targets, double cosine, double similarity,
                          double contrast) {
  const std::int64_t size = own.size(0);
  double cosines = 0, squares = 0, divergence = 0;
  for (std::int64_t i = 0; i < size; ++i) {
    cosines += (1 - Dot(there[i], targets[i])) / static_cast<double>(size);
    double right = 0, found = 0;
    for (std::int64_t j = 0; j < size; ++j) {
      if (j > i) squares += std::pow(Dot(own[i], own[j]) - Dot(targets[i], targets[j]), 2);
      right += std::exp(Dot(targets[i], targets[j]) / 0.1);
      found += std::exp(Dot(there[i], targets[j]) / 0.1);
    }
    for (std::int64_t j = 0; j < size; ++j) {
      const double p = std::exp(Dot(targets[i], targets[j]) / 0.1) / right,
                   q = std::exp(Dot(there[i], targets[j]) / 0.1) / found;
      divergence += p * std::log(p / q) / static_cast<double>(size);
    }
  }
  squares /= static_cast<double>(size * (size - 1) / 2);
  return cosine * cosines + similarity * squares + contrast * divergence;
}

TEST(Distillation, IsItsFormulas) {
  namespace F = torch::nn::functional;
  Case c;
  torch::Tensor targets = F::normalize(torch::randn({5, 6}));
  const torch::Tensor own = F::normalize(c.embeddings);
  for (const auto& [cosine, similarity, contrast] :
       {std::tuple(1.0, 0.0, 0.0), {0.0, 2.0, 0.0}, {0.0, 0.0, 0.5}, {1.0, 3.0, 0.25}}) {
    Distillation loss({6, 6, cosine, similarity, contrast});
    EXPECT_TRUE(loss.parameters().empty());
    EXPECT_NEAR(loss.forward(c.embeddings, targets).item<double>(),
                DistillationOracle(own, own, targets, cosine, similarity, contrast), 1e-5);
    EXPECT_NEAR(loss.forward(targets * 3, targets).item<double>(), 0, 1e-6);
  }
}

TEST(Distillation, ATeacherOfAnotherDimension) {
  namespace F = torch::nn::functional;
  Case c;
  Distillation loss({6, 9, 1, 2, 0.5});
  const torch::Tensor targets = F::normalize(torch::randn({5, 9}));
  const torch::Tensor weight = loss.named_parameters()["projection.weight"];
  ASSERT_EQ(weight.sizes(), (std::vector<std::int64_t>{9, 6}));
  const torch::Tensor there = F::normalize(torch::mm(c.embeddings, weight.t()));
  EXPECT_NEAR(loss.forward(c.embeddings, targets).item<double>(),
              DistillationOracle(F::normalize(c.embeddings), there, targets, 1, 2, 0.5), 1e-5);
}

TEST(Softmax, IsCrossEntropyOfALinearLayer) {
  Case c;
  std::shared_ptr<Loss> loss = FindLoss("softmax").make({6, 4, 30});
  torch::Tensor w = loss->named_parameters()["classifier.weight"],
                b = loss->named_parameters()["classifier.bias"];
  double total = 0;
  for (std::int64_t i = 0; i < 5; ++i) {
    double sum = 0, right = 0;
    for (std::int64_t k = 0; k < 4; ++k) {
      double logit = Dot(c.embeddings[i], w[k]) + b[k].item<double>();
      sum += std::exp(logit);
      if (k == c.numbers[static_cast<std::size_t>(i)]) right = logit;
    }
    total += std::log(sum) - right;
  }
  EXPECT_NEAR(loss->forward(c.embeddings, c.classes).loss.item<double>(), total / 5, 1e-5);
}

}  // namespace
}  // namespace vpr
