#include "vpr/classify/example.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>

#include "vpr/base/error.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"
#include "vpr/dataset/source.h"

namespace vpr {
namespace {

// Streams of random numbers, kept apart.
enum Stream : std::uint64_t { kPartStream = 41 };

// The files of a folder that are wanted, labelled by its folders.
std::vector<Utterance> FilesOf(const std::string& folder, WantedFile wanted) {
  if (wanted == nullptr) return ListUtterances(folder, "folders");
  std::vector<Utterance> files;
  const std::string base = folder.ends_with('/') ? folder : folder + "/";
  WalkRecordings(
      folder, Depth::kAll,
      [&](const std::string& path) {
        const std::size_t slash = path.find('/');
        files.push_back({Printable(path), base + path,
                         slash == std::string::npos ? "" : Printable(path.substr(0, slash))});
        return true;
      },
      nullptr, wanted);
  return files;
}

ExampleList ListFolder(const std::string& folder, const ExampleListOptions& options,
                       WantedFile wanted) {
  if (!options.label_column.empty() || !options.by_column.empty())
    throw Error(ErrorCode::kInvalidArgument,
                "'" + Printable(folder) +
                    "' is a folder, whose labels are its folders' names; columns are for lists");
  ExampleList list;
  for (Utterance& utterance : FilesOf(folder, wanted)) {
    if (utterance.speaker.empty()) {
      ++list.unlabelled;
      continue;
    }
    Example example{utterance.key, utterance.path, utterance.speaker, utterance.key, "", {}};
    if (!options.group_by.empty()) {
      const std::vector<std::string_view> parts = Split(utterance.key, '/');
      if (parts.size() < 3)
        throw Error(ErrorCode::kInvalidArgument,
                    "cannot group '" + utterance.key + "' by " + options.group_by +
                        ": expected CLASS/" + options.group_by + "/FILE below '" +
                        Printable(folder) + "'; a list can name the group in a column");
      example.group = parts[1];
    }
    list.examples.push_back(std::move(example));
  }
  return list;
}

ExampleList ListTable(const std::string& path, const ExampleListOptions& options) {
  const bool several = !options.path_columns.empty();
  RecordingTable table =
      several ? ReadRecordingTable(path, options.path_columns[0]) : ReadRecordingTable(path);
  std::string known;
  for (const std::string& name : table.columns)
    known += (known.empty() ? "" : ", ") + Printable(name);
  auto column = [&](const std::string& name) {
    const std::size_t found = table.Column(name);
    if (found == table.columns.size())
      throw Error(ErrorCode::kInvalidArgument, "list '" + Printable(path) + "' has no column '" +
                                                   Printable(name) + "'; it has " + known);
    return found;
  };
  const bool named = table.Column("label") < table.columns.size();
  const std::size_t label = column(!options.label_column.empty() ? options.label_column
                                   : named                       ? "label"
                                                                 : "speaker");
  ExampleList list;
  for (RecordingTable::Row& row : table.rows) {
    const std::string& value = row.values[label];
    if (value.empty() || value == "-") {
      ++list.unlabelled;
      continue;
    }
    Example example{row.key, std::move(row.path), Printable(value), row.key, "", {}};
    if (several) {
      example.key.clear();
      example.path.clear();
      for (const std::string& name : options.path_columns) {
        const std::string& file = row.values[column(name)];
        const bool there = !file.empty() && file != "-";
        example.paths.push_back(there ? PathInList(path, file) : "");
        if (!there) continue;
        example.key += (example.key.empty() ? "" : " + ") + Printable(file);
        if (example.path.empty()) example.path = example.paths.back();
      }
      example.group = example.key;
    }
    if (!options.group_by.empty()) {
      example.group = row.values[column(options.group_by)];
      if (example.group.empty() || example.group == "-")
        throw Error(ErrorCode::kInvalidArgument, "cannot group by " + options.group_by + ": line " +
                                                     std::to_string(row.line) + " of '" +
                                                     Printable(path) + "' has none");
    }
    if (!options.by_column.empty()) example.by = row.values[column(options.by_column)];
    list.examples.push_back(std::move(example));
  }
  std::sort(list.examples.begin(), list.examples.end(),
            [](const Example& a, const Example& b) { return a.key < b.key; });
  return list;
}

}  // namespace

ExampleList ListExamples(const std::string& source, const ExampleListOptions& options,
                         WantedFile wanted) {
  std::error_code error;
  if (!std::filesystem::exists(source, error))
    throw Error(ErrorCode::kNotFound, "cannot find '" + Printable(source) +
                                          "': expected a folder with a folder per class, or a list "
                                          "of recordings");
  ExampleList list = std::filesystem::is_directory(source, error)
                         ? ListFolder(source, options, wanted)
                         : ListTable(source, options);
  if (list.examples.empty())
    throw Error(ErrorCode::kUnusable, "no labelled recording in '" + Printable(source) + "'");
  return list;
}

std::vector<std::string> LabelsOf(const std::vector<Example>& examples) {
  std::vector<std::string> labels;
  for (const Example& example : examples) labels.push_back(example.label);
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return labels;
}

std::vector<int> ClassesOf(const std::vector<Example>& examples,
                           const std::vector<std::string>& labels) {
  std::vector<int> classes;
  for (const Example& example : examples) {
    const auto found = std::lower_bound(labels.begin(), labels.end(), example.label);
    VPR_CHECK(found != labels.end() && *found == example.label);
    classes.push_back(static_cast<int>(found - labels.begin()));
  }
  return classes;
}

std::vector<int> GroupsOf(const std::vector<Example>& examples) {
  std::map<std::string, int> numbers;
  std::vector<int> groups;
  for (const Example& example : examples)
    groups.push_back(
        numbers.try_emplace(example.group, static_cast<int>(numbers.size())).first->second);
  return groups;
}

std::vector<int> AssignParts(const std::vector<int>& classes, const std::vector<int>& groups,
                             const std::vector<double>& shares, std::uint64_t seed) {
  VPR_CHECK(classes.size() == groups.size() && !shares.empty());
  if (classes.empty()) return {};
  const auto num_classes =
      static_cast<std::size_t>(*std::max_element(classes.begin(), classes.end())) + 1;
  const auto num_groups =
      static_cast<std::size_t>(*std::max_element(groups.begin(), groups.end())) + 1;
  std::vector<std::vector<double>> counts(num_groups, std::vector<double>(num_classes));
  std::vector<double> totals(num_classes), sizes(num_groups);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const auto c = static_cast<std::size_t>(classes[i]), g = static_cast<std::size_t>(groups[i]);
    ++counts[g][c];
    ++totals[c];
    ++sizes[g];
  }
  std::vector<std::size_t> order(num_groups);
  std::iota(order.begin(), order.end(), 0);
  Rng(seed, kPartStream).Shuffle(order);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return sizes[a] > sizes[b]; });
  // Large groups first, each to the part that has least of what it should get of the group's
  // classes; of equal ones to the largest part, so that there is something to learn from.
  std::vector<std::vector<double>> filled(shares.size(), std::vector<double>(num_classes));
  std::vector<double> all(shares.size());
  std::vector<int> part_of(num_groups);
  for (std::size_t g : order) {
    std::size_t best = 0;
    double best_fill = 0;
    for (std::size_t p = 0; p < shares.size(); ++p) {
      double fill = 0;
      for (std::size_t c = 0; c < num_classes; ++c)
        if (counts[g][c] > 0) fill += counts[g][c] * filled[p][c] / (totals[c] * shares[p]);
      constexpr double kSame = 1e-9;
      const bool better =
          p == 0 || fill < best_fill - kSame ||
          (fill < best_fill + kSame && (shares[p] > shares[best] + kSame ||
                                        (shares[p] > shares[best] - kSame && all[p] < all[best])));
      if (better) best = p, best_fill = fill;
    }
    part_of[g] = static_cast<int>(best);
    all[best] += sizes[g];
    for (std::size_t c = 0; c < num_classes; ++c) filled[best][c] += counts[g][c];
  }
  std::vector<int> parts;
  for (int group : groups) parts.push_back(part_of[static_cast<std::size_t>(group)]);
  return parts;
}

}  // namespace vpr
