#include "vpr/print/diarization_errors.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "vpr/base/text.h"
#include "vpr/print/json_line.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

Json Number(double value) { return std::isnan(value) ? Json(nullptr) : Json(value); }

Json ErrorsJson(const DiarizationErrors& errors) {
  return {{"der", Number(errors.rate())},
          {"speech", errors.speech},
          {"miss", errors.miss},
          {"false_alarm", errors.false_alarm},
          {"confusion", errors.confusion}};
}

Json NamesJson(const NameErrors& names) {
  return {{"identification_error", Number(names.rate())},
          {"enrolled", names.enrolled},
          {"right", names.right},
          {"wrong", names.wrong},
          {"missed", names.missed},
          {"strangers", names.strangers},
          {"strangers_named", names.named},
          {"names_without_speech", names.named_nothing}};
}

Json RecordingJson(const RecordingErrors& errors) {
  Json json = {{"full", ErrorsJson(errors.full)},
               {"fair", ErrorsJson(errors.fair)},
               {"forgiving", ErrorsJson(errors.forgiving)},
               {"jer", Number(errors.jaccard.rate())},
               {"reference_speakers", errors.reference_speakers},
               {"hypothesis_speakers", errors.hypothesis_speakers}};
  if (errors.names) json["names"] = NamesJson(*errors.names);
  return json;
}

Json PooledJson(const PooledErrors& pooled) {
  Json json = RecordingJson(pooled.sum);
  Json rates;
  auto add = [&](const char* name, const PooledErrors::Rate& rate) {
    rates[name] = {{"value", Number(rate.value)},
                   {"interval", {Number(rate.interval.low), Number(rate.interval.high)}}};
  };
  add("der_full", pooled.full);
  add("der_fair", pooled.fair);
  add("der_forgiving", pooled.forgiving);
  add("jer", pooled.jer);
  add("speaker_count_error", pooled.count_error);
  add("speaker_count_right", pooled.count_right);
  if (pooled.names) {
    add("identification_error", *pooled.names);
    add("right_names", *pooled.right_names);
    add("wrong_names", *pooled.wrong_names);
    add("missed_names", *pooled.missed_names);
    add("strangers_named", *pooled.strangers_named);
  }
  json["rates"] = rates;
  return json;
}

std::string Percent(double rate) {
  return std::isnan(rate) ? std::string("-") : Format("%.2f", 100 * rate);
}

std::string RateLine(const char* name, const PooledErrors::Rate& rate, const std::string& more) {
  std::string line = Format("%-17s %6s %%", name, Percent(rate.value).c_str());
  if (!std::isnan(rate.interval.low))
    line += Format("  [%s, %s]", Percent(rate.interval.low).c_str(),
                   Percent(rate.interval.high).c_str());
  return line + (more.empty() ? "" : "  " + more) + "\n";
}

std::string Parts(const DiarizationErrors& errors) {
  return Format("missed %.1f s, false alarm %.1f s, confused %.1f s of %.1f s", errors.miss,
                errors.false_alarm, errors.confusion, errors.speech);
}

std::string PooledText(const PooledErrors& pooled, std::size_t recordings, double collar) {
  std::string text =
      RateLine("DER full", pooled.full, Parts(pooled.sum.full)) +
      RateLine("DER fair", pooled.fair, Parts(pooled.sum.fair)) +
      RateLine("DER forgiving", pooled.forgiving, Parts(pooled.sum.forgiving)) +
      RateLine("JER", pooled.jer, Format("%zu speakers", pooled.sum.jaccard.speakers));
  text += Format("speaker count     off by %.2f in the mean, right in %s %% of %zu recording%s\n",
                 pooled.count_error.value, Percent(pooled.count_right.value).c_str(), recordings,
                 recordings == 1 ? "" : "s");
  if (pooled.names) {
    const NameErrors& names = *pooled.sum.names;
    text += RateLine("names wrong", *pooled.names,
                     Format("of %.1f s of speech of enrolled and strangers; %.1f s of names where "
                            "nobody speaks",
                            names.enrolled + names.strangers, names.named_nothing));
    text += RateLine("  right name", *pooled.right_names,
                     Format("%.1f s of %.1f s of enrolled people's", names.right, names.enrolled));
    text += RateLine("  wrong name", *pooled.wrong_names, "");
    text += RateLine("  no name", *pooled.missed_names, "");
    text += RateLine("  stranger named", *pooled.strangers_named,
                     Format("%.1f s of %.1f s of strangers'", names.named, names.strangers));
  }
  text += Format(
      "fair: collar of %g s on each side of a turn's ends (dscore -c %g, pyannote collar=%g); "
      "forgiving: without overlapped speech too\n",
      collar, collar, 2 * collar);
  return text;
}

}  // namespace

std::string ToJson(const ScoredFiles& scored) {
  Json json = PooledJson(scored.pooled);
  json["collar"] = {{"each_side", scored.collar}, {"total", 2 * scored.collar}};
  json["recordings"] = Json::array();
  for (const RecordingErrors& one : scored.recordings) {
    Json line = {{"recording", one.recording}};
    line.update(RecordingJson(one));
    json["recordings"].push_back(line);
  }
  return JsonLine(json);
}

std::string ToText(const ScoredFiles& scored) {
  std::string text;
  if (scored.recordings.size() > 1) {
    text += "recording\tDER full\tfair\tforgiving\tJER\tspeakers\tfound";
    text += scored.recordings[0].names ? "\tnames wrong\n" : "\n";
    for (const RecordingErrors& one : scored.recordings) {
      text += Format("%s\t%s\t%s\t%s\t%s\t%zu\t%zu", Printable(one.recording).c_str(),
                     Percent(one.full.rate()).c_str(), Percent(one.fair.rate()).c_str(),
                     Percent(one.forgiving.rate()).c_str(), Percent(one.jaccard.rate()).c_str(),
                     one.reference_speakers, one.hypothesis_speakers);
      text += one.names ? "\t" + Percent(one.names->rate()) + "\n" : "\n";
    }
    text += "\n";
  }
  return text + PooledText(scored.pooled, scored.recordings.size(), scored.collar);
}

}  // namespace vpr
