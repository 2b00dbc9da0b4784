#include "vpr/print/outcomes.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "vpr/base/text.h"
#include "vpr/print/json_line.h"
#include "vpr/store/voice_store.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

Json OrNull(double value) { return std::isnan(value) ? Json() : Json(value); }
Json OrNull(const std::string& text) { return text.empty() ? Json() : Json(text); }

const char* DecisionText(const Comparison& comparison) {
  return comparison.same() ? "same speaker" : "different speakers";
}

// What an LLR says where either answer was as likely before.
std::string Probability(double llr) {
  const double percent = 100 / (1 + std::exp(-llr));
  if (percent > 99.99) return "over 99.99 %";
  if (percent < 0.01) return "under 0.01 %";
  return Format("%.2f %%", percent);
}

std::string Note(const Comparison& comparison) {
  if (!comparison.verify) return {};
  return Format("vpr verify would %s: its threshold is %.4f (false match rate 1 %%)",
                comparison.same() ? "reject" : "accept", comparison.verify->threshold);
}

std::string Note(const VerificationOutcome& outcome) {
  if (!outcome.compare) return {};
  return Format("vpr compare would %s: its threshold is %.4f (equal error rate)",
                outcome.right_voice() ? "say different speakers" : "say same speaker",
                outcome.compare->threshold);
}

std::string Note(const IdentificationOutcome& outcome) {
  if (!outcome.verify) return {};
  return Format("vpr verify would accept %s: its threshold is %.2f (false match rate 1 %%)",
                outcome.candidates[0].name.c_str(), outcome.verify->threshold);
}

std::string ThresholdText(const DecisionThreshold& decision) {
  std::string text = Format("threshold     %.4f", decision.threshold);
  if (!decision.basis.empty())
    text += Format("  (false matches %.2f %%, false non-matches %.2f %%: %s)", 100 * decision.fmr,
                   100 * decision.fnmr, Printable(decision.basis).c_str());
  return text + "\n";
}

void SetRates(const DecisionThreshold& decision, Json& json) {
  json["fmr"] = nullptr;
  json["fnmr"] = nullptr;
  if (decision.basis.empty()) return;
  json["fmr"] = decision.fmr;
  json["fnmr"] = decision.fnmr;
}

}  // namespace

std::string ToText(const Comparison& comparison) {
  const Score& score = comparison.score.value();
  std::string text = comparison.is_cosine ? Format("cosine score  %.4f\n", score.value)
                                          : Format("score         %.4f\ncosine        %.4f\n",
                                                   score.value, score.cosine);
  text += ThresholdText(comparison.decision);
  if (!std::isnan(score.llr))
    text += Format("LLR           %+.2f  (%s probable to be one speaker at even odds)\n", score.llr,
                   Probability(score.llr).c_str());
  if (comparison.verify) text += "note          " + Note(comparison) + "\n";
  return text + DecisionText(comparison) + "\n";
}

std::string ToRow(const Comparison& comparison) {
  const std::string pair = comparison.a + "\t" + comparison.b + "\t";
  if (!comparison.score) return pair + "nan\tnot compared\n";
  return pair + Format("%.4f\t%s\n", comparison.score->value, DecisionText(comparison));
}

std::string ToJson(const Comparison& comparison) {
  Json json = {{"a", comparison.a},   {"b", comparison.b},
               {"score", nullptr},    {"threshold", comparison.decision.threshold},
               {"decision", nullptr}, {"cosine", nullptr},
               {"llr", nullptr}};
  SetRates(comparison.decision, json);
  if (comparison.score) {
    json["score"] = comparison.score->value;
    json["decision"] = DecisionText(comparison);
    json["cosine"] = comparison.score->cosine;
    json["llr"] = OrNull(comparison.score->llr);
  }
  json["note"] = OrNull(Note(comparison));
  json["warnings"] = comparison.warnings;
  json["model"] = comparison.model;
  if (!comparison.score) json["error"] = comparison.failure;
  return JsonLine(json);
}

std::vector<std::string> DoubtfulLines(const std::string& source,
                                       const std::vector<std::string>& warnings) {
  std::vector<std::string> lines;
  for (const std::string& warning : warnings)
    lines.push_back("'" + Printable(source) + "' is doubtful: " + warning);
  return lines;
}

std::vector<std::string> Warnings(const EnrollmentOutcome& outcome) {
  std::vector<std::string> lines;
  if (!outcome.failure.empty()) lines.push_back(outcome.failure);
  auto add = [&](const std::string& line) {
    const std::string said = Printable(outcome.name) + ": " + line;
    if (lines.empty() || lines.back() != said) lines.push_back(said);
  };
  auto add_left_out = [&](bool unusable) {
    for (const EnrollmentOutcome::LeftOut& one : outcome.left_out)
      if ((one.why == EnrollmentOutcome::Why::kUnusable) == unusable) add(one.reason);
  };
  add_left_out(true);
  for (const EnrollmentOutcome::Utterance& one : outcome.doubtful)
    for (const std::string& line : DoubtfulLines(one.file, one.warnings)) add(line);
  add_left_out(false);
  for (const EnrollmentOutcome::Utterance& one : outcome.enrolled)
    if (!one.unlike.empty()) add(one.unlike + "; enrolled all the same (--force)");
  if (outcome.resembles)
    lines.push_back(
        Format("%s sounds like '%s', who is enrolled already (score %.2f, threshold "
               "%.2f); if it is the same person, see: vpr speakers rename, remove",
               Printable(outcome.name).c_str(), Printable(outcome.resembles->name).c_str(),
               outcome.resembles->score, outcome.resembles->threshold));
  return lines;
}

std::vector<std::string> Warnings(const ReEmbedOutcome& outcome) {
  if (outcome.removed == 0) return {};
  return {Format("%zu utterances were removed meanwhile", outcome.removed)};
}

std::string ToText(const EnrollmentOutcome& outcome) {
  const std::size_t enrolled = outcome.enrolled.size(), left_out = outcome.left_out.size();
  if (enrolled == 0) return {};
  return Format(
      "%s: %zu utterance%s enrolled (%.1f s of speech), %zu in all%s%s\n", outcome.name.c_str(),
      enrolled, enrolled == 1 ? "" : "s", outcome.speech_seconds, outcome.utterances,
      left_out == 0 ? "" : Format(", %zu left out", left_out).c_str(),
      outcome.forget_at == 0 ? "" : ("; forgotten " + UtcText(outcome.forget_at)).c_str());
}

std::string ToJson(const EnrollmentOutcome& outcome) {
  Json json = {{"name", outcome.name},      {"enrolled", Json::array()},
               {"left_out", Json::array()}, {"utterances", outcome.utterances},
               {"resembles", nullptr},      {"forget_at", nullptr},
               {"db", outcome.store}};
  if (outcome.forget_at != 0) json["forget_at"] = UtcText(outcome.forget_at);
  for (const EnrollmentOutcome::Utterance& one : outcome.enrolled) {
    Json entry = {{"file", one.file},
                  {"speech_seconds", one.speech_seconds},
                  {"snr_db", one.snr_db},
                  {"warnings", one.warnings}};
    if (!one.unlike.empty()) entry["warnings"].push_back(one.unlike);
    json["enrolled"].push_back(std::move(entry));
  }
  for (const EnrollmentOutcome::LeftOut& one : outcome.left_out)
    json["left_out"].push_back({{"file", one.file}, {"reason", one.reason}});
  if (outcome.resembles) json["resembles"] = outcome.resembles->name;
  if (!outcome.failure.empty()) json["error"] = outcome.failure;
  return JsonLine(json);
}

std::string ToText(const VerificationOutcome& outcome) {
  const Score& score = outcome.score.value();
  std::string text = Format("score         %.4f\n", score.value) + ThresholdText(outcome.decision);
  if (outcome.strangers.shift > 0)
    text += Format(
        "strangers     threshold raised by %.2f: the %zu people looked at here are more "
        "alike than usual\n",
        outcome.strangers.shift, outcome.strangers.people);
  if (!std::isnan(score.llr)) text += Format("LLR           %+.2f\n", score.llr);
  text += Format("speech        %.1f s, %.0f dB above the noise\n", outcome.speech_seconds,
                 outcome.snr_db);
  if (outcome.compare) text += "note          " + Note(outcome) + "\n";
  if (outcome.words)
    text += Format("words         %.3f, threshold %.3f: %s, heard '%s'\n", outcome.words->score,
                   outcome.words->threshold, outcome.words->right ? "right" : "wrong",
                   Printable(outcome.words->heard).c_str());
  return text +
         (outcome.accepted()      ? "accepted: "
          : outcome.right_voice() ? "rejected: not the words that were asked for: "
                                  : "rejected: not ") +
         outcome.name + "\n";
}

std::string ToJson(const VerificationOutcome& outcome) {
  Json json = {{"name", outcome.name},
               {"file", outcome.source},
               {"decision", nullptr},
               {"score", nullptr},
               {"threshold", outcome.decision.threshold},
               {"cosine", nullptr},
               {"llr", nullptr}};
  SetRates(outcome.decision, json);
  json["speech_seconds"] = outcome.speech_seconds;
  json["snr_db"] = outcome.snr_db;
  json["warnings"] = outcome.warnings;
  json["enrolled_utterances"] = outcome.enrolled_utterances;
  json["note"] = OrNull(Note(outcome));
  json["stranger_shift"] = outcome.strangers.shift;
  json["strangers"] = outcome.strangers.people;
  json["prompt"] = nullptr;
  if (outcome.score) {
    json["decision"] = outcome.accepted() ? "accepted" : "rejected";
    json["score"] = outcome.score->value;
    json["cosine"] = outcome.score->cosine;
    json["llr"] = OrNull(outcome.score->llr);
  }
  if (outcome.words)
    json["prompt"] = {
        {"words", outcome.words->words},       {"heard", outcome.words->heard},
        {"score", outcome.words->score},       {"threshold", outcome.words->threshold},
        {"right_words", outcome.words->right}, {"right_voice", outcome.right_voice()}};
  json["model"] = outcome.model;
  if (!outcome.score) json["error"] = outcome.failure;
  return JsonLine(json);
}

std::string ToText(const IdentificationOutcome& outcome) {
  if (!outcome.failure.empty())
    return Printable(outcome.source) + "\t" + (outcome.no_speech ? "no speech" : "not usable") +
           "\n";
  const auto& candidates = outcome.candidates;
  const bool known = outcome.known();
  std::string text = Format("%s\t%s\t%.2f\tthreshold %.2f", Printable(outcome.source).c_str(),
                            known ? candidates[0].name.c_str() : "unknown speaker",
                            candidates[0].score, outcome.threshold);
  if (!std::isnan(outcome.margin)) text += Format("\tmargin %.2f", outcome.margin);
  std::string others;
  for (std::size_t i = known ? 1 : 0; i < candidates.size(); ++i)
    others += Format("%s%s %.2f", others.empty() ? "" : ", ", candidates[i].name.c_str(),
                     candidates[i].score);
  if (!others.empty()) text += (known ? "\tnext: " : "\tnearest: ") + others;
  if (outcome.verify) text += "\t" + Note(outcome);
  return text + "\n";
}

std::string ToJson(const IdentificationOutcome& outcome) {
  Json json = {{"file", outcome.source},
               {"decision", nullptr},
               {"candidates", Json::array()},
               {"speech_seconds", outcome.speech_seconds},
               {"snr_db", outcome.snr_db},
               {"threshold", outcome.threshold},
               {"margin", OrNull(outcome.margin)},
               {"enrolled", outcome.enrolled},
               {"fpir", nullptr},
               {"stranger_shift", outcome.strangers.shift},
               {"strangers", outcome.strangers.people},
               {"warnings", outcome.warnings}};
  if (outcome.known()) json["decision"] = outcome.candidates[0].name;
  if (outcome.fpir) json["fpir"] = *outcome.fpir;
  for (const IdentificationOutcome::Candidate& one : outcome.candidates)
    json["candidates"].push_back(
        {{"name", one.name}, {"score", one.score}, {"llr", OrNull(one.llr)}});
  if (!outcome.failure.empty()) json["error"] = outcome.failure;
  json["note"] = OrNull(Note(outcome));
  if (outcome.phrase) {
    json["at_seconds"] = outcome.phrase->at_seconds;
    json["computed_ms"] = outcome.phrase->computed_ms;
  }
  return JsonLine(json);
}

std::string ToText(const ReEmbedOutcome& outcome) {
  std::string text = Format(
      "%zu utterances embedded again, %zu were of this model already, %zu have no audio "
      "kept\n",
      outcome.re_embedded, outcome.current, outcome.without_audio);
  for (const std::string& name : outcome.must_enroll_again) text += name + " must enroll again\n";
  return text;
}

std::string ToJson(const ReEmbedOutcome& outcome) {
  return JsonLine({{"re_embedded", outcome.re_embedded},
                   {"current", outcome.current},
                   {"without_audio", outcome.without_audio},
                   {"must_enroll_again", outcome.must_enroll_again}});
}

std::string OperatingPointsHelp() {
  return "One score, three default thresholds of the model:\n"
         "  vpr compare    at the equal error rate: as many strangers pass as true pairs fail\n"
         "  vpr verify     false match rate 1 %: of 100 strangers who claim a name one passes\n"
         "  vpr identify   FPIR 5 %: of 100 strangers 5 are taken for anybody enrolled at all;\n"
         "                 it rises with the number of the enrolled\n"
         "So verify may reject, and identify not know, whom compare calls the same speaker; the\n"
         "answer says so then. --fmr, --fpir and --threshold choose others.\n";
}

}  // namespace vpr
