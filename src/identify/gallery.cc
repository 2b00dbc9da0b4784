#include "vpr/identify/gallery.h"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>

#include "identify/products.h"
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
  if (ids_.empty()) dim_ = voiceprint.values.size();
  VPR_CHECK(voiceprint.values.size() == dim_);
  ids_.push_back(id);
  names_.append(name);
  name_ends_.push_back(names_.size());
  rows_.insert(rows_.end(), voiceprint.values.begin(), voiceprint.values.end());
  terms_.push_back(voiceprint.terms);
  LookAt(size() - 1);
}

void Gallery::LookAt(std::size_t speaker) {
  const ScoreTerms& terms = terms_[speaker];
  const double inverse = 1 / terms.cohort_deviation;
  inverse_deviations_.push_back(static_cast<float>(inverse));
  scaled_means_.push_back(static_cast<float>(terms.cohort_mean * inverse));
  owns_.push_back(static_cast<float>(terms.own));
  longest_row_ = std::max(longest_row_, static_cast<double>(AsVector(values(speaker)).norm()));
  largest_inverse_ = std::max(largest_inverse_, inverse);
  largest_mean_ = std::max(largest_mean_, std::abs(terms.cohort_mean));
  largest_own_ = std::max(largest_own_, std::abs(terms.own));
}

// Numbers of speakers and of values each, ids, ends of the names, terms, values, names.
std::string Gallery::Encode(std::size_t begin, std::size_t end) const {
  const std::uint64_t count = end - begin, dim = dim_;
  std::string bytes;
  auto put = [&](const void* data, std::size_t size) {
    bytes.append(static_cast<const char*>(data), size);
  };
  put(&count, sizeof(count));
  put(&dim, sizeof(dim));
  put(ids_.data() + begin, count * sizeof(ids_[0]));
  for (std::size_t i = begin; i < end; ++i) {
    const std::uint64_t name_end = name_ends_[i + 1] - name_ends_[begin];
    put(&name_end, sizeof(name_end));
  }
  put(terms_.data() + begin, count * sizeof(terms_[0]));
  put(rows_.data() + begin * dim_, count * dim_ * sizeof(float));
  put(names_.data() + name_ends_[begin], name_ends_[end] - name_ends_[begin]);
  return bytes;
}

void Gallery::AddEncoded(std::string_view bytes) {
  std::uint64_t count = 0, dim = 0;
  auto take = [&](void* to, std::size_t size) {
    if (size > 0) std::memcpy(to, bytes.data(), size);
    bytes.remove_prefix(size);
  };
  const auto fail = [](const char* what) {
    return Error(ErrorCode::kCorrupt, std::string("templates ") + what);
  };
  if (bytes.size() < sizeof(count) + sizeof(dim)) throw fail("are cut off");
  take(&count, sizeof(count));
  take(&dim, sizeof(dim));
  if (count == 0) return;
  if (dim == 0 || (!ids_.empty() && dim != dim_)) throw fail("have another dimension");
  const std::uint64_t head = sizeof(ids_[0]) + sizeof(std::uint64_t) + sizeof(ScoreTerms);
  if (dim > bytes.size() || count > bytes.size() / (head + dim * sizeof(float)))
    throw fail("are cut off");
  const std::size_t before = size(), names_before = names_.size();
  std::vector<std::uint64_t> ends(count);
  std::memcpy(ends.data(), bytes.data() + count * sizeof(ids_[0]), count * sizeof(ends[0]));
  if (!std::is_sorted(ends.begin(), ends.end()) ||
      ends.back() != bytes.size() - count * (head + dim * sizeof(float)))
    throw fail("have names that do not fit");

  dim_ = dim;
  ids_.resize(before + count);
  take(ids_.data() + before, count * sizeof(ids_[0]));
  bytes.remove_prefix(count * sizeof(ends[0]));
  for (std::uint64_t end : ends) name_ends_.push_back(names_before + end);
  terms_.resize(before + count);
  take(terms_.data() + before, count * sizeof(ScoreTerms));
  rows_.resize((before + count) * dim);
  take(rows_.data() + before * dim, count * dim * sizeof(float));
  names_.append(bytes);
  for (std::size_t i = before; i < size(); ++i) LookAt(i);
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
    all.resize(top);
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

void DecodeBlock(std::string_view bytes, LoadedGallery& loaded) {
  std::uint64_t size = 0;
  if (bytes.size() >= sizeof(size)) std::memcpy(&size, bytes.data(), sizeof(size));
  if (bytes.size() < sizeof(size) || bytes.size() - sizeof(size) < size)
    throw Error(ErrorCode::kCorrupt, "templates are cut off");
  bytes.remove_prefix(sizeof(size));
  for (std::string_view name : Lines(bytes.substr(0, size)))
    loaded.other_network.emplace_back(name);
  loaded.gallery.AddEncoded(bytes.substr(size));
}

// Opens blocks and takes them apart on threads of its own, so that the store is read meanwhile.
class Decoder {
 public:
  explicit Decoder(LoadedGallery& loaded) : loaded_(loaded) {
    for (std::thread& thread : threads_) thread = std::thread([this] { Run(); });
  }
  ~Decoder() { Stop(); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Gives memory of a block that has been taken apart, if there is one.
  LargeVector<char> Add(SealedTemplates&& block) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return blocks_.size() < kMostWaiting; });
    blocks_.push_back(std::move(block));
    changed_.notify_all();
    if (spare_.empty()) return {};
    LargeVector<char> memory = std::move(spare_.back());
    spare_.pop_back();
    return memory;
  }

  // When all are taken apart, in the order of Add; throws what went wrong.
  void Finish() {
    Stop();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  static constexpr std::size_t kMostWaiting = 4;

  void Run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return !blocks_.empty() || stopped_; });
      if (blocks_.empty()) return;
      SealedTemplates block = std::move(blocks_.front());
      blocks_.pop_front();
      const std::size_t number = taken_++;
      changed_.notify_all();
      lock.unlock();
      std::exception_ptr failure;
      std::string_view bytes;
      try {
        bytes = block.Open();
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      changed_.wait(lock, [&] { return done_ == number; });
      if (!failure && !failure_) {
        lock.unlock();
        try {
          DecodeBlock(bytes, loaded_);
        } catch (...) {
          failure = std::current_exception();
        }
        lock.lock();
      }
      if (!failure_) failure_ = failure;
      spare_.push_back(std::move(block).TakeMemory());
      ++done_;
      changed_.notify_all();
    }
  }

  void Stop() {
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
      changed_.notify_all();
    }
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  LoadedGallery& loaded_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<SealedTemplates> blocks_;
  std::vector<LargeVector<char>> spare_;
  std::size_t taken_ = 0, done_ = 0;
  bool stopped_ = false;
  std::exception_ptr failure_;
  std::array<std::thread, 2> threads_;  // one may decrypt while the other takes apart
};

}  // namespace

LoadedGallery LoadGallery(VoiceStore& store, const Scorer& scorer, const ModelInfo& info,
                          Progress& progress) {
  LoadedGallery loaded{Gallery(scorer), {}};
  Gallery& gallery = loaded.gallery;
  const std::string maker = "1 " + info.network_fingerprint + " " + info.scoring_fingerprint;
  const std::size_t expected = store.NumSpeakers();
  gallery.Reserve(expected, static_cast<std::size_t>(info.embedding_dim));

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
          std::vector<const EnrolledUtterance*> utterances;
          for (const EnrolledUtterance& one : batch[i].utterances) {
            if (one.network == info.network_fingerprint) utterances.push_back(&one);
          }
          if (utterances.empty()) return;
          const Template mean = MakeTemplate(utterances);
          voiceprints[i] = scorer.MakeVoiceprint(mean.embedding, mean.seconds);
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
            loaded.other_network.push_back(speaker.name);
            block.other_network += speaker.name + "\n";
          } else {
            gallery.Add(speaker.id, speaker.name, voiceprints[i]);
            ++block.end;
          }
        });
    made += batch.size();
    batch.clear();
    progress.Update(made);
  };
  Decoder decoder(loaded);
  store.ForEachTemplate(
      maker, [&](SealedTemplates&& block) { return decoder.Add(std::move(block)); },
      [&](EnrolledSpeaker&& speaker) {
        if (made == 0 && batch.empty()) {
          decoder.Finish();
          progress.Start("preparing the enrolled voices", "speaker",
                         expected - gallery.size() - loaded.other_network.size());
        }
        batch.push_back(std::move(speaker));
        if (batch.size() == 4 * static_cast<std::size_t>(TemplateBlock::kBlock)) add_batch();
      });
  decoder.Finish();
  if (!batch.empty()) add_batch();
  if (made > 0) progress.Finish();

  try {
    for (Block& block : blocks) {
      block.stored.data = EncodeBlock(gallery, block.begin, block.end, block.other_network);
      store.SaveTemplates(maker, block.stored);
      block.stored.data.clear();
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
