#include "vpr/diarize/cluster.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "vpr/base/error.h"

namespace vpr {
namespace {

constexpr int kMostRounds = 5;
constexpr double kLeastLikeness = 0.01;  // within a group, as a divisor

double Dot(const std::vector<float>& a, const std::vector<float>& b) {
  return PldaScorer::Product(a, b);
}

struct Group {
  VoiceGroup voice;
  std::vector<std::size_t> members;
};

// Joins the two most alike until the threshold, within the wanted numbers.
std::vector<Group> Join(std::vector<Group> groups, const ClusterOptions& options) {
  const std::size_t n = groups.size();
  constexpr double kLowest = -std::numeric_limits<double>::infinity();
  // Each pair once, at the larger number; of each row the best is remembered.
  std::vector<std::vector<double>> scores(n);
  std::vector<std::size_t> best(n, 0);
  std::vector<bool> there(n, true);
  auto find_best = [&](std::size_t i) {
    best[i] = i;
    for (std::size_t j = 0; j < i; ++j)
      if (there[j] && (best[i] == i || scores[i][j] > scores[i][best[i]])) best[i] = j;
  };
  for (std::size_t i = 0; i < n; ++i) {
    scores[i].resize(i);
    for (std::size_t j = 0; j < i; ++j) scores[i][j] = groups[i].voice.MeanScore(groups[j].voice);
    find_best(i);
  }
  for (std::size_t left = n; left > options.fewest; --left) {
    std::size_t at = n;
    double most = kLowest;
    for (std::size_t i = 0; i < n; ++i) {
      if (there[i] && best[i] != i && scores[i][best[i]] > most) {
        most = scores[i][best[i]];
        at = i;
      }
    }
    if (at == n || (most < options.threshold && left <= options.most)) break;
    const std::size_t into = best[at];
    groups[into].voice.Add(groups[at].voice);
    groups[into].members.insert(groups[into].members.end(), groups[at].members.begin(),
                                groups[at].members.end());
    there[at] = false;
    for (std::size_t j = 0; j < into; ++j)
      if (there[j]) scores[into][j] = groups[into].voice.MeanScore(groups[j].voice);
    find_best(into);
    for (std::size_t i = into + 1; i < n; ++i) {
      if (!there[i]) continue;
      scores[i][into] = groups[i].voice.MeanScore(groups[into].voice);
      if (best[i] == at || best[i] == into)
        find_best(i);
      else if (best[i] == i || scores[i][into] > scores[i][best[i]])
        best[i] = into;
    }
  }
  std::vector<Group> joined;
  for (std::size_t i = 0; i < n; ++i)
    if (there[i]) joined.push_back(std::move(groups[i]));
  return joined;
}

// The groups with little speech are dissolved into the nearest of the others, the least first.
void Absorb(std::vector<Group>& groups, const ClusterOptions& options) {
  while (groups.size() > std::max<std::size_t>(options.fewest, 1)) {
    const auto least = std::min_element(
        groups.begin(), groups.end(),
        [](const Group& a, const Group& b) { return a.voice.seconds() < b.voice.seconds(); });
    if (least->voice.seconds() >= options.least_seconds) return;
    Group* nearest = nullptr;
    double most = 0;
    for (Group& other : groups) {
      if (&other == &*least) continue;
      const double score = least->voice.MeanScore(other.voice);
      if (nearest == nullptr || score > most) {
        nearest = &other;
        most = score;
      }
    }
    nearest->voice.Add(least->voice);
    nearest->members.insert(nearest->members.end(), least->members.begin(), least->members.end());
    groups.erase(least);
  }
}

// The mean score within a group, of pieces that share no time; nothing: there are none such.
std::optional<double> ScoreWithin(const Group& group, std::span<const Voiceprint> pieces,
                                  const Scorer& scorer, std::size_t neighbours) {
  const auto n = static_cast<double>(group.members.size());
  double sum = group.voice.MeanScore(group.voice) * n * n, pairs = n * n;
  for (std::size_t i = 0; i < group.members.size(); ++i) {
    const VoiceGroup piece(pieces[group.members[i]], scorer);
    for (std::size_t j = i; j < group.members.size(); ++j) {
      if (group.members[j] - group.members[i] > neighbours) break;
      const double times = i == j ? 1 : 2;
      sum -= times * piece.MeanScore(VoiceGroup(pieces[group.members[j]], scorer));
      pairs -= times;
    }
  }
  if (pairs < 1) return std::nullopt;
  return sum / pairs;
}

// Joins groups that are as alike as they are in themselves.
void Unite(std::vector<Group>& groups, std::span<const Voiceprint> pieces, const Scorer& scorer,
           const ClusterOptions& options) {
  std::vector<std::optional<double>> within;
  for (Group& group : groups) {
    std::sort(group.members.begin(), group.members.end());
    within.push_back(ScoreWithin(group, pieces, scorer, options.neighbours));
  }
  while (groups.size() > std::max<std::size_t>(options.fewest, 1)) {
    // Of one without pairs it is taken to be as that of the others.
    double sum = 0, count = 0;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (!within[g]) continue;
      sum += *within[g] * static_cast<double>(groups[g].members.size());
      count += static_cast<double>(groups[g].members.size());
    }
    const double usual = count > 0 ? sum / count : 1;
    std::size_t a = 0, b = 0;
    double most = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < groups.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const double looser = std::min(within[i].value_or(usual), within[j].value_or(usual));
        const double likeness =
            groups[i].voice.MeanScore(groups[j].voice) / std::max(looser, kLeastLikeness);
        if (likeness <= most) continue;
        most = likeness;
        a = i;
        b = j;
      }
    }
    if (most < options.likeness && groups.size() <= options.most) return;
    Group& into = groups[b];
    into.voice.Add(groups[a].voice);
    into.members.insert(into.members.end(), groups[a].members.begin(), groups[a].members.end());
    std::sort(into.members.begin(), into.members.end());
    within[b] = ScoreWithin(into, pieces, scorer, options.neighbours);
    groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(a));
    within.erase(within.begin() + static_cast<std::ptrdiff_t>(a));
  }
}

}  // namespace

VoiceGroup::VoiceGroup(const Voiceprint& piece, const Scorer& scorer)
    : size_(1), seconds_(piece.terms.seconds), sum_(piece.values) {
  // Half of the constant to each side, so that v = a.own_ + b.own_ + product.
  own_ = piece.terms.own + scorer.constant() / 2;
  scale_ = 1 / piece.terms.cohort_deviation;
  scaled_own_ = own_ * scale_;
  offset_ = piece.terms.cohort_mean * scale_;
  scaled_sum_ = sum_;
  for (float& value : scaled_sum_) value *= static_cast<float>(scale_);
}

void VoiceGroup::Add(const VoiceGroup& other) {
  size_ += other.size_;
  seconds_ += other.seconds_;
  own_ += other.own_;
  scale_ += other.scale_;
  scaled_own_ += other.scaled_own_;
  offset_ += other.offset_;
  sum_.resize(other.sum_.size());
  scaled_sum_.resize(other.sum_.size());
  for (std::size_t k = 0; k < sum_.size(); ++k) {
    sum_[k] += other.sum_[k];
    scaled_sum_[k] += other.scaled_sum_[k];
  }
}

double VoiceGroup::MeanScore(const VoiceGroup& other) const {
  const auto n = static_cast<double>(size_), m = static_cast<double>(other.size_);
  // Over all pairs (v - mean_a) / deviation_a, and the same of the other side.
  const double mine =
      m * scaled_own_ + scale_ * other.own_ + Dot(scaled_sum_, other.sum_) - m * offset_;
  const double theirs = n * other.scaled_own_ + other.scale_ * own_ + Dot(other.scaled_sum_, sum_) -
                        n * other.offset_;
  return (mine + theirs) / (2 * n * m);
}

std::vector<std::size_t> ClusterVoices(std::span<const Voiceprint> pieces, const Scorer& scorer,
                                       const ClusterOptions& options) {
  VPR_CHECK(options.block > 1);
  std::vector<Group> groups;
  // Down to the most that are wanted only what is most alike in proportion is joined, at the end.
  ClusterOptions joining = options;
  joining.most = std::numeric_limits<std::size_t>::max();
  for (std::size_t begin = 0; begin < pieces.size(); begin += options.block) {
    std::vector<Group> block;
    for (std::size_t i = begin; i < std::min(begin + options.block, pieces.size()); ++i)
      block.push_back({VoiceGroup(pieces[i], scorer), {i}});
    for (Group& group : Join(std::move(block), joining)) groups.push_back(std::move(group));
  }
  groups = Join(std::move(groups), joining);
  Absorb(groups, options);

  std::vector<std::size_t> labels(pieces.size());
  for (std::size_t g = 0; g < groups.size(); ++g)
    for (std::size_t i : groups[g].members) labels[i] = g;
  for (int round = 0; round < kMostRounds && groups.size() > 1; ++round) {
    std::vector<VoiceGroup> voices(groups.size());
    for (std::size_t i = 0; i < pieces.size(); ++i)
      voices[labels[i]].Add(VoiceGroup(pieces[i], scorer));
    std::vector<std::size_t> size(groups.size());
    for (std::size_t label : labels) ++size[label];
    bool changed = false;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (size[labels[i]] == 1) continue;  // no group is emptied
      const VoiceGroup piece(pieces[i], scorer);
      std::size_t best = labels[i];
      double most = -std::numeric_limits<double>::infinity();
      for (std::size_t g = 0; g < voices.size(); ++g) {
        const double score = piece.MeanScore(voices[g]);
        if (score > most) {
          most = score;
          best = g;
        }
      }
      if (best == labels[i]) continue;
      --size[labels[i]];
      ++size[best];
      labels[i] = best;
      changed = true;
    }
    if (!changed) break;
  }
  std::vector<Group> settled(groups.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    settled[labels[i]].voice.Add(VoiceGroup(pieces[i], scorer));
    settled[labels[i]].members.push_back(i);
  }
  Unite(settled, pieces, scorer, options);
  for (std::size_t g = 0; g < settled.size(); ++g)
    for (std::size_t i : settled[g].members) labels[i] = g;
  // By first appearance.
  std::vector<std::size_t> number(settled.size(), settled.size());
  std::size_t next = 0;
  for (std::size_t& label : labels) {
    if (number[label] == settled.size()) number[label] = next++;
    label = number[label];
  }
  return labels;
}

}  // namespace vpr
