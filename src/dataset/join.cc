// Joining packed data sets, for instance the shards of one list.
#include <algorithm>
#include <optional>
#include <set>
#include <unordered_set>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/dataset/pack.h"

namespace vpr {
namespace {

using Sets = std::vector<PackedDataset>;

void CheckAlike(const PackedDataset& first, const PackedDataset& other) {
  const DatasetInfo &a = first.info(), &b = other.info();
  auto refuse = [&](const std::string& found, const std::string& expected) {
    throw Error(ErrorCode::kInvalidArgument, "cannot join '" + Printable(first.prefix()) +
                                                 "' and '" + Printable(other.prefix()) +
                                                 "': the first " + expected + ", the second " +
                                                 found + "; pack them alike");
  };
  if (a.payload != b.payload)
    refuse(std::string("holds ") + ToString(b.payload),
           std::string("holds ") + ToString(a.payload));
  auto trimming = [](double top_db) {
    return top_db > 0 ? Format("was trimmed at %g dB", top_db) : std::string("was not trimmed");
  };
  if (a.trim_top_db != b.trim_top_db) refuse(trimming(b.trim_top_db), trimming(a.trim_top_db));
}

// The parts PREFIX + ending that are there.
Sets OpenSets(const std::vector<std::string>& parts, const std::string& ending) {
  Sets sets;
  for (const std::string& part : parts) {
    if (IsRegularFile(part + ending + ".header")) sets.emplace_back(part + ending);
  }
  return sets;
}

class KeyCheck {
 public:
  // Keys that rise, as those of shards do, need no memory.
  explicit KeyCheck(const std::vector<const Sets*>& sets) {
    std::string_view last;
    for (const Sets* some : sets) {
      last = {};
      for (const PackedDataset& set : *some) {
        for (std::size_t i = 0; i < set.size() && rising_; ++i) {
          rising_ = set.key(i) > last;
          last = set.key(i);
        }
      }
    }
  }
  void Add(const PackedDataset& set, std::size_t record) {
    if (rising_) return;
    if (!seen_.insert(set.key(record)).second)
      throw Error(ErrorCode::kInvalidArgument, "cannot join: key '" + Printable(set.key(record)) +
                                                   "' of '" + Printable(set.prefix()) +
                                                   "' is already in a part before it");
  }
  void NextSet() { seen_.clear(); }

 private:
  bool rising_ = true;
  std::unordered_set<std::string_view> seen_;
};

}  // namespace

PackReport JoinPacked(const std::vector<std::string>& parts, const std::string& prefix,
                      Progress& progress, const StopRequested& stop) {
  PackReport report;
  const Sets sets = OpenSets(parts, ""), dev = OpenSets(parts, "-dev"),
             test = OpenSets(parts, "-test");
  for (const std::string& part : parts) {
    const bool held_out_only =
        IsRegularFile(part + "-dev.header") || IsRegularFile(part + "-test.header");
    if (!held_out_only && !IsRegularFile(part + ".header")) PackedDataset missing(part);  // says so
  }
  if (!dev.empty() && !test.empty())
    throw Error(ErrorCode::kInvalidArgument,
                "cannot join: there are '" + Printable(dev[0].prefix()) + "' and '" +
                    Printable(test[0].prefix()) + "'; pack all parts with the same options");
  const Sets& held_out = dev.empty() ? test : dev;
  const PackedDataset& first = sets.empty() ? held_out.at(0) : sets[0];
  DatasetInfo info;
  info.payload = first.info().payload;
  info.trim_top_db = first.info().trim_top_db;
  std::set<std::string> sources;
  std::size_t records = 0;
  for (const Sets* some : {&sets, &held_out}) {
    for (const PackedDataset& set : *some) {
      CheckAlike(first, set);
      records += set.size();
      if (sources.insert(set.info().source).second)
        info.source += (info.source.empty() ? "" : " ") + set.info().source;
    }
  }

  PackedWriter train(prefix, info);
  std::optional<PackedWriter> second;
  if (!held_out.empty()) {
    report.held_out_prefix = prefix + (dev.empty() ? "-test" : "-dev");
    second.emplace(report.held_out_prefix, info);
  }
  KeyCheck keys({&sets, &held_out});
  std::size_t done = 0;
  progress.Start("joining", "utterance", records);
  for (const Sets* some : {&sets, &held_out}) {
    for (const PackedDataset& set : *some) {
      set.VerifyPayloads();
      for (std::size_t i = 0; i < set.size(); ++i) {
        if (stop && stop())
          throw Error(ErrorCode::kInterrupted,
                      Format("joining stopped after %zu of %zu utterances; nothing was written",
                             done, records));
        keys.Add(set, i);
        (some == &sets ? train : *second)
            .Add(set.key(i), set.label_names()[static_cast<std::size_t>(set.label(i))],
                 set.payload(i), set.Seconds(i));
        progress.Update(++done);
      }
    }
    keys.NextSet();
  }
  progress.Finish();
  if (second)
    PackedWriter::CommitBoth(train, *second, report.train, report.held_out, true);
  else
    report.train = train.Commit();
  return report;
}

std::vector<VerifiedSet> VerifyPacked(const std::vector<std::string>& prefixes, Progress& progress,
                                      const StopRequested& stop) {
  std::vector<VerifiedSet> sets;
  for (const std::string& prefix : prefixes) {
    const bool held_out_only =
        IsRegularFile(prefix + "-dev.header") || IsRegularFile(prefix + "-test.header");
    for (const char* ending : {"", "-dev", "-test"}) {
      const bool there = IsRegularFile(prefix + ending + ".header");
      if (there || (*ending == '\0' && !held_out_only))
        sets.push_back({prefix + ending, {}, false, ""});
    }
  }
  progress.Start("verifying", "set", sets.size());
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (stop && stop())
      throw Error(ErrorCode::kInterrupted,
                  Format("verifying stopped after %zu of %zu data sets", i, sets.size()));
    try {
      const PackedDataset set(sets[i].prefix);
      sets[i].info = set.info();
      sets[i].sealed = IsRegularFile(sets[i].prefix + ".json");
      set.VerifyPayloads();
    } catch (const Error& error) {
      sets[i].failure = error.what();
    }
    progress.Update(i + 1);
  }
  progress.Finish();
  return sets;
}

}  // namespace vpr
