#include "train/teacher.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/npy.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
// Speech of a recording beyond this does not make its embedding more its speaker's.
constexpr double kFullSeconds = 10;
constexpr double kVoicesOfAll = 10;  // what the mean over all counts for in that of a group

[[noreturn]] void Bad(const std::string& path, std::size_t line, const std::string& what) {
  throw Error(ErrorCode::kCorrupt, "cannot use the teacher's embeddings '" + Printable(path) +
                                       Format("': line %zu: ", line) + what);
}

// Paths and groups.
EmbeddingTable ReadPaths(const std::string& list, const std::string& group_by) {
  const std::string content = ReadFile(list);
  std::string_view text = content;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  EmbeddingTable table;
  std::vector<std::string>& paths = table.paths;
  std::size_t column = 0, group = 0;
  bool first = true;
  for (std::string_view line : Lines(text)) {
    const std::vector<std::string_view> fields = Split(line, '\t');
    if (std::exchange(first, false)) {
      const auto named = std::find(fields.begin(), fields.end(), "path");
      if (named != fields.end()) {
        column = static_cast<std::size_t>(named - fields.begin());
      }
      const auto grouped = std::find(fields.begin(), fields.end(), group_by);
      if (!group_by.empty() && (named == fields.end() || grouped == fields.end()))
        throw Error(ErrorCode::kInvalidArgument,
                    "the list '" + Printable(list) + "' has no columns 'path' and '" +
                        Printable(group_by) + "' in its first line, which groups are read from");
      group = static_cast<std::size_t>(grouped - fields.begin());
      if (named != fields.end()) continue;
    }
    if (line.empty()) continue;
    if (column >= fields.size()) Bad(list, paths.size() + 2, "it has no column of paths");
    paths.emplace_back(fields[column]);
    if (!group_by.empty()) table.groups.emplace_back(group < fields.size() ? fields[group] : "");
  }
  return table;
}

class TableReader {
 public:
  // `bytes`: of the file, which bound what is kept for lines without an embedding.
  TableReader(const std::string& path, std::size_t bytes) : path_(path), bytes_(bytes) {}

  void Add(std::size_t line, std::string name, const std::vector<float>& embedding) {
    if (!embedding.empty() && dim_ == 0) {
      dim_ = embedding.size();
      values_.resize(dim_ * table_.paths.size(), std::numeric_limits<float>::quiet_NaN());
    }
    if (!embedding.empty() && embedding.size() != dim_)
      Bad(path_, line,
          Format("found an embedding of %zu numbers, expected %zu as before", embedding.size(),
                 dim_));
    constexpr std::size_t kValuesPerByte = 16, kAnyway = 1 << 20;
    if (dim_ * (table_.paths.size() + 1) > kValuesPerByte * bytes_ + kAnyway)
      Bad(path_, line, "too many lines have no embedding");
    table_.paths.push_back(std::move(name));
    if (embedding.empty()) {
      values_.resize(values_.size() + dim_, std::numeric_limits<float>::quiet_NaN());
    } else {
      values_.insert(values_.end(), embedding.begin(), embedding.end());
    }
  }

  EmbeddingTable Finish() {
    table_.embeddings = Matrix(table_.paths.size(), dim_);
    std::copy(values_.begin(), values_.end(), table_.embeddings.data.begin());
    return std::move(table_);
  }

 private:
  const std::string& path_;
  std::size_t bytes_;
  EmbeddingTable table_;
  std::vector<float> values_;
  std::size_t dim_ = 0;
};

EmbeddingTable ReadKaldi(const std::string& path) {
  const std::string content = ReadFile(path);
  TableReader reader(path, content.size());
  std::size_t number = 0;
  for (std::string_view line : Lines(content)) {
    ++number;
    if (line.empty()) continue;
    const std::size_t open = line.find('['), close = line.rfind(']');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open)
      Bad(path, number, "expected 'path  [ numbers ]'");
    std::string_view name = line.substr(0, open);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    std::vector<float> embedding;
    for (std::string_view field : Split(line.substr(open + 1, close - open - 1), ' ')) {
      if (field.empty()) continue;
      float value = 0;
      const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
      if (error != std::errc() || end != field.data() + field.size())
        Bad(path, number, "'" + Printable(field) + "' is not a number");
      embedding.push_back(value);
    }
    reader.Add(number, std::string(name), embedding);
  }
  return reader.Finish();
}

EmbeddingTable ReadJsonLines(const std::string& path) {
  const std::string content = ReadFile(path);
  TableReader reader(path, content.size());
  std::size_t number = 0;
  for (std::string_view line : Lines(content)) {
    ++number;
    if (line.empty()) continue;
    try {
      const nlohmann::json json = nlohmann::json::parse(line);
      const nlohmann::json& embedding = json.at("embedding");
      reader.Add(number, json.at("path").get<std::string>(),
                 embedding.is_null() ? std::vector<float>() : embedding.get<std::vector<float>>());
    } catch (const nlohmann::json::exception&) {
      Bad(path, number, "expected an object with \"path\" and \"embedding\"");
    }
  }
  return reader.Finish();
}

// False if it has no length.
bool ToUnitLength(std::span<float> vector) {
  double sum = 0;
  for (float value : vector) sum += double{value} * double{value};
  if (!(sum > 0)) return false;
  const auto factor = static_cast<float>(1 / std::sqrt(sum));
  for (float& value : vector) value *= factor;
  return true;
}

bool Finite(const float* row, std::size_t size) {
  return std::all_of(row, row + size, [](float value) { return std::isfinite(value); });
}

}  // namespace

EmbeddingTable ReadEmbeddingTable(const std::string& path, const std::string& list,
                                  const std::string& group_by) {
  if (path.ends_with(".ark")) return ReadKaldi(path);
  if (path.ends_with(".jsonl")) return ReadJsonLines(path);
  if (!path.ends_with(".npy"))
    throw Error(ErrorCode::kInvalidArgument, "the teacher's embeddings '" + Printable(path) +
                                                 "' end in none of .npy, .ark and .jsonl");
  if (list.empty())
    throw Error(ErrorCode::kInvalidArgument,
                "the teacher's embeddings '" + Printable(path) +
                    "' need the list of their recordings: give --teacher-list LIST");
  EmbeddingTable table = ReadPaths(list, group_by);
  table.embeddings = ReadNpy(path);
  if (table.paths.size() != table.embeddings.rows)
    throw Error(ErrorCode::kIncompatible, "the teacher's embeddings '" + Printable(path) +
                                              "' have " + std::to_string(table.embeddings.rows) +
                                              " rows, but '" + Printable(list) + "' names " +
                                              std::to_string(table.paths.size()) + " recordings");
  return table;
}

Teacher::Teacher(const TrainConfig& config, const PackedDataset& dataset,
                 const std::vector<std::uint32_t>& records, const std::vector<bool>& unlabelled)
    : row_(dataset.size(), kNone) {
  std::unordered_map<std::string_view, std::uint32_t> by_key;
  for (std::uint32_t record : records) by_key.emplace(dataset.key(record), record);
  std::vector<float> values;
  std::vector<std::string> groups;       // of the rows of values
  std::vector<std::uint32_t> record_of;  // the same
  std::size_t dim = 0, list = 0, not_finite = 0;
  for (const std::string& path : config.teachers) {
    std::string names;
    if (path.ends_with(".npy") && list < config.teacher_lists.size())
      names = config.teacher_lists[list++];
    const EmbeddingTable table = ReadEmbeddingTable(path, names, config.teacher_group_by);
    if (dim == 0) dim = table.embeddings.cols;
    if (table.embeddings.cols != dim)
      throw Error(ErrorCode::kIncompatible, "the teacher's embeddings '" + Printable(path) +
                                                "' have " + std::to_string(table.embeddings.cols) +
                                                " numbers each, those before " +
                                                std::to_string(dim));
    for (std::size_t i = 0; i < table.paths.size(); ++i) {
      // As written, then without one folder after another.
      std::string_view name = table.paths[i];
      auto found = by_key.find(name);
      for (std::size_t slash;
           found == by_key.end() && (slash = name.find('/')) != std::string_view::npos;) {
        name.remove_prefix(slash + 1);
        found = by_key.find(name);
      }
      if (found == by_key.end() || row_[found->second] != kNone) continue;
      if (!Finite(table.embeddings.row(i), dim)) {
        ++not_finite;
        continue;
      }
      row_[found->second] = static_cast<std::uint32_t>(found_++);
      groups.push_back(table.groups.empty() ? "" : table.groups[i]);
      record_of.push_back(found->second);
      values.insert(values.end(), table.embeddings.row(i), table.embeddings.row(i) + dim);
    }
  }
  if (found_ == 0 && not_finite > 0)
    throw Error(
        ErrorCode::kUnusable,
        Format("the teacher's embeddings of the recordings of '%s' hold NaN or infinity, all "
               "%zu of them: the rows of files that could not be used",
               Printable(config.train).c_str(), not_finite));
  if (found_ == 0)
    throw Error(ErrorCode::kUnusable,
                "the teacher has no embedding of any recording of '" + Printable(config.train) +
                    "': the paths of its table must end with the keys of the data set, such as '" +
                    Printable(records.empty() ? "" : dataset.key(records.front())) + "'");
  targets_ = Matrix(found_, dim);
  std::copy(values.begin(), values.end(), targets_.data.begin());

  // The mean embedding is what all recordings have in common, so it tells nothing of any.
  std::vector<double> mean(dim);
  for (std::size_t i = 0; i < found_; ++i) {
    for (std::size_t d = 0; d < dim; ++d)
      mean[d] += double{targets_(i, d)} / static_cast<double>(found_);
  }
  std::vector<bool> is_unlabelled(dataset.size());
  for (std::size_t i = 0; i < records.size(); ++i) is_unlabelled[records[i]] = unlabelled[i];
  std::map<std::string, std::vector<double>> group_means;
  if (!config.teacher_group_by.empty()) {
    std::map<std::string, std::map<std::int64_t, std::vector<std::size_t>>> voices;
    for (std::size_t i = 0; i < found_; ++i) {
      const std::uint32_t record = record_of[i];
      // Labels from 0 on, below them records without one.
      const std::int64_t voice =
          is_unlabelled[record] ? -1 - static_cast<std::int64_t>(record) : dataset.label(record);
      voices[groups[i]][voice].push_back(i);
    }
    for (const auto& [group, rows_of] : voices) {
      std::vector<double>& sum = group_means[group];
      sum.resize(dim);
      for (const auto& [voice, rows] : rows_of) {
        for (std::size_t i : rows) {
          for (std::size_t d = 0; d < dim; ++d)
            sum[d] += double{targets_(i, d)} / static_cast<double>(rows.size());
        }
      }
      for (std::size_t d = 0; d < dim; ++d)
        sum[d] = (sum[d] + kVoicesOfAll * mean[d]) /
                 (static_cast<double>(rows_of.size()) + kVoicesOfAll);
    }
  }
  for (std::size_t i = 0; i < found_; ++i) {
    const std::vector<double>& common = group_means.empty() ? mean : group_means.at(groups[i]);
    for (std::size_t d = 0; d < dim; ++d) targets_(i, d) -= static_cast<float>(common[d]);
    if (!ToUnitLength({targets_.row(i), dim}))
      throw Error(ErrorCode::kUnusable,
                  "the teacher's embeddings are all alike: nothing can be learnt from them");
  }

  std::map<int, std::vector<std::uint32_t>> by_label;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (!unlabelled[i] && row_[records[i]] != kNone)
      by_label[dataset.label(records[i])].push_back(records[i]);
  }
  for (const auto& [label, own] : by_label) {
    if (own.size() < 2) continue;
    std::vector<float> speaker(dim);
    for (std::uint32_t record : own) {
      const auto weight = static_cast<float>(std::min(dataset.Seconds(record), kFullSeconds));
      for (std::size_t d = 0; d < dim; ++d) speaker[d] += weight * targets_(row_[record], d);
    }
    if (!ToUnitLength(speaker)) continue;
    for (std::uint32_t record : own) {
      const bool brief = dataset.Seconds(record) < config.teacher_seconds;
      const auto share = static_cast<float>(brief ? 1 : config.teacher_mean_share);
      std::span<float> target(targets_.row(row_[record]), dim);
      for (std::size_t d = 0; d < dim; ++d)
        target[d] = (1 - share) * target[d] + share * speaker[d];
      ToUnitLength(target);
    }
  }
}

std::string Teacher::Fingerprint() const {
  std::string bytes(reinterpret_cast<const char*>(row_.data()), row_.size() * sizeof(row_[0]));
  bytes.append(reinterpret_cast<const char*>(targets_.data.data()),
               targets_.data.size() * sizeof(float));
  return vpr::Fingerprint(bytes);
}

const float* Teacher::Target(std::uint32_t record) const {
  return row_[record] == kNone ? nullptr : targets_.row(row_[record]);
}

std::vector<float> Teacher::SpeakerMean(const std::vector<std::uint32_t>& records) const {
  std::vector<float> mean(targets_.cols);
  bool any = false;
  for (std::uint32_t record : records) {
    const float* target = Target(record);
    if (target == nullptr) continue;
    any = true;
    for (std::size_t d = 0; d < mean.size(); ++d) mean[d] += target[d];
  }
  if (!any || !ToUnitLength(mean)) return {};
  return mean;
}

}  // namespace vpr
