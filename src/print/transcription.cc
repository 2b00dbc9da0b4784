#include "vpr/print/transcription.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "vpr/base/text.h"
#include "vpr/print/json_line.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

Json Number(double value) { return std::isnan(value) ? Json(nullptr) : Json(value); }

Json CountsJson(const ErrorRate& rate) {
  return {{"reference", rate.counts.reference()},
          {"hits", rate.counts.hits},
          {"substitutions", rate.counts.substitutions},
          {"deletions", rate.counts.deletions},
          {"insertions", rate.counts.insertions}};
}

Json ErrorsJson(const TranscriptErrors& errors) {
  auto interval = [](const ErrorRate& rate) {
    return Json{Number(rate.interval.low), Number(rate.interval.high)};
  };
  return {{"wer", Number(errors.words.rate)},
          {"wer_interval", interval(errors.words)},
          {"cer", Number(errors.characters.rate)},
          {"cer_interval", interval(errors.characters)},
          {"words", CountsJson(errors.words)},
          {"characters", CountsJson(errors.characters)},
          {"utterances", errors.utterances},
          {"wrong_utterances", errors.wrong},
          {"speakers", errors.speakers}};
}

Json PromptJson(const PromptThreshold& prompt) {
  auto rate = [](double value) { return value < 0 ? Json(nullptr) : Json(value); };
  return {{"threshold", prompt.threshold},
          {"false_accepts", rate(prompt.false_accepts)},
          {"false_rejects", rate(prompt.false_rejects)},
          {"recordings", prompt.recordings}};
}

std::string Line(const char* name, const char* what, const ErrorRate& rate) {
  const AlignmentCounts& counts = rate.counts;
  return Format(
      "%s  %6.2f %%  [%.2f, %.2f]  %llu %s: %llu substituted, %llu deleted, %llu inserted\n", name,
      100 * rate.rate, 100 * rate.interval.low, 100 * rate.interval.high,
      static_cast<unsigned long long>(counts.reference()), what,
      static_cast<unsigned long long>(counts.substitutions),
      static_cast<unsigned long long>(counts.deletions),
      static_cast<unsigned long long>(counts.insertions));
}

}  // namespace

std::string ToText(const TranscriptErrors& errors) {
  return Line("WER", "words", errors.words) + Line("CER", "characters", errors.characters) +
         Format(
             "%zu of %zu utterances have a wrong word; 95 %% intervals over %s\n", errors.wrong,
             errors.utterances,
             errors.speakers > 0 ? Format("%zu speakers", errors.speakers).c_str() : "utterances");
}

std::string ToJson(const TranscriptErrors& errors) { return JsonLine(ErrorsJson(errors)); }

std::string ToText(const TranscriberTrainResult& result) {
  const TranscriberInfo& info = result.info;
  std::string text =
      Format("%llu utterances of %llu speakers, %d epochs, best %d\n",
             static_cast<unsigned long long>(info.utterances),
             static_cast<unsigned long long>(info.speakers), info.epochs, info.best_epoch);
  if (info.dev_wer < 0) return text;
  return text + ToText(result.dev) +
         Format(
             "prompts: threshold %.3f, %.2f %% of right ones refused, %.2f %% of wrong ones "
             "accepted\n",
             info.prompt.threshold, 100 * info.prompt.false_rejects,
             100 * info.prompt.false_accepts);
}

std::string ToJson(const std::string& model, const TranscriberTrainResult& result) {
  const TranscriberInfo& info = result.info;
  return JsonLine({{"model", model},
                   {"fingerprint", info.fingerprint},
                   {"utterances", info.utterances},
                   {"speakers", info.speakers},
                   {"left_out", result.left_out.size()},
                   {"epochs", info.epochs},
                   {"best_epoch", info.best_epoch},
                   {"dev", info.dev_wer >= 0 ? ErrorsJson(result.dev) : Json(nullptr)},
                   {"prompt", PromptJson(info.prompt)}});
}

std::string ToText(const TranscriberEvaluation& evaluation) {
  return ToText(evaluation.errors) +
         Format("prompts: %.2f %% of %zu right ones refused, %.2f %% of %llu wrong ones accepted\n",
                100 * evaluation.false_rejects, evaluation.reference.size(),
                100 * evaluation.false_accepts,
                static_cast<unsigned long long>(evaluation.wrong_prompts));
}

std::string ToJson(const TranscriberEvaluation& evaluation, const PromptThreshold& prompt) {
  Json json = ErrorsJson(evaluation.errors);
  json["prompt"] = {{"threshold", prompt.threshold},
                    {"false_rejects", evaluation.false_rejects},
                    {"false_accepts", evaluation.false_accepts},
                    {"right_prompts", evaluation.reference.size()},
                    {"wrong_prompts", evaluation.wrong_prompts}};
  json["left_out"] = evaluation.left_out.size();
  return JsonLine(json);
}

std::string ToTable(const TranscriberEvaluation& evaluation) {
  std::string table = "id\tspeaker\ttext\trecognised\n";
  for (std::size_t i = 0; i < evaluation.reference.size(); ++i)
    table += evaluation.reference[i].id + "\t" + evaluation.reference[i].speaker + "\t" +
             evaluation.reference[i].text + "\t" + evaluation.hypothesis[i].text + "\n";
  return table;
}

std::string ToText(const TranscribedFile& file) {
  std::string line = Printable(file.path) + "\t" + Printable(file.text);
  if (file.check)
    line += Format("\t%.3f\t%s", file.check->score, file.check->right ? "right" : "wrong");
  return line + "\n";
}

std::string ToJson(const TranscribedFile& file) {
  if (file.failure)
    return JsonLine({{"file", file.path}, {"text", nullptr}, {"error", *file.failure}});
  Json json = {{"file", file.path}, {"text", file.text}};
  if (file.check) {
    json["words_score"] = file.check->score;
    json["words_threshold"] = file.check->threshold;
    json["words_right"] = file.check->right;
  }
  return JsonLine(json);
}

}  // namespace vpr
