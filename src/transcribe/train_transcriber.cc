#include "vpr/transcribe/train_transcriber.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/open_module.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/base/version.h"
#include "vpr/features/mel.h"

namespace vpr {
namespace {

enum Stream : std::uint64_t { kTrainStream = 81, kDevStream = 82, kPromptStream = 83 };
constexpr std::uint64_t kDevSeed = 1;
constexpr int kWrongPrompts = 5;  // a string

// What is measured of a string.
struct Measured {
  Transcript said, heard;
  double right = 0;           // the score of what was said
  std::vector<double> wrong;  // of other strings of as many words
};

// Another random string of as many words; nothing if there is none.
std::optional<std::vector<int>> OtherString(const std::vector<int>& said, const TokenTable& tokens,
                                            Rng& rng) {
  if (said.empty() || tokens.end() - 1 < 2) return std::nullopt;
  std::vector<int> other(said.size());
  do {
    for (int& label : other)
      label = 1 + static_cast<int>(rng.Below(static_cast<std::size_t>(tokens.end() - 1)));
  } while (other == said);
  return other;
}

std::vector<Measured> MeasureStrings(const Transcriber& transcriber, const SpokenStrings& strings,
                                     std::size_t count, std::uint64_t seed, int threads,
                                     const StopRequested& stop) {
  std::vector<Measured> all(count);
  const std::size_t done = OrderedParallelFor(
      count, threads > 0 ? threads : HardwareThreads(), 64,
      [&](std::size_t i) {
        Rng rng(seed, kDevStream, i);
        const std::size_t utterances = strings.utterances().size();
        const SpokenStrings::String string =
            strings.Make(count >= utterances ? i % utterances : rng.Below(utterances), rng);
        const std::string id = Format("%zu ", i + 1) + string.first;
        Measured& one = all[i];
        one.said = {id, transcriber.tokens().Decode(string.labels), string.speaker};
        const Matrix log_probs = transcriber.LogProbs(string.samples);
        one.heard = {id, transcriber.Transcribe(log_probs), string.speaker};
        if (string.labels.empty()) return;
        one.right = transcriber.CheckWords(log_probs, string.labels).score;
        Rng prompts(seed, kPromptStream, i);
        for (int k = 0; k < kWrongPrompts; ++k)
          if (const auto other = OtherString(string.labels, transcriber.tokens(), prompts))
            one.wrong.push_back(transcriber.CheckWords(log_probs, *other).score);
      },
      [](std::size_t) {}, stop);
  if (done < count) throw Error(ErrorCode::kInterrupted, "stopped while measuring");
  return all;
}

TranscriptErrors ErrorsOf(const std::vector<Measured>& all) {
  std::vector<Transcript> reference, hypothesis;
  for (const Measured& one : all) {
    reference.push_back(one.said);
    hypothesis.push_back(one.heard);
  }
  return MeasureTranscripts(reference, hypothesis);
}

PromptThreshold ThresholdOf(const std::vector<Measured>& all) {
  std::vector<double> right, wrong;
  for (const Measured& one : all) {
    right.push_back(one.right);
    wrong.insert(wrong.end(), one.wrong.begin(), one.wrong.end());
  }
  return FindPromptThreshold(std::move(right), std::move(wrong));
}

void WarnOfLeftOut(const std::vector<std::string>& left_out, Progress& progress) {
  if (!left_out.empty())
    progress.Warn(Format("left out: %zu recordings; the first: ", left_out.size()) +
                  left_out.front());
}

}  // namespace

FeatureOptions TranscriberTrainOptions::DefaultFeatures() {
  FeatureOptions features;
  features.n_fft = 512;
  features.win_length = kSampleRate / 40;
  features.hop_length = kSampleRate / 100;
  features.n_mels = 64;
  features.fmin = 20;
  features.fmax = 7600;
  features.kind = FeatureKind::kLogMel;
  features.mean_norm = features.level_norm = true;
  features.trim_top_db = 0;
  return features;
}

PromptThreshold FindPromptThreshold(std::vector<double> right, std::vector<double> wrong) {
  PromptThreshold found;
  found.recordings = right.size();
  if (right.empty() || wrong.empty()) return found;
  std::sort(right.begin(), right.end());
  std::sort(wrong.begin(), wrong.end());
  std::vector<double> scores = right;
  scores.insert(scores.end(), wrong.begin(), wrong.end());
  std::sort(scores.begin(), scores.end());
  scores.erase(std::unique(scores.begin(), scores.end()), scores.end());
  auto share_below = [](const std::vector<double>& sorted, double limit) {
    return static_cast<double>(std::lower_bound(sorted.begin(), sorted.end(), limit) -
                               sorted.begin()) /
           static_cast<double>(sorted.size());
  };
  double least = 2;
  for (std::size_t i = 0; i + 1 < scores.size(); ++i) {
    const double threshold = (scores[i] + scores[i + 1]) / 2;
    const double rejects = share_below(right, threshold),
                 accepts = 1 - share_below(wrong, threshold);
    if (std::max(rejects, accepts) < least) {
      least = std::max(rejects, accepts);
      found.threshold = threshold;
      found.false_rejects = rejects;
      found.false_accepts = accepts;
    }
  }
  return found;
}

TranscriberTrainResult TrainTranscriber(const TranscriberTrainOptions& options, Progress& progress,
                                        const StopRequested& stop) {
  TranscriberTrainResult result;
  TranscriberInfo& info = result.info;
  info.tokens = options.tokens;
  info.features = options.features;
  info.network = options.network;
  if (options.tokens == TokenKind::kWords) {
    // All words of the list.
    std::set<std::string> words;
    for (const Transcript& transcript : ReadTranscripts(options.list).transcripts)
      for (std::string_view word : SplitBlanks(transcript.text))
        if (word != "-") words.emplace(word);
    info.words.assign(words.begin(), words.end());
  }
  const TokenTable tokens = TokenTable::Make(info.tokens, info.words);
  const int threads = options.training.threads;
  const SpokenStrings strings(options.list, tokens, options.join, threads, progress, stop);
  result.left_out = strings.left_out();
  std::optional<SpokenStrings> dev;
  if (!options.dev_list.empty()) {
    dev.emplace(options.dev_list, tokens, options.join, threads, progress, stop);
    std::vector<std::string> shared;
    std::set_intersection(strings.speakers().begin(), strings.speakers().end(),
                          dev->speakers().begin(), dev->speakers().end(),
                          std::back_inserter(shared));
    if (!shared.empty() && !shared[0].empty())
      throw Error(ErrorCode::kInvalidArgument,
                  Format("%zu speakers are in '%s' and in '%s', '%s' among them; held-out speakers "
                         "must be others",
                         shared.size(), Printable(options.list).c_str(),
                         Printable(options.dev_list).c_str(), Printable(shared[0]).c_str()));
  }
  const StringAugmenter augmenter(options.noise_list, threads, progress, stop);
  const MelComputer mel(options.features);

  info.network.inputs = options.features.n_mels;
  info.network.outputs = tokens.size();
  info.source = options.list;
  info.utterances = strings.utterances().size();
  info.speakers = strings.speakers().size();
  info.seed = options.training.seed;
  info.program = std::string("vpr ") + Version();
  TranscriberTask task;
  task.shape = info.network;
  task.training = options.training;
  task.examples = strings.utterances().size();
  if (!options.init_from.empty()) task.initial = LoadTranscriberTensors(options.init_from);
  task.make = [&](int epoch, std::size_t number) {
    Rng rng(options.training.seed, kTrainStream, static_cast<std::uint64_t>(epoch), number);
    SpokenStrings::String string = strings.Make(number, rng);
    if (options.augment) augmenter.Apply(string.samples, rng);
    return TranscriberTask::Example{mel.Compute(string.samples), std::move(string.labels)};
  };
  std::vector<Measured> best;
  task.on_epoch = [&](int epoch, double loss, const std::vector<Tensor>& tensors) {
    std::string line = Format("epoch %d: loss %.4f", epoch, loss);
    info.epochs = epoch;
    bool better = true;
    if (dev) {
      const Transcriber transcriber(info, tensors);
      std::vector<Measured> measured =
          MeasureStrings(transcriber, *dev, options.dev_strings, kDevSeed, threads, stop);
      const TranscriptErrors errors = ErrorsOf(measured);
      line += Format(", %.2f %% of %llu words wrong", 100 * errors.words.rate,
                     static_cast<unsigned long long>(errors.words.counts.reference()));
      better = best.empty() || errors.words.rate < info.dev_wer;
      if (better) {
        best = std::move(measured);
        info.dev_wer = errors.words.rate;
        info.dev_words = errors.words.counts.reference();
        info.prompt = ThresholdOf(best);
      }
    }
    progress.Info(line);
    if (!better) return;
    info.best_epoch = epoch;
    SaveTranscriber(options.output, info, tensors);
  };
  OpenInterface<TranscriberEngine>().Train(task, progress, stop);
  if (!best.empty()) result.dev = ErrorsOf(best);
  WarnOfLeftOut(result.left_out, progress);
  return result;
}

TranscriberEvaluation EvaluateTranscriber(const Transcriber& transcriber, const std::string& list,
                                          const JoinOptions& join, std::size_t count,
                                          std::uint64_t seed, int threads, Progress& progress,
                                          const StopRequested& stop) {
  const SpokenStrings strings(list, transcriber.tokens(), join, threads, progress, stop);
  TranscriberEvaluation evaluation;
  evaluation.left_out = strings.left_out();
  const double threshold = transcriber.info().prompt.threshold;
  const std::vector<Measured> all = MeasureStrings(
      transcriber, strings, count > 0 ? count : strings.utterances().size(), seed, threads, stop);
  std::uint64_t accepted = 0, rejected = 0;
  for (const Measured& one : all) {
    evaluation.reference.push_back(one.said);
    evaluation.hypothesis.push_back(one.heard);
    rejected += one.right < threshold ? 1 : 0;
    evaluation.wrong_prompts += one.wrong.size();
    for (double score : one.wrong) accepted += score >= threshold ? 1 : 0;
  }
  evaluation.errors = MeasureTranscripts(evaluation.reference, evaluation.hypothesis);
  evaluation.false_rejects = static_cast<double>(rejected) / static_cast<double>(all.size());
  if (evaluation.wrong_prompts > 0)
    evaluation.false_accepts =
        static_cast<double>(accepted) / static_cast<double>(evaluation.wrong_prompts);
  WarnOfLeftOut(evaluation.left_out, progress);
  return evaluation;
}

}  // namespace vpr
