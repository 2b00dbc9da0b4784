#include "vpr/train/label_check.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "vpr/base/error.h"
#include "vpr/base/npy.h"
#include "vpr/base/text.h"
#include "vpr/dataset/source.h"
#include "vpr/model/embed_each.h"

namespace vpr {
namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Eigen::Index;

constexpr double kPairDeviations = 5, kStrangerDeviations = 2;
constexpr Index kBlock = 512;  // rows whose products with all speakers are in memory at once

// To length 1; a row of length 0 stays.
void NormalizeRows(RowMajor& rows) {
  for (Index r = 0; r < rows.rows(); ++r) {
    const float length = rows.row(r).norm();
    if (length > 0) rows.row(r) /= length;
  }
}

// Numbers the labels in the order of their names.
void SetSpeakers(const std::vector<std::string>& labels, LabelledEmbeddings& recordings) {
  std::map<std::string, int> numbers;
  for (const std::string& label : labels) numbers.emplace(label, 0);
  for (auto& [name, number] : numbers) {
    number = static_cast<int>(recordings.speakers.size());
    recordings.speakers.push_back(name);
  }
  for (const std::string& label : labels) recordings.speaker_of.push_back(numbers[label]);
}

}  // namespace

LabelledEmbeddings EmbedLabelled(const std::string& source, const std::string& layout,
                                 const EmbeddingExtractor& extractor, Progress& progress,
                                 const StopRequested& stop) {
  const std::vector<Utterance> utterances = ListUtterances(source, layout);
  LabelledEmbeddings recordings;
  std::vector<std::string> labels;
  Matrix& embeddings = recordings.embeddings;
  std::size_t failed = 0;
  EmbedEach(
      utterances.size(), [&](std::size_t i) { return utterances[i].path; }, extractor, progress,
      stop,
      [&](const EmbeddedFile& file) {
        if (file.failure) {
          ++failed;
          progress.Warn(*file.failure);
          return;
        }
        if (utterances[file.index].speaker.empty()) return;
        recordings.names.push_back(utterances[file.index].key);
        labels.push_back(utterances[file.index].speaker);
        embeddings.data.insert(embeddings.data.end(), file.embedding.begin(), file.embedding.end());
      });
  if (failed > 0) progress.Warn(Format("%zu recordings cannot be used", failed));
  embeddings.rows = recordings.names.size();
  embeddings.cols = static_cast<std::size_t>(extractor.info().embedding_dim);
  SetSpeakers(labels, recordings);
  return recordings;
}

LabelledEmbeddings ReadLabelled(const std::string& list, const std::string& table) {
  const RecordingTable read = ReadRecordingTable(list);
  const std::size_t label = std::min(read.Column("speaker"), read.Column("label"));
  if (label == read.columns.size())
    throw Error(ErrorCode::kInvalidArgument,
                "list '" + Printable(list) + "' has no column named speaker or label");
  LabelledEmbeddings recordings;
  std::vector<std::string> labels;
  for (const RecordingTable::Row& row : read.rows) {
    recordings.names.push_back(row.key);
    labels.push_back(row.values[label]);
  }
  SetSpeakers(labels, recordings);
  recordings.embeddings = ReadNpy(table);
  if (recordings.embeddings.rows != recordings.names.size())
    throw Error(ErrorCode::kInvalidArgument,
                Format("'%s' has %zu rows, list '%s' %zu recordings; one row a recording is "
                       "expected, in the order of the list",
                       Printable(table).c_str(), recordings.embeddings.rows,
                       Printable(list).c_str(), recordings.names.size()));
  return recordings;
}

SuspectLabels FindSuspectLabels(const Matrix& embeddings, const std::vector<int>& speakers) {
  if (speakers.size() != embeddings.rows)
    throw Error(ErrorCode::kInvalidArgument, Format("there are %zu embeddings of %zu recordings",
                                                    embeddings.rows, speakers.size()));
  int highest = -1;
  for (int speaker : speakers) {
    if (speaker < 0) throw Error(ErrorCode::kInvalidArgument, "a speaker's number is negative");
    highest = std::max(highest, speaker);
  }
  const auto dim = static_cast<Index>(embeddings.cols);
  RowMajor rows =
      Eigen::Map<const RowMajor>(embeddings.data.data(), static_cast<Index>(embeddings.rows), dim);
  if (!rows.allFinite()) throw Error(ErrorCode::kUnusable, "an embedding is not finite");
  NormalizeRows(rows);
  const Index num_speakers = highest + 1;
  std::vector<double> counts(static_cast<std::size_t>(num_speakers));
  RowMajor sums = RowMajor::Zero(num_speakers, dim);
  for (Index r = 0; r < rows.rows(); ++r) {
    const int speaker = speakers[static_cast<std::size_t>(r)];
    sums.row(speaker) += rows.row(r);
    ++counts[static_cast<std::size_t>(speaker)];
  }
  Index present = 0;
  bool several = false;
  Eigen::RowVectorXf centre = Eigen::RowVectorXf::Zero(dim);
  for (Index s = 0; s < num_speakers; ++s) {
    const double count = counts[static_cast<std::size_t>(s)];
    if (count == 0) continue;
    ++present;
    several = several || count > 1;
    centre += sums.row(s) / static_cast<float>(count);
  }
  if (present < 3 || !several)
    throw Error(ErrorCode::kUnusable,
                "labels can be checked of three speakers or more, one of them with two recordings");
  centre /= static_cast<float>(present);
  rows.rowwise() -= centre;
  NormalizeRows(rows);
  sums.setZero();
  for (Index r = 0; r < rows.rows(); ++r)
    sums.row(speakers[static_cast<std::size_t>(r)]) += rows.row(r);
  RowMajor means = sums;
  NormalizeRows(means);

  SuspectLabels found;
  // Recordings with the rest of their speaker.
  std::vector<double> own(static_cast<std::size_t>(rows.rows()), std::nan(""));
  std::vector<double> known;
  for (Index r = 0; r < rows.rows(); ++r) {
    const auto at = static_cast<std::size_t>(r);
    if (counts[static_cast<std::size_t>(speakers[at])] < 2) continue;
    const Eigen::RowVectorXf rest = sums.row(speakers[at]) - rows.row(r);
    const float length = rest.norm();
    own[at] = length > 0 ? double{rest.dot(rows.row(r)) / length} : 0;
    known.push_back(own[at]);
  }
  const auto quarter = static_cast<std::ptrdiff_t>(known.size() / 4);
  std::nth_element(known.begin(), known.begin() + quarter, known.end());
  found.usual_own = known[static_cast<std::size_t>(quarter)];

  // Different speakers' means: first what is usual, then what is not.
  auto for_pairs = [&](auto&& use) {
    for (Index begin = 0; begin < num_speakers; begin += kBlock) {
      const Index count = std::min(kBlock, num_speakers - begin);
      const RowMajor products = means.middleRows(begin, count) * means.transpose();
      for (Index a = begin; a < begin + count; ++a) {
        if (counts[static_cast<std::size_t>(a)] == 0) continue;
        for (Index b = a + 1; b < num_speakers; ++b) {
          if (counts[static_cast<std::size_t>(b)] > 0) use(a, b, double{products(a - begin, b)});
        }
      }
    }
  };
  double sum = 0, squares = 0, pairs = 0;
  for_pairs([&](Index, Index, double cosine) {
    sum += cosine;
    squares += cosine * cosine;
    ++pairs;
  });
  found.stranger_mean = sum / pairs;
  found.stranger_deviation =
      std::sqrt(std::max(0.0, squares / pairs - found.stranger_mean * found.stranger_mean));
  found.pair_threshold =
      std::max(found.usual_own, found.stranger_mean + kPairDeviations * found.stranger_deviation);
  for_pairs([&](Index a, Index b, double cosine) {
    if (cosine >= found.pair_threshold)
      found.pairs.push_back({static_cast<int>(a), static_cast<int>(b), cosine});
  });
  std::stable_sort(found.pairs.begin(), found.pairs.end(),
                   [](const SuspectPair& a, const SuspectPair& b) { return a.cosine > b.cosine; });

  const double like_a_stranger =
      found.stranger_mean + kStrangerDeviations * found.stranger_deviation;
  for (Index begin = 0; begin < rows.rows(); begin += kBlock) {
    const Index count = std::min(kBlock, rows.rows() - begin);
    const RowMajor products = rows.middleRows(begin, count) * means.transpose();
    for (Index r = begin; r < begin + count; ++r) {
      const auto at = static_cast<std::size_t>(r);
      if (std::isnan(own[at])) continue;
      SuspectRecording one{at, own[at], -1, -1};
      for (Index s = 0; s < num_speakers; ++s) {
        if (s == speakers[at] || counts[static_cast<std::size_t>(s)] == 0) continue;
        const double cosine = products(r - begin, s);
        if (one.nearest >= 0 && cosine <= one.other) continue;
        one.nearest = static_cast<int>(s);
        one.other = cosine;
      }
      // Of two names of one person some recordings are nearer to the other name: that is said once.
      const bool same_person =
          std::any_of(found.pairs.begin(), found.pairs.end(), [&](const SuspectPair& pair) {
            return std::minmax({pair.a, pair.b}) ==
                   std::minmax({static_cast<int>(speakers[at]), one.nearest});
          });
      if (one.own < like_a_stranger ||
          (one.other >= found.pair_threshold && one.other > one.own && !same_person))
        found.recordings.push_back(one);
    }
  }
  std::stable_sort(found.recordings.begin(), found.recordings.end(),
                   [](const SuspectRecording& a, const SuspectRecording& b) {
                     return a.other - a.own > b.other - b.own;
                   });
  return found;
}

}  // namespace vpr
