#include "vpr/print/packing.h"

#include <nlohmann/json.hpp>

#include "vpr/base/text.h"
#include "vpr/dataset/source.h"
#include "vpr/print/json_line.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

const char* Items(const DatasetInfo& info) {
  return info.payload == PayloadKind::kMel64 ? "crops" : "utterances";
}

std::string Summary(const char* what, const std::string& prefix, const DatasetInfo& info) {
  std::string name = Printable(prefix);
  return Format("%s %llu %s of %llu speakers, %.2f hours of speech, as %s\n", what,
                static_cast<unsigned long long>(info.utterances), Items(info),
                static_cast<unsigned long long>(info.speakers), info.seconds / 3600,
                ToString(info.payload)) +
         "  " + name + ".data " + name + ".header " + name + ".label " + name + ".json\n";
}

Json SetJson(const std::string& prefix, const DatasetInfo& info) {
  Json set = {{"prefix", Printable(prefix)}, {"files", Json::array()}};
  for (const char* ending : {".data", ".header", ".label", ".json"})
    set["files"].push_back(Printable(prefix + ending));
  set["payload"] = ToString(info.payload);
  set["utterances"] = info.utterances;
  set["speakers"] = info.speakers;
  set["seconds"] = info.seconds;
  set["fingerprint"] = info.fingerprint;
  return set;
}

}  // namespace

std::string ToText(const PackOptions& options, const PackReport& report) {
  std::string text;
  if (report.train.utterances > 0) text = Summary("packed", options.prefix, report.train);
  if (report.held_out.utterances > 0)
    text += Summary("held out", report.held_out_prefix, report.held_out);
  if (!text.empty() && !report.skipped.empty())
    text += Format("skipped %zu files\n", report.skipped.size());
  return text;
}

std::string ToJson(const PackOptions& options, const PackReport& report) {
  Json root;
  root["train"] =
      report.train.utterances > 0 ? SetJson(options.prefix, report.train) : Json(nullptr);
  root["held_out"] = report.held_out.utterances > 0
                         ? SetJson(report.held_out_prefix, report.held_out)
                         : Json(nullptr);
  root["skipped"] = Json::array();
  for (const Skipped& skipped : report.skipped)
    root["skipped"].push_back(
        {{"path", Printable(skipped.path)}, {"reason", Printable(skipped.reason)}});
  return JsonLine(root, 2);
}

std::string SourceLayoutsHelp() {
  std::string text = "Layouts of SOURCE (--layout; auto takes the first that fits):\n";
  for (const SourceLayout& layout : SourceLayouts())
    text += Format("  %-12s %s\n", layout.name, layout.description);
  return text;
}

std::string ToText(const std::vector<VerifiedSet>& sets) {
  std::string text;
  for (const VerifiedSet& set : sets) {
    if (!set.failure.empty()) {
      text += Printable(set.prefix) + ": " + set.failure + "\n";
      continue;
    }
    text += Format("%s: whole, %llu %s, fingerprint %s%s\n", Printable(set.prefix).c_str(),
                   static_cast<unsigned long long>(set.info.utterances), Items(set.info),
                   set.info.fingerprint.c_str(),
                   set.sealed ? "" : " of header and labels (there is none of the payloads)");
  }
  return text;
}

std::string ToJson(const std::vector<VerifiedSet>& sets) {
  Json list = Json::array();
  for (const VerifiedSet& set : sets) {
    Json one = SetJson(set.prefix, set.info);
    one["whole"] = set.failure.empty();
    if (!set.failure.empty()) one["failure"] = set.failure;
    list.push_back(std::move(one));
  }
  return JsonLine(list, 2);
}

}  // namespace vpr
