#include "vpr/identify/gallery.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Eigen::Index;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::Map<const Eigen::RowVectorXf> AsVector(std::span<const float> values) {
  return {values.data(), static_cast<Index>(values.size())};
}

}  // namespace

Template MakeTemplate(const std::vector<const EnrolledUtterance*>& utterances) {
  VPR_CHECK(!utterances.empty());
  Template result;
  result.embedding.resize(utterances.front()->embedding.size());
  for (const EnrolledUtterance* utterance : utterances) {
    VPR_CHECK(utterance->embedding.size() == result.embedding.size());
    for (std::size_t d = 0; d < result.embedding.size(); ++d)
      result.embedding[d] += utterance->embedding[d];
    result.seconds += utterance->speech_seconds;
  }
  Normalize(result.embedding);
  return result;
}

void Gallery::Reserve(std::size_t speakers, std::size_t dim) {
  rows_.reserve(speakers * dim);
  terms_.reserve(speakers);
  ids_.reserve(speakers);
  name_ends_.reserve(speakers + 1);
  inverse_deviations_.reserve(speakers);
  scaled_means_.reserve(speakers);
  owns_.reserve(speakers);
}

void Gallery::Add(std::int64_t id, std::string_view name, const Voiceprint& voiceprint) {
  Append(id, name, voiceprint.values, voiceprint.terms);
}

void Gallery::Append(std::int64_t id, std::string_view name, std::span<const float> values,
                     const ScoreTerms& terms) {
  if (ids_.empty()) dim_ = values.size();
  VPR_CHECK(values.size() == dim_);
  ids_.push_back(id);
  names_.append(name);
  name_ends_.push_back(names_.size());
  rows_.insert(rows_.end(), values.begin(), values.end());
  terms_.push_back(terms);
  const double inverse = 1 / terms.cohort_deviation;
  inverse_deviations_.push_back(static_cast<float>(inverse));
  scaled_means_.push_back(static_cast<float>(terms.cohort_mean * inverse));
  owns_.push_back(static_cast<float>(terms.own));
  longest_row_ = std::max(longest_row_, static_cast<double>(AsVector(values).norm()));
  largest_inverse_ = std::max(largest_inverse_, inverse);
  largest_mean_ = std::max(largest_mean_, std::abs(terms.cohort_mean));
  largest_own_ = std::max(largest_own_, std::abs(terms.own));
}

// Length of the name, the name, own, cohort_mean, cohort_deviation, seconds, values.
std::string Gallery::Encode(std::size_t speaker) const {
  const std::string_view own_name = name(speaker);
  const std::span<const float> row = values(speaker);
  const auto length = static_cast<std::uint32_t>(own_name.size());
  std::string bytes(sizeof(length), '\0');
  std::memcpy(bytes.data(), &length, sizeof(length));
  bytes += own_name;
  bytes.append(reinterpret_cast<const char*>(&terms_[speaker]), sizeof(ScoreTerms));
  bytes.append(reinterpret_cast<const char*>(row.data()), row.size_bytes());
  return bytes;
}

void Gallery::AddEncoded(std::int64_t id, std::string_view bytes) {
  std::uint32_t length = 0;
  ScoreTerms terms;
  auto take = [&](void* to, std::size_t size) {
    if (bytes.size() < size) throw Error(ErrorCode::kCorrupt, "a template is cut off");
    std::memcpy(to, bytes.data(), size);
    bytes.remove_prefix(size);
  };
  take(&length, sizeof(length));
  if (bytes.size() < length) throw Error(ErrorCode::kCorrupt, "a template is cut off");
  const std::string_view name = bytes.substr(0, length);
  bytes.remove_prefix(length);
  take(&terms, sizeof(terms));
  // The bytes need not lie where floats may.
  std::vector<float> values(bytes.size() / sizeof(float));
  if (values.empty() || bytes.size() % sizeof(float) != 0 || (dim_ > 0 && values.size() != dim_))
    throw Error(ErrorCode::kCorrupt, Format("a template has %zu bytes of values", bytes.size()));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  Append(id, name, values, terms);
}

// A first look at every score in single precision, all rows of a block at once; what might be among
// the best is then scored as Scorer::Compare does it.
void Gallery::SearchRows(std::span<const Voiceprint> probes, std::size_t begin, std::size_t end,
                         std::size_t top, std::vector<std::vector<Hit>>& hits) const {
  hits.assign(probes.size(), {});
  RowMajor x(static_cast<Index>(probes.size()), static_cast<Index>(dim_));
  std::vector<double> margins;
  for (std::size_t p = 0; p < probes.size(); ++p) {
    x.row(static_cast<Index>(p)) = AsVector(probes[p].values);
    // Rounding of a sum of dim + 8 terms, on either side of the comparison.
    const ScoreTerms& terms = probes[p].terms;
    const double inverse = 1 / terms.cohort_deviation + largest_inverse_;
    const double largest = AsVector(probes[p].values).norm() * longest_row_ +
                           std::abs(scorer_->constant()) + std::abs(terms.own) + largest_own_ +
                           std::abs(terms.cohort_mean) + largest_mean_;
    margins.push_back(2 * static_cast<double>(dim_ + 8) *
                      double{std::numeric_limits<float>::epsilon()} * largest * inverse);
  }
  constexpr std::size_t kBlock = 2048;
  for (std::size_t at = begin; at < end; at += kBlock) {
    const auto count = static_cast<Index>(std::min(kBlock, end - at));
    const Eigen::Map<const RowMajor> rows(rows_.data() + at * dim_, count,
                                          static_cast<Index>(dim_));
    // [rows of the block, probes]
    Eigen::MatrixXf products(count, x.rows());
    if (probes.size() == 1) {
      products.col(0).noalias() = rows * x.row(0).transpose();
    } else {
      products.noalias() = rows * x.transpose();
    }
    const auto first = static_cast<std::ptrdiff_t>(at);
    const Eigen::Map<const Eigen::ArrayXf> inverse(inverse_deviations_.data() + first, count),
        mean(scaled_means_.data() + first, count), own(owns_.data() + first, count);
    for (std::size_t p = 0; p < probes.size(); ++p) {
      const ScoreTerms& terms = probes[p].terms;
      const auto own_inverse = static_cast<float>(1 / terms.cohort_deviation);
      const auto own_mean = static_cast<float>(terms.cohort_mean / terms.cohort_deviation);
      const auto constant = static_cast<float>(scorer_->constant() + terms.own);
      const Eigen::ArrayXf rough =
          0.5f * ((products.col(static_cast<Index>(p)).array() + own + constant) *
                      (inverse + own_inverse) -
                  mean - own_mean);
      std::vector<Hit>& best = hits[p];  // a heap with the least of them first
      for (Index r = 0; r < count; ++r) {
        if (best.size() == top && double{rough[r]} + margins[p] < best.front().value) continue;
        const std::size_t speaker = at + static_cast<std::size_t>(r);
        const Hit hit{scorer_->Value(probes[p].values, terms, values(speaker), terms_[speaker]),
                      ids_[speaker], speaker};
        if (best.size() < top) {
          best.push_back(hit);
          std::push_heap(best.begin(), best.end());
        } else if (hit < best.front()) {
          std::pop_heap(best.begin(), best.end());
          best.back() = hit;
          std::push_heap(best.begin(), best.end());
        }
      }
    }
  }
}

std::vector<std::vector<Candidate>> Gallery::Search(std::span<const Voiceprint> probes,
                                                    std::size_t top, int threads) const {
  top = std::min(top, size());
  std::vector<std::vector<Candidate>> found(probes.size());
  if (top == 0 || probes.empty()) return found;
  for (const Voiceprint& probe : probes) VPR_CHECK(probe.values.size() == dim_);
  // A thread costs about as much as scoring these.
  constexpr std::size_t kRowsWorthAThread = 20000;
  if (threads == 0)
    threads =
        static_cast<int>(std::clamp<std::size_t>(size() * probes.size() / kRowsWorthAThread, 1,
                                                 static_cast<std::size_t>(HardwareThreads())));
  const auto parts = static_cast<std::size_t>(threads);
  std::vector<std::vector<std::vector<Hit>>> hits(parts);  // [part][probe]
  OrderedParallelFor(
      parts, threads, parts,
      [&](std::size_t part) {
        SearchRows(probes, size() * part / parts, size() * (part + 1) / parts, top, hits[part]);
      },
      [](std::size_t) {});
  for (std::size_t p = 0; p < probes.size(); ++p) {
    std::vector<Hit> all;
    for (const auto& part : hits) all.insert(all.end(), part[p].begin(), part[p].end());
    std::sort(all.begin(), all.end());
    all.resize(top);
    for (const Hit& hit : all)
      found[p].push_back(
          {hit.speaker, hit.value, scorer_->Llr(hit.value, probes[p].terms, terms_[hit.speaker])});
  }
  return found;
}

LoadedGallery LoadGallery(VoiceStore& store, const Scorer& scorer, const ModelInfo& info,
                          Progress& progress) {
  LoadedGallery loaded{Gallery(scorer), {}};
  Gallery& gallery = loaded.gallery;
  const std::string maker = "1 " + info.network_fingerprint + " " + info.scoring_fingerprint;
  const std::size_t expected = store.NumSpeakers();
  gallery.Reserve(expected, static_cast<std::size_t>(info.embedding_dim));

  // Speakers whose voiceprints are still to be made, a batch at a time.
  constexpr std::size_t kBatch = 1024;
  std::vector<EnrolledSpeaker> batch;
  std::vector<StoredTemplate> fresh;  // without data: that is made when they are saved
  std::size_t first_fresh = 0;
  bool started = false;
  auto add_batch = [&] {
    std::vector<Voiceprint> voiceprints(batch.size());
    OrderedParallelFor(
        batch.size(), batch.size() < 16 ? 1 : HardwareThreads(), kBatch,
        [&](std::size_t i) {
          std::vector<const EnrolledUtterance*> utterances;
          for (const EnrolledUtterance& one : batch[i].utterances) utterances.push_back(&one);
          const Template made = MakeTemplate(utterances);
          voiceprints[i] = scorer.MakeVoiceprint(made.embedding, made.seconds);
        },
        [&](std::size_t i) { gallery.Add(batch[i].id, batch[i].name, voiceprints[i]); });
    batch.clear();
    if (started) progress.Update(fresh.size());
  };
  store.ForEachTemplate(
      maker,
      [&](std::int64_t speaker, std::string&& data) {
        gallery.AddEncoded(speaker, data);
        ++first_fresh;
      },
      [&](EnrolledSpeaker&& speaker) {
        std::erase_if(speaker.utterances, [&](const EnrolledUtterance& utterance) {
          return utterance.network != info.network_fingerprint;
        });
        if (speaker.utterances.empty()) {
          loaded.other_network.push_back(speaker.name);
          return;
        }
        if (fresh.size() == 10 * kBatch) {  // long enough to be seen
          progress.Start("preparing the enrolled voices", "speaker", expected - first_fresh,
                         fresh.size());
          started = true;
        }
        fresh.push_back({speaker.id, speaker.revision, {}});
        batch.push_back(std::move(speaker));
        if (batch.size() == kBatch) add_batch();
      });
  add_batch();
  if (started) progress.Finish();

  try {
    for (std::size_t begin = 0; begin < fresh.size(); begin += 10 * kBatch) {
      std::vector<StoredTemplate> some(
          fresh.begin() + static_cast<std::ptrdiff_t>(begin),
          fresh.begin() + static_cast<std::ptrdiff_t>(std::min(begin + 10 * kBatch, fresh.size())));
      for (std::size_t i = 0; i < some.size(); ++i)
        some[i].data = gallery.Encode(first_fresh + begin + i);
      store.SaveTemplates(maker, some);
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kIo) throw;  // may not be written to: made again next time
  }
  return loaded;
}

OpenSetThreshold FindOpenSetThreshold(const ModelInfo& info, double fpir, std::size_t enrolled) {
  if (!(fpir > 0 && fpir < 1))
    throw Error(ErrorCode::kInvalidArgument,
                "the wanted rate of false identifications must be between 0 and 1");
  const double wanted =
      -std::expm1(std::log1p(-fpir) / static_cast<double>(std::max<std::size_t>(enrolled, 1)));
  // What was measured, by rising threshold.
  std::vector<std::pair<double, double>> points;  // threshold, ln of the rate
  double lowest = 1;
  auto add = [&](double threshold, double fmr) {
    if (fmr <= 0 || (!points.empty() &&
                     (threshold <= points.back().first || std::log(fmr) >= points.back().second)))
      return;
    points.emplace_back(threshold, std::log(fmr));
  };
  if (!info.decision.basis.empty()) add(info.decision.threshold, info.decision.fmr);
  for (const FmrThreshold& one : info.fmr_thresholds) {
    if (!one.supported) continue;
    add(one.threshold, one.fmr);
    lowest = std::min(lowest, one.fmr);
  }
  if (points.size() < 2)
    throw Error(
        ErrorCode::kInvalidArgument,
        "the model has no thresholds to tell strangers by; find them with vpr calibrate, or "
        "give one with --threshold");
  std::size_t end = 1;  // of the stretch that holds `wanted`, or is nearest to it
  while (end + 1 < points.size() && points[end].second > std::log(wanted)) ++end;
  const auto [x0, y0] = points[end - 1];
  const auto [x1, y1] = points[end];
  return {x0 + (std::log(wanted) - y0) * (x1 - x0) / (y1 - y0), wanted, wanted < lowest};
}

}  // namespace vpr
