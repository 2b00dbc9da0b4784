// How often a login that asks for random digits errs:
//   prompted_login MODEL TRANSCRIBER ENROLL_LIST TEST_LIST [--enroll A-B] [--test A-B] [--trials N]
// Both lists have the columns path, text and speaker (vpr transcribe train), the same speakers and
// other recordings. Everybody in them is enrolled with three recordings, joined of A to B
// recordings of ENROLL_LIST (default 8). Then, N times each (default 1000), somebody claims to be
// one of them with a recording joined of recordings of TEST_LIST (default 6):
//   genuine   the person, with the digits asked for
//   replay    a recording of the person with other digits, as many as were asked for
//   impostor  another person in the list, with the digits asked for
// Prints Markdown: how often the words were taken for those asked for, how often the voice for the
// claimed one at the threshold of vpr verify, how often both; intervals (95 %) from 1,000 draws of
// the claimed speakers.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/eval/bootstrap.h"
#include "vpr/identify/gallery.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/model/measure_conditions.h"
#include "vpr/recognize/decision.h"
#include "vpr/transcribe/spoken_strings.h"
#include "vpr/transcribe/transcriber.h"

namespace vpr {
namespace {

enum Stream : std::uint64_t { kEnroll = 201, kTrial = 202, kDraw = 203 };
constexpr std::size_t kEnrolled = 3;  // recordings
constexpr std::size_t kKinds = 3;
constexpr std::array<const char*, kKinds> kKindNames = {"genuine", "replay", "impostor"};

struct Answer {
  std::size_t claimed = 0;  // number of the speaker
  bool words = false, voice = false;
};

// The speakers' recordings, to begin a string with.
std::vector<std::vector<std::size_t>> OfSpeakers(const SpokenStrings& strings) {
  std::vector<std::vector<std::size_t>> numbers(strings.speakers().size());
  for (std::size_t i = 0; i < strings.utterances().size(); ++i) {
    const auto at = std::lower_bound(strings.speakers().begin(), strings.speakers().end(),
                                     strings.utterances()[i].speaker);
    numbers[static_cast<std::size_t>(at - strings.speakers().begin())].push_back(i);
  }
  return numbers;
}

SpokenStrings::String Draw(const SpokenStrings& strings, const std::vector<std::size_t>& of_speaker,
                           Rng& rng) {
  return strings.Make(of_speaker[rng.Below(of_speaker.size())], rng);
}

EnrolledUtterance Embed(const EmbeddingExtractor& extractor, const std::vector<float>& samples) {
  const std::vector<float> speech = extractor.SpeechFor(samples, "a string");
  EnrolledUtterance utterance;
  utterance.embedding = extractor.Extract(speech);
  SetConditions(MeasureConditions(speech), utterance);
  return utterance;
}

Voiceprint MakeVoice(const EmbeddingExtractor& extractor,
                     const std::vector<EnrolledUtterance>& utterances) {
  std::vector<const EnrolledUtterance*> all;
  for (const EnrolledUtterance& one : utterances) all.push_back(&one);
  const Template made = MakeTemplate(all);
  return extractor.scorer().MakeVoiceprint(made.embedding, made.conditions);
}

std::string Cell(const std::vector<Answer>& answers, bool (*counts)(const Answer&)) {
  std::map<std::size_t, std::pair<double, double>> of_speaker;  // accepted, all
  for (const Answer& answer : answers) {
    of_speaker[answer.claimed].first += counts(answer) ? 1 : 0;
    of_speaker[answer.claimed].second += 1;
  }
  std::vector<std::pair<double, double>> list;
  double accepted = 0, all = 0;
  for (const auto& [speaker, one] : of_speaker) {
    list.push_back(one);
    accepted += one.first;
    all += one.second;
  }
  std::vector<double> rates;
  Rng rng(1, kDraw);
  for (int draw = 0; draw < 1000; ++draw) {
    double drawn = 0, of = 0;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto& one = list[rng.Below(list.size())];
      drawn += one.first;
      of += one.second;
    }
    rates.push_back(drawn / of);
  }
  const ConfidenceInterval interval = PercentileInterval(std::move(rates));
  std::array<char, 80> text;
  std::snprintf(text.data(), text.size(), "%.1f (%.1f-%.1f)", 100 * accepted / all,
                100 * interval.low, 100 * interval.high);
  return text.data();
}

int Run(int argc, char** argv) {
  JoinOptions enroll{8, 8}, test{6, 6};
  std::size_t trials = 1000;
  for (int i = 5; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--enroll") == 0)
      enroll = ParseJoin(argv[i + 1]);
    else if (std::strcmp(argv[i], "--test") == 0)
      test = ParseJoin(argv[i + 1]);
    else if (std::strcmp(argv[i], "--trials") == 0)
      trials = static_cast<std::size_t>(std::strtoul(argv[i + 1], nullptr, 10));
    else
      throw Error(ErrorCode::kInvalidArgument, std::string("no option ") + argv[i]);
  }
  const Transcriber transcriber = Transcriber::Load(argv[2]);
  const EmbeddingExtractor extractor = EmbeddingExtractor::Open(argv[1], {});
  const double threshold =
      DefaultThreshold(OperatingPoint::kVerify, extractor.info()).value().threshold;
  Progress silent;
  const SpokenStrings to_enroll(argv[3], transcriber.tokens(), enroll, 0, silent, {});
  const SpokenStrings to_test(argv[4], transcriber.tokens(), test, 0, silent, {});
  if (to_enroll.speakers() != to_test.speakers() || to_test.speakers().size() < 2)
    throw Error(ErrorCode::kInvalidArgument,
                "the lists do not have the same speakers, two at least");
  const std::vector<std::vector<std::size_t>> enroll_of = OfSpeakers(to_enroll),
                                              test_of = OfSpeakers(to_test);
  const std::size_t speakers = to_test.speakers().size();
  std::vector<Voiceprint> voices(speakers);
  ParallelFor(speakers, HardwareThreads(), [&](std::size_t s) {
    Rng rng(1, kEnroll, s);
    std::vector<EnrolledUtterance> utterances;
    for (std::size_t k = 0; k < kEnrolled; ++k)
      utterances.push_back(Embed(extractor, Draw(to_enroll, enroll_of[s], rng).samples));
    voices[s] = MakeVoice(extractor, utterances);
  });
  std::printf(
      "%zu speakers, %zu trials a kind, %s accepted:\n\n| claim | words | voice | both |\n"
      "|---|---|---|---|\n",
      speakers, trials, "per cent (95 % interval)");
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    std::vector<Answer> answers(trials);
    ParallelFor(trials, HardwareThreads(), [&](std::size_t i) {
      Rng rng(1, kTrial, kind, i);
      Answer& answer = answers[i];
      answer.claimed = i % speakers;
      const std::size_t speaker =
          kind == 2 ? (answer.claimed + 1 + rng.Below(speakers - 1)) % speakers : answer.claimed;
      const SpokenStrings::String string = Draw(to_test, test_of[speaker], rng);
      std::vector<int> asked = string.labels;
      while (kind == 1 && asked == string.labels)
        for (int& label : asked)
          label = TokenTable::kBlank + 1 +
                  static_cast<int>(rng.Below(static_cast<std::size_t>(transcriber.tokens().end() -
                                                                      TokenTable::kBlank - 1)));
      answer.words = transcriber.CheckWords(transcriber.LogProbs(string.samples), asked).right;
      answer.voice = extractor.scorer()
                         .Compare(voices[answer.claimed],
                                  MakeVoice(extractor, {Embed(extractor, string.samples)}))
                         .value >= threshold;
    });
    std::printf("| %s | %s | %s | %s |\n", kKindNames[kind],
                Cell(answers, [](const Answer& a) { return a.words; }).c_str(),
                Cell(answers, [](const Answer& a) { return a.voice; }).c_str(),
                Cell(answers, [](const Answer& a) { return a.words && a.voice; }).c_str());
  }
  return 0;
}

}  // namespace
}  // namespace vpr

int main(int argc, char** argv) try {
  if (argc < 5) {
    std::fputs(
        "usage: prompted_login MODEL TRANSCRIBER ENROLL_LIST TEST_LIST [--enroll A-B] "
        "[--test A-B] [--trials N]\n",
        stderr);
    return 2;
  }
  return vpr::Run(argc, argv);
} catch (const vpr::Error& error) {
  std::fprintf(stderr, "prompted_login: %s\n", error.what());
  return 1;
}
