#include "vpr/print/live_label.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "vpr/base/text.h"
#include "vpr/print/json_line.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

std::size_t Best(const LiveAnswer& answer) {
  return static_cast<std::size_t>(
      std::max_element(answer.probabilities.begin(), answer.probabilities.end()) -
      answer.probabilities.begin());
}

Json ByLabel(const std::vector<std::string>& labels, const std::vector<double>& probabilities) {
  if (probabilities.empty()) return {};
  Json json = Json::object();
  for (std::size_t i = 0; i < labels.size(); ++i) json[labels[i]] = probabilities.at(i);
  return json;
}

}  // namespace

std::string ToText(const std::vector<std::string>& labels, const LiveLabel& label) {
  std::string text = Format("%7.1f s  ", label.seconds);
  if (!label.answer) return text + "nothing to see or hear\n";
  const LiveAnswer& answer = *label.answer;
  const std::size_t best = Best(answer);
  text += Format("%-12s %5.1f %%", Printable(labels.at(best)).c_str(),
                 100 * answer.probabilities[best]);
  if (answer.image_weight >= 0)
    text += Format("  picture %.2f, sound %.2f", answer.image_weight, answer.sound_weight);
  else if (answer.image.empty() || answer.sound.empty())
    text += answer.image.empty() ? "  by the sound alone" : "  by the picture alone";
  return text + Format("  %s, %.0f ms\n", ToString(label.quality), label.milliseconds);
}

std::string ToJson(const std::vector<std::string>& labels, const LiveLabel& label) {
  const LiveAnswer none;
  const LiveAnswer& answer = label.answer ? *label.answer : none;
  const bool weighted = label.answer && answer.image_weight >= 0;
  return JsonLine(
      {{"seconds", label.seconds},
       {"label", label.answer ? Json(labels.at(Best(answer))) : Json()},
       {"probability", label.answer ? Json(answer.probabilities[Best(answer)]) : Json()},
       {"probabilities", ByLabel(labels, answer.probabilities)},
       {"image_probabilities", ByLabel(labels, answer.image)},
       {"sound_probabilities", ByLabel(labels, answer.sound)},
       {"image_weight", weighted ? Json(answer.image_weight) : Json()},
       {"sound_weight", weighted ? Json(answer.sound_weight) : Json()},
       {"pictures", answer.pictures},
       {"heard_seconds", answer.heard_seconds},
       {"quality", ToString(label.quality)},
       {"busy", label.busy ? Json(*label.busy) : Json()},
       {"milliseconds", label.milliseconds},
       {"frames", label.frames},
       {"pairs", label.counts.pairs},
       {"dropped_frames", label.counts.dropped_frames},
       {"dropped_blocks", label.counts.dropped_blocks},
       {"mean_apart_ms", label.counts.pairs == 0 ? Json()
                                                 : Json(1000 * label.counts.apart /
                                                        static_cast<double>(label.counts.pairs))}});
}

}  // namespace vpr
