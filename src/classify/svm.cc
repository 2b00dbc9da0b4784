#include "vpr/classify/svm.h"

#include <libsvm/svm.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <mutex>
#include <numeric>
#include <optional>

#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

enum Stream : std::uint64_t { kSubsetStream = 42 };

// Rows of a matrix as libsvm wants them.
class Nodes {
 public:
  explicit Nodes(const Matrix& inputs) : width_(inputs.cols + 1), nodes_(inputs.rows * width_) {
    for (std::size_t r = 0; r < inputs.rows; ++r) Fill({inputs.row(r), inputs.cols}, r);
    for (std::size_t r = 0; r < inputs.rows; ++r) rows_.push_back(nodes_.data() + r * width_);
  }
  svm_node** rows() { return rows_.data(); }
  svm_node* row(std::size_t r) { return rows_[r]; }

 private:
  void Fill(std::span<const float> values, std::size_t row) {
    svm_node* node = nodes_.data() + row * width_;
    for (std::size_t i = 0; i < values.size(); ++i)
      node[i] = {static_cast<int>(i) + 1, static_cast<double>(values[i])};
    node[values.size()] = {-1, 0};  // the end
  }
  std::size_t width_;
  std::vector<svm_node> nodes_;
  std::vector<svm_node*> rows_;
};

svm_parameter Parameters(const SvmSettings& settings, bool probability) {
  svm_parameter parameters{};
  parameters.svm_type = C_SVC;
  parameters.kernel_type = RBF;
  parameters.gamma = settings.gamma;
  parameters.C = settings.c;
  parameters.cache_size = 200;
  parameters.eps = 1e-3;
  parameters.shrinking = 1;
  parameters.probability = probability ? 1 : 0;
  return parameters;
}

struct FreeModel {
  void operator()(svm_model* model) const { svm_free_and_destroy_model(&model); }
};
using TrainedModel = std::unique_ptr<svm_model, FreeModel>;

// The C library's generator begins at `seed` as long as this lives, and then goes on as the
// application had it, where it can be put back.
class SeededRand {
 public:
#ifdef __GLIBC__
  explicit SeededRand(unsigned seed) : before_(::initstate(seed, state_, sizeof(state_))) {}
  ~SeededRand() { ::setstate(before_); }
  SeededRand(const SeededRand&) = delete;
  SeededRand& operator=(const SeededRand&) = delete;

 private:
  char state_[128];  // the size that srand() uses, for the same numbers
  char* before_;
#else
  explicit SeededRand(unsigned seed) { std::srand(seed); }
#endif
};

void Silence() {
  static std::once_flag once;
  std::call_once(once, [] { svm_set_print_string_function([](const char*) {}); });
}

TrainedModel Train(Nodes& nodes, const std::vector<int>& classes, const SvmSettings& settings,
                   bool probability) {
  Silence();
  std::vector<double> targets(classes.begin(), classes.end());
  svm_problem problem{static_cast<int>(classes.size()), targets.data(), nodes.rows()};
  const svm_parameter parameters = Parameters(settings, probability);
  if (const char* wrong = svm_check_parameter(&problem, &parameters))
    throw Error(ErrorCode::kInvalidArgument,
                Format("cannot train an SVM with C %g and gamma %g: %s", settings.c, settings.gamma,
                       wrong));
  return TrainedModel(svm_train(&problem, &parameters));
}

Matrix Rows(const Matrix& inputs, const std::vector<std::size_t>& rows) {
  Matrix chosen(rows.size(), inputs.cols);
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::copy(inputs.row(rows[i]), inputs.row(rows[i]) + inputs.cols, chosen.row(i));
  return chosen;
}

}  // namespace

// libsvm's machine in memory of our own, in single precision as it stands in a file, so that one
// that was loaded answers exactly as the one that was saved.
struct Svm::Impl {
  int num_classes = 0;
  double gamma = 0;
  Matrix vectors;                          // [support vectors, values], class by class
  Matrix coefficients;                     // [classes seen - 1, support vectors]
  std::vector<float> rho, prob_a, prob_b;  // one a pair of classes seen
  std::vector<int> seen, counts;           // the classes, and how many vectors each has

  // What libsvm reads when predicting.
  std::optional<Nodes> nodes;
  std::vector<double> coefficient_values, rho_values, a_values, b_values;
  std::vector<double*> coefficient_rows;
  svm_model model{};

  void Prepare() {
    nodes.emplace(vectors);
    coefficient_values.assign(coefficients.data.begin(), coefficients.data.end());
    for (std::size_t r = 0; r < coefficients.rows; ++r)
      coefficient_rows.push_back(coefficient_values.data() + r * coefficients.cols);
    rho_values.assign(rho.begin(), rho.end());
    a_values.assign(prob_a.begin(), prob_a.end());
    b_values.assign(prob_b.begin(), prob_b.end());
    model.param = Parameters({1, gamma}, true);
    model.nr_class = static_cast<int>(seen.size());
    model.l = static_cast<int>(vectors.rows);
    model.SV = nodes->rows();
    model.sv_coef = coefficient_rows.data();
    model.rho = rho_values.data();
    model.probA = a_values.data();
    model.probB = b_values.data();
    model.label = seen.data();
    model.nSV = counts.data();
  }
};

Svm::Svm(const Matrix& inputs, const std::vector<int>& classes, int num_classes,
         const SvmSettings& settings, std::uint64_t seed)
    : impl_(std::make_unique<Impl>()) {
  VPR_CHECK(inputs.rows == classes.size());
  Nodes nodes(inputs);
  TrainedModel trained;
  {
    // libsvm draws the parts of its cross-validation from the C library's one generator.
    static std::mutex mutex;
    std::lock_guard lock(mutex);
    const SeededRand seeded(static_cast<unsigned>(Rng(seed).Next() >> 33));
    trained = Train(nodes, classes, settings, /*probability=*/true);
  }
  const auto seen = static_cast<std::size_t>(trained->nr_class);
  if (seen < 2)
    throw Error(ErrorCode::kUnusable, "cannot train an SVM on recordings of one class only");
  Impl& impl = *impl_;
  impl.num_classes = num_classes;
  impl.gamma = static_cast<double>(static_cast<float>(settings.gamma));
  impl.seen.assign(trained->label, trained->label + seen);
  impl.counts.assign(trained->nSV, trained->nSV + seen);
  const auto vectors = static_cast<std::size_t>(trained->l);
  impl.vectors = Matrix(vectors, inputs.cols);
  for (std::size_t v = 0; v < vectors; ++v)
    for (std::size_t i = 0; i < inputs.cols; ++i)
      impl.vectors(v, i) = static_cast<float>(trained->SV[v][i].value);
  impl.coefficients = Matrix(seen - 1, vectors);
  for (std::size_t r = 0; r + 1 < seen; ++r)
    for (std::size_t v = 0; v < vectors; ++v)
      impl.coefficients(r, v) = static_cast<float>(trained->sv_coef[r][v]);
  auto copy = [pairs = seen * (seen - 1) / 2](const double* from, std::vector<float>& to) {
    for (std::size_t i = 0; i < pairs; ++i) to.push_back(static_cast<float>(from[i]));
  };
  copy(trained->rho, impl.rho);
  copy(trained->probA, impl.prob_a);
  copy(trained->probB, impl.prob_b);
  // With a handful of recordings the sigmoid's own cross-validation can come out upside down, and
  // the probabilities would contradict the machine: then the plain logistic function of its
  // decision.
  for (std::size_t i = 0; i < impl.prob_a.size(); ++i) {
    if (impl.prob_a[i] >= 0) impl.prob_a[i] = -1, impl.prob_b[i] = 0;
  }
  impl.Prepare();
}

Svm::Svm(const std::vector<Tensor>& tensors, int num_classes) : impl_(std::make_unique<Impl>()) {
  auto find = [&](const std::string& name, std::size_t dimensions) -> const Tensor& {
    for (const Tensor& tensor : tensors)
      if (tensor.name == name && tensor.shape.size() == dimensions) return tensor;
    throw Error(ErrorCode::kIncompatible, "it has no tensor '" + name + "'");
  };
  auto matrix = [](const Tensor& tensor) {
    Matrix values;
    values.rows = static_cast<std::size_t>(tensor.shape[0]);
    values.cols = static_cast<std::size_t>(tensor.shape[1]);
    values.data = tensor.data;
    return values;
  };
  Impl& impl = *impl_;
  impl.num_classes = num_classes;
  impl.vectors = matrix(find("svm.vectors", 2));
  impl.coefficients = matrix(find("svm.coefficients", 2));
  impl.rho = find("svm.rho", 1).data;
  impl.prob_a = find("svm.probability_a", 1).data;
  impl.prob_b = find("svm.probability_b", 1).data;
  const std::vector<float> gamma = find("svm.gamma", 1).data;
  bool fits = gamma.size() == 1;
  if (fits) impl.gamma = static_cast<double>(gamma[0]);
  std::size_t all = 0;
  for (float value : find("svm.classes", 1).data) {
    fits = fits && value >= 0 && value < static_cast<float>(num_classes);
    impl.seen.push_back(fits ? static_cast<int>(value) : 0);
  }
  for (float value : find("svm.counts", 1).data) {
    fits = fits && value >= 0 && value <= static_cast<float>(impl.vectors.rows);
    impl.counts.push_back(fits ? static_cast<int>(value) : 0);
    all += static_cast<std::size_t>(impl.counts.back());
  }
  const std::size_t seen = impl.seen.size(), pairs = seen * (seen - 1) / 2;
  if (!fits || seen < 2 || impl.counts.size() != seen || all != impl.vectors.rows ||
      impl.coefficients.rows != seen - 1 || impl.coefficients.cols != impl.vectors.rows ||
      impl.rho.size() != pairs || impl.prob_a.size() != pairs || impl.prob_b.size() != pairs)
    throw Error(ErrorCode::kIncompatible, "its support vectors do not fit together");
  impl.Prepare();
}

Svm::~Svm() = default;
Svm::Svm(Svm&&) noexcept = default;

std::size_t Svm::num_values() const { return impl_->vectors.cols; }

std::vector<double> Svm::Probabilities(std::span<const float> input) const {
  VPR_CHECK(input.size() == num_values());
  Matrix one(1, input.size());
  std::copy(input.begin(), input.end(), one.data.begin());
  Nodes node(one);
  std::vector<double> of_seen(impl_->seen.size());
  svm_predict_probability(&impl_->model, node.row(0), of_seen.data());
  std::vector<double> probabilities(static_cast<std::size_t>(impl_->num_classes));
  for (std::size_t i = 0; i < of_seen.size(); ++i)
    probabilities[static_cast<std::size_t>(impl_->seen[i])] = of_seen[i];
  return probabilities;
}

std::vector<Tensor> Svm::Tensors() const {
  auto matrix = [](const char* name, const Matrix& values) {
    return Tensor{name,
                  {static_cast<std::int64_t>(values.rows), static_cast<std::int64_t>(values.cols)},
                  values.data};
  };
  auto vector = [](const char* name, std::vector<float> values) {
    const auto size = static_cast<std::int64_t>(values.size());
    return Tensor{name, {size}, std::move(values)};
  };
  return {matrix("svm.vectors", impl_->vectors),
          matrix("svm.coefficients", impl_->coefficients),
          vector("svm.rho", impl_->rho),
          vector("svm.probability_a", impl_->prob_a),
          vector("svm.probability_b", impl_->prob_b),
          vector("svm.classes", {impl_->seen.begin(), impl_->seen.end()}),
          vector("svm.counts", {impl_->counts.begin(), impl_->counts.end()}),
          vector("svm.gamma", {static_cast<float>(impl_->gamma)})};
}

SvmSettings SearchSvmSettings(const Matrix& inputs, const std::vector<int>& classes,
                              const std::vector<int>& groups, const std::vector<int>& folds,
                              std::size_t most, std::uint64_t seed, int threads,
                              const StopRequested& stop) {
  std::vector<std::size_t> subset(inputs.rows);
  std::iota(subset.begin(), subset.end(), 0);
  if (subset.size() > most) {
    Rng(seed, kSubsetStream).Shuffle(subset);
    // One of each group, then a second one, and so on.
    std::vector<std::size_t> seen(
        static_cast<std::size_t>(*std::max_element(groups.begin(), groups.end()) + 1));
    std::vector<std::size_t> turn(inputs.rows);
    for (std::size_t i : subset) turn[i] = seen[static_cast<std::size_t>(groups[i])]++;
    std::stable_sort(subset.begin(), subset.end(),
                     [&](std::size_t a, std::size_t b) { return turn[a] < turn[b]; });
    subset.resize(most);
    std::sort(subset.begin(), subset.end());
  }
  std::vector<SvmSettings> grid;
  for (double c : {-1, 1, 3, 5, 7})
    for (double gamma : {-5, -3, -1, 1})
      grid.push_back({std::exp2(c), std::exp2(gamma) / static_cast<double>(inputs.cols)});
  const int num_folds = *std::max_element(folds.begin(), folds.end()) + 1;
  struct Part {
    Matrix train, test;
    std::vector<int> train_classes, test_classes;
  };
  std::vector<Part> parts;
  for (int fold = 0; fold < num_folds; ++fold) {
    std::vector<std::size_t> train, test;
    Part part;
    for (std::size_t i : subset) {
      const bool held_out = folds[i] == fold;
      (held_out ? test : train).push_back(i);
      (held_out ? part.test_classes : part.train_classes).push_back(classes[i]);
    }
    if (test.empty() || train.empty()) continue;
    part.train = Rows(inputs, train);
    part.test = Rows(inputs, test);
    parts.push_back(std::move(part));
  }
  std::vector<std::size_t> correct(grid.size());
  const std::size_t done = OrderedParallelFor(
      grid.size(), threads, grid.size(),
      [&](std::size_t g) {
        for (Part& part : parts) {
          Nodes train(part.train), test(part.test);
          const TrainedModel model = Train(train, part.train_classes, grid[g], false);
          for (std::size_t i = 0; i < part.test_classes.size(); ++i)
            correct[g] += svm_predict(model.get(), test.row(i)) == part.test_classes[i] ? 1 : 0;
        }
      },
      [](std::size_t) {}, stop);
  if (done < grid.size())
    throw Error(ErrorCode::kInterrupted, "stopped while searching C and gamma");
  const auto best = std::max_element(correct.begin(), correct.end()) - correct.begin();
  return grid[static_cast<std::size_t>(best)];
}

}  // namespace vpr
