#include "vpr/identify/gallery.h"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>

#include "identify/products.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Eigen::Index;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

std::ptrdiff_t AsOffset(std::size_t count) { return static_cast<std::ptrdiff_t>(count); }

Eigen::Map<const Eigen::RowVectorXf> AsVector(std::span<const float> values) {
  return {values.data(), static_cast<Index>(values.size())};
}

// Can the embedding be this network's?
bool Fits(const EnrolledUtterance& utterance, const ModelInfo& info) {
  if (utterance.embedding.size() != static_cast<std::size_t>(info.embedding_dim)) return false;
  const double length = static_cast<double>(AsVector(utterance.embedding).norm());
  return std::isfinite(length) && length > 0 && utterance.speech_seconds > 0;
}

}  // namespace

std::vector<const EnrolledUtterance*> UtterancesOfNetwork(const EnrolledSpeaker& speaker,
                                                          const ModelInfo& info) {
  std::vector<const EnrolledUtterance*> utterances;
  for (const EnrolledUtterance& one : speaker.utterances) {
    if (one.network != info.network_fingerprint) continue;
    if (Fits(one, info)) utterances.push_back(&one);
  }
  return utterances;
}

SpeechConditions ConditionsOf(const EnrolledUtterance& utterance) {
  SpeechConditions conditions(utterance.speech_seconds);
  conditions.high_band_db = utterance.high_band_db;
  conditions.dynamics_db = utterance.dynamics_db;
  conditions.clipped = utterance.clipped;
  return conditions;
}

void SetConditions(const SpeechConditions& conditions, EnrolledUtterance& utterance) {
  utterance.speech_seconds = conditions.seconds;
  utterance.high_band_db = conditions.high_band_db;
  utterance.dynamics_db = conditions.dynamics_db;
  utterance.clipped = conditions.clipped;
}

Template MakeTemplate(const std::vector<const EnrolledUtterance*>& utterances) {
  VPR_CHECK(!utterances.empty());
  Template result;
  result.embedding.resize(utterances.front()->embedding.size());
  std::vector<SpeechConditions> conditions;
  for (const EnrolledUtterance* utterance : utterances) {
    VPR_CHECK(utterance->embedding.size() == result.embedding.size());
    for (std::size_t d = 0; d < result.embedding.size(); ++d)
      result.embedding[d] += utterance->embedding[d];
    conditions.push_back(ConditionsOf(*utterance));
  }
  result.conditions = JoinConditions(conditions);
  Normalize(result.embedding);
  return result;
}

void Gallery::Reserve(std::size_t speakers, std::size_t dim) {
  rows_.reserve(speakers * dim);
  terms_.reserve(speakers);
  ids_.reserve(speakers);
  forget_at_.reserve(speakers);
  name_ends_.reserve(speakers + 1);
  inverse_deviations_.reserve(speakers);
  scaled_means_.reserve(speakers);
  owns_.reserve(speakers);
}

void Gallery::Add(std::int64_t id, std::string_view name, const Voiceprint& voiceprint,
                  std::int64_t forget_at) {
  if (ids_.empty()) dim_ = voiceprint.values.size();
  VPR_CHECK(voiceprint.values.size() == dim_);
  const std::size_t speaker = size();
  ids_.push_back(id);
  forget_at_.push_back(forget_at);
  names_.append(name);
  name_ends_.push_back(names_.size());
  Grow(speaker + 1);
  std::copy(voiceprint.values.begin(), voiceprint.values.end(), rows_.end() - AsOffset(dim_));
  terms_[speaker] = voiceprint.terms;
  bounds_.Widen(PrepareFirstLook(speaker, speaker + 1));
}

void Gallery::Grow(std::size_t speakers) {
  rows_.resize(speakers * dim_);
  terms_.resize(speakers);
  inverse_deviations_.resize(speakers);
  scaled_means_.resize(speakers);
  owns_.resize(speakers);
}

Gallery::Bounds Gallery::PrepareFirstLook(std::size_t begin, std::size_t end) {
  Bounds bounds;
  for (std::size_t speaker = begin; speaker < end; ++speaker) {
    const ScoreTerms& terms = terms_[speaker];
    const double inverse = 1 / terms.cohort_deviation;
    inverse_deviations_[speaker] = static_cast<float>(inverse);
    scaled_means_[speaker] = static_cast<float>(terms.cohort_mean * inverse);
    owns_[speaker] = static_cast<float>(terms.own);
    const double length = static_cast<double>(AsVector(values(speaker)).norm());
    if (!std::isfinite(length + inverse + terms.own + terms.cohort_mean) || !(terms.seconds >= 0))
      throw Error(ErrorCode::kCorrupt, "templates hold what is no number");
    bounds.Widen({length, inverse, std::abs(terms.own), std::abs(terms.cohort_mean)});
  }
  return bounds;
}

void Gallery::Bounds::Widen(const Bounds& other) {
  longest_row = std::max(longest_row, other.longest_row);
  largest_inverse = std::max(largest_inverse, other.largest_inverse);
  largest_own = std::max(largest_own, other.largest_own);
  largest_mean = std::max(largest_mean, other.largest_mean);
}

// Numbers of speakers and of values each, ids, when they are to be forgotten, ends of the names,
// terms, values, names.
std::string Gallery::Encode(std::size_t begin, std::size_t end) const {
  const std::uint64_t count = end - begin, dim = dim_;
  std::string bytes;
  auto put = [&](const void* data, std::size_t size) {
    bytes.append(static_cast<const char*>(data), size);
  };
  put(&count, sizeof(count));
  put(&dim, sizeof(dim));
  put(ids_.data() + begin, count * sizeof(ids_[0]));
  put(forget_at_.data() + begin, count * sizeof(forget_at_[0]));
  for (std::size_t i = begin; i < end; ++i) {
    const std::uint64_t name_end = name_ends_[i + 1] - name_ends_[begin];
    put(&name_end, sizeof(name_end));
  }
  put(terms_.data() + begin, count * sizeof(terms_[0]));
  put(rows_.data() + begin * dim_, count * dim_ * sizeof(float));
  put(names_.data() + name_ends_[begin], name_ends_[end] - name_ends_[begin]);
  return bytes;
}

void Gallery::AddEncoded(std::string_view bytes, std::mutex& mutex) {
  std::uint64_t count = 0, dim = 0;
  const auto fail = [](const char* what) {
    return Error(ErrorCode::kCorrupt, std::string("templates ") + what);
  };
  if (bytes.size() < sizeof(count) + sizeof(dim)) throw fail("are cut off");
  std::memcpy(&count, bytes.data(), sizeof(count));
  std::memcpy(&dim, bytes.data() + sizeof(count), sizeof(dim));
  bytes.remove_prefix(sizeof(count) + sizeof(dim));
  if (count == 0) return;
  const std::uint64_t head = 2 * sizeof(ids_[0]) + sizeof(std::uint64_t) + sizeof(ScoreTerms);
  if (dim == 0 || dim > bytes.size() || count > bytes.size() / (head + dim * sizeof(float)))
    throw fail("are cut off");
  const char* const ids = bytes.data();
  const char* const forget_at = ids + count * sizeof(ids_[0]);
  const char* const name_ends = forget_at + count * sizeof(forget_at_[0]);
  const char* const terms = name_ends + count * sizeof(std::uint64_t);
  const char* const rows = terms + count * sizeof(ScoreTerms);
  const std::string_view names = bytes.substr(count * (head + dim * sizeof(float)));
  std::vector<std::uint64_t> ends(count);
  std::memcpy(ends.data(), name_ends, count * sizeof(ends[0]));
  if (!std::is_sorted(ends.begin(), ends.end()) || ends.back() != names.size())
    throw fail("have names that do not fit");

  std::size_t begin = 0;
  {
    std::lock_guard lock(mutex);
    begin = size();
    if (begin > 0 && dim != dim_) throw fail("have another dimension");
    // Others are filling what they were given: it must stay where it is.
    if (begin + count > ids_.capacity() || (begin + count) * dim > rows_.capacity())
      throw fail("are of more speakers, or longer, than expected");
    if (begin == 0) dim_ = dim;  // else others may be reading it
    ids_.resize(begin + count);
    std::memcpy(ids_.data() + begin, ids, count * sizeof(ids_[0]));
    forget_at_.resize(begin + count);
    std::memcpy(forget_at_.data() + begin, forget_at, count * sizeof(forget_at_[0]));
    for (std::uint64_t end : ends) name_ends_.push_back(names_.size() + end);
    names_.append(names);
    Grow(begin + count);
  }
  std::memcpy(terms_.data() + begin, terms, count * sizeof(terms_[0]));
  std::memcpy(rows_.data() + begin * dim, rows, count * dim * sizeof(float));
  const Bounds bounds = PrepareFirstLook(begin, begin + count);
  std::lock_guard lock(mutex);
  bounds_.Widen(bounds);
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
    const double inverse = 1 / terms.cohort_deviation + bounds_.largest_inverse;
    const double largest = AsVector(probes[p].values).norm() * bounds_.longest_row +
                           std::abs(scorer_->constant()) + std::abs(terms.own) +
                           bounds_.largest_own + std::abs(terms.cohort_mean) + bounds_.largest_mean;
    margins.push_back(2 * static_cast<double>(dim_ + 8) *
                      double{std::numeric_limits<float>::epsilon()} * largest * inverse);
  }
  const std::int64_t now = UtcSeconds();
  constexpr std::size_t kBlock = 2048;
  std::vector<float> products(probes.size() * kBlock);  // [probes, rows of a block], then scores
  std::array<float, kBlock / kGroup> highest;
  for (std::size_t at = begin; at < end; at += kBlock) {
    const std::size_t count = std::min(kBlock, end - at);
    ScalarProducts(rows_.data() + at * dim_, count, x.data(), probes.size(), dim_, products.data());
    for (std::size_t p = 0; p < probes.size(); ++p) {
      const ScoreTerms& terms = probes[p].terms;
      float* const rough = products.data() + p * count;
      RoughScores(rough, owns_.data() + at, inverse_deviations_.data() + at,
                  scaled_means_.data() + at, count,
                  {static_cast<float>(scorer_->constant() + terms.own),
                   static_cast<float>(1 / terms.cohort_deviation),
                   static_cast<float>(terms.cohort_mean / terms.cohort_deviation)},
                  highest.data());
      std::vector<Hit>& best = hits[p];  // a heap with the least of them first
      const auto below = [&](float score) {
        return best.size() == top && double{score} + margins[p] < best.front().value;
      };
      for (std::size_t r = 0; r < count; ++r) {
        if (r % kGroup == 0 && below(highest[r / kGroup])) {
          r += kGroup - 1;
          continue;
        }
        if (below(rough[r])) continue;
        const std::size_t speaker = at + r;
        if (forget_at_[speaker] != 0 && forget_at_[speaker] <= now) continue;
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
  ParallelFor(parts, threads, [&](std::size_t part) {
    SearchRows(probes, size() * part / parts, size() * (part + 1) / parts, top, hits[part]);
  });
  for (std::size_t p = 0; p < probes.size(); ++p) {
    std::vector<Hit> all;
    for (const auto& part : hits) all.insert(all.end(), part[p].begin(), part[p].end());
    std::sort(all.begin(), all.end());
    all.resize(std::min(top, all.size()));
    for (const Hit& hit : all)
      found[p].push_back(
          {hit.speaker, hit.value, scorer_->Llr(hit.value, probes[p].terms, terms_[hit.speaker])});
  }
  return found;
}

namespace {

// What is kept of a block of speakers: those of the gallery, and the names of those who cannot be
// compared, each ended by a line break (which no name holds).
std::string EncodeBlock(const Gallery& gallery, std::size_t begin, std::size_t end,
                        const std::string& other_network) {
  const std::uint64_t size = other_network.size();
  std::string bytes(sizeof(size), '\0');
  std::memcpy(bytes.data(), &size, sizeof(size));
  return bytes + other_network + gallery.Encode(begin, end);
}

// As Gallery::AddEncoded.
void DecodeBlock(std::string_view bytes, LoadedGallery& loaded, std::mutex& mutex) {
  std::uint64_t size = 0;
  if (bytes.size() >= sizeof(size)) std::memcpy(&size, bytes.data(), sizeof(size));
  if (bytes.size() < sizeof(size) || bytes.size() - sizeof(size) < size)
    throw Error(ErrorCode::kCorrupt, "templates are cut off");
  bytes.remove_prefix(sizeof(size));
  loaded.gallery.AddEncoded(bytes.substr(size), mutex);
  std::lock_guard lock(mutex);
  for (std::string_view name : Lines(bytes.substr(0, size)))
    loaded.other_network.emplace_back(name);
}

}  // namespace

namespace {

struct BadTemplates {};

// With the templates that `read_maker` made; those that are missing are kept under `maker`.
LoadedGallery LoadWith(VoiceStore& store, const Scorer& scorer, const ModelInfo& info,
                       const std::string& read_maker, const std::string& maker,
                       Progress& progress) {
  LoadedGallery loaded{Gallery(scorer), {}};
  Gallery& gallery = loaded.gallery;
  std::size_t expected = 0;
  std::atomic<std::size_t> unusable = 0;  // utterances

  // Speakers whose voiceprints are still to be made come in batches, block by block.
  struct Block {
    TemplateBlock stored;
    std::size_t begin = 0, end = 0;  // in the gallery
    std::string other_network;
  };
  std::vector<Block> blocks;
  std::vector<EnrolledSpeaker> batch;
  std::size_t made = 0;
  auto add_batch = [&] {
    std::vector<Voiceprint> voiceprints(batch.size());
    OrderedParallelFor(
        batch.size(), batch.size() < 16 ? 1 : HardwareThreads(), batch.size(),
        [&](std::size_t i) {
          for (const EnrolledUtterance& one : batch[i].utterances)
            unusable += one.network == info.network_fingerprint && !Fits(one, info) ? 1 : 0;
          const auto utterances = UtterancesOfNetwork(batch[i], info);
          if (utterances.empty()) return;
          const Template mean = MakeTemplate(utterances);
          try {
            voiceprints[i] = scorer.MakeVoiceprint(mean.embedding, mean.conditions);
          } catch (const Error& error) {
            if (error.code() != ErrorCode::kUnusable) throw;
            unusable += utterances.size();
          }
        },
        [&](std::size_t i) {
          const EnrolledSpeaker& speaker = batch[i];
          const std::int64_t number = speaker.id / TemplateBlock::kBlock;
          if (blocks.empty() || blocks.back().stored.number != number)
            blocks.push_back({{number, 0, 0, {}}, gallery.size(), gallery.size(), {}});
          Block& block = blocks.back();
          ++block.stored.speakers;
          block.stored.revision = std::max(block.stored.revision, speaker.revision);
          if (voiceprints[i].values.empty()) {
            if (speaker.utterances.empty()) return;
            loaded.other_network.push_back(speaker.name);
            block.other_network += speaker.name + "\n";
          } else {
            gallery.Add(speaker.id, speaker.name, voiceprints[i], speaker.forget_at);
            ++block.end;
          }
        });
    made += batch.size();
    batch.clear();
    progress.Update(made);
  };
  std::mutex mutex;
  store.ForEachTemplate(
      read_maker, {[&](const StoreMoment& moment) {
                     loaded.moment = moment;
                     expected = static_cast<std::size_t>(moment.speakers);
                     gallery.Reserve(expected, static_cast<std::size_t>(info.embedding_dim));
                   },
                   [&](std::string_view block) {
                     try {
                       DecodeBlock(block, loaded, mutex);
                     } catch (const Error& error) {
                       if (error.code() != ErrorCode::kCorrupt) throw;
                       throw BadTemplates();
                     }
                   },
                   [&](EnrolledSpeaker&& speaker) {
                     if (made == 0 && batch.empty())
                       progress.Start("preparing the enrolled voices", "speaker",
                                      expected - gallery.size() - loaded.other_network.size());
                     batch.push_back(std::move(speaker));
                     if (batch.size() == 4 * static_cast<std::size_t>(TemplateBlock::kBlock))
                       add_batch();
                   }});
  if (!batch.empty()) add_batch();
  if (made > 0) progress.Finish();
  std::sort(loaded.other_network.begin(), loaded.other_network.end());
  if (unusable > 0)
    progress.Warn(
        Format("%zu enrolled utterance%s cannot be this network's, whatever the store "
               "says, and %s left out",
               unusable.load(), unusable == 1 ? "" : "s", unusable == 1 ? "is" : "are"));

  try {
    for (Block& block : blocks) {
      // Nothing to compare with: rather another model's templates are kept.
      if (block.begin == block.end) continue;
      block.stored.data = EncodeBlock(gallery, block.begin, block.end, block.other_network);
      store.SaveTemplates(maker, block.stored);
      block.stored.data.clear();
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kIo) throw;  // may not be written to: made again next time
  }
  return loaded;
}

}  // namespace

LoadedGallery LoadGallery(VoiceStore& store, const Scorer& scorer, const ModelInfo& info,
                          Progress& progress) {
  const std::string maker = "2 " + info.network_fingerprint + " " + info.scoring_fingerprint;
  try {
    return LoadWith(store, scorer, info, maker, maker, progress);
  } catch (const BadTemplates&) {
  }
  // They are made of the utterances, which are what counts.
  progress.Warn("what the store keeps to start faster is damaged; it is made again");
  store.DropTemplates();
  return LoadWith(store, scorer, info, "none", maker, progress);
}

void CheckTemplateBlock(std::string_view data) {
  const Scorer scorer({}, {});
  LoadedGallery loaded{Gallery(scorer), {}};
  std::uint64_t speakers = 0, dim = 0;
  // Room as LoadGallery makes it; no more than the data can fill.
  std::uint64_t size = 0;
  if (data.size() >= sizeof(size)) std::memcpy(&size, data.data(), sizeof(size));
  if (data.size() >= 3 * sizeof(size) && size <= data.size() - 3 * sizeof(size)) {
    std::memcpy(&speakers, data.data() + sizeof(size) + size, sizeof(size));
    std::memcpy(&dim, data.data() + 2 * sizeof(size) + size, sizeof(size));
    if (dim != 0 && speakers > data.size() / dim) dim = 0;
  }
  loaded.gallery.Reserve(std::min<std::uint64_t>(speakers, data.size()), dim);
  std::mutex mutex;
  DecodeBlock(data, loaded, mutex);
}

namespace {

// What was measured, by rising threshold: threshold, ln of the false match rate.
std::vector<std::pair<double, double>> MeasuredRates(const ModelInfo& info) {
  std::vector<std::pair<double, double>> points;
  auto add = [&](double threshold, double fmr) {
    if (fmr <= 0 || (!points.empty() &&
                     (threshold <= points.back().first || std::log(fmr) >= points.back().second)))
      return;
    points.emplace_back(threshold, std::log(fmr));
  };
  if (!info.decision.basis.empty()) add(info.decision.threshold, info.decision.fmr);
  for (const FmrThreshold& one : info.fmr_thresholds) {
    // Of enough trials, and none matched: the rate is below the one wanted.
    if (one.supported) add(one.threshold, one.fmr > 0 ? one.fmr : one.wanted_fmr);
  }
  return points;
}

}  // namespace

bool HasOpenSetThreshold(const ModelInfo& info) { return MeasuredRates(info).size() >= 2; }

OpenSetThreshold FindOpenSetThreshold(const ModelInfo& info, double fpir, std::size_t enrolled) {
  if (!(fpir > 0 && fpir < 1))
    throw Error(ErrorCode::kInvalidArgument,
                "the wanted rate of false identifications must be between 0 and 1");
  const double wanted =
      -std::expm1(std::log1p(-fpir) / static_cast<double>(std::max<std::size_t>(enrolled, 1)));
  const std::vector<std::pair<double, double>> points = MeasuredRates(info);
  if (points.size() < 2)
    throw Error(
        ErrorCode::kInvalidArgument,
        "the model has no thresholds to tell strangers by; find them with vpr calibrate, or "
        "give one with --threshold");
  std::size_t end = 1;  // of the stretch that holds `wanted`, or is nearest to it
  while (end + 1 < points.size() && points[end].second > std::log(wanted)) ++end;
  const auto [x0, y0] = points[end - 1];
  const auto [x1, y1] = points[end];
  return {x0 + (std::log(wanted) - y0) * (x1 - x0) / (y1 - y0), wanted,
          std::log(wanted) < points.back().second};
}

}  // namespace vpr
