#include "vpr/train/fit_conditions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <unordered_map>

#include "train/degraded_forms.h"
#include "train/speaker_embeddings.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/audio/folder.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/dataset/packed_dataset.h"
#include "vpr/eval/trials.h"
#include "vpr/model/measure_conditions.h"

namespace vpr {
namespace {

constexpr std::uint64_t kTrialStream = 61, kCohortStream = 62;
constexpr std::size_t kUtterancesOfAVoice = 3;

struct Embedded {
  Embedding embedding;
  SpeechConditions conditions;
};

// A recording in a form; nothing if too little speech is left.
std::optional<Embedded> EmbedForm(const std::vector<float>& samples, Form form,
                                  const Surroundings& surroundings, Rng rng,
                                  const EmbeddingExtractor& extractor, const std::string& name) {
  try {
    const std::vector<float> speech =
        extractor.SpeechFor(MakeForm(form, samples, surroundings, rng), name);
    return Embedded{extractor.Extract(speech), MeasureConditions(speech)};
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnusable || form == Form::kAsRecorded) throw;
    return std::nullopt;
  }
}

struct Work {
  const EmbeddingExtractor& extractor;
  const FitConditionsOptions& options;
  Surroundings surroundings;
  std::vector<Form> forms;
  Progress& progress;
  const StopRequested& stop;
  int threads;
};

// Every `forms` of every file; all nothing for a file that cannot be used.
std::vector<std::vector<std::optional<Embedded>>> EmbedFilesInForms(
    const std::vector<std::string>& paths, const Work& work,
    const std::function<void(const FailedFile&)>& on_bad) {
  std::vector<std::vector<std::optional<Embedded>>> embedded(paths.size());
  std::vector<std::string> failures(paths.size());
  work.progress.Start("embedding", "file", paths.size());
  const std::size_t done = OrderedParallelFor(
      paths.size(), work.threads, 4 * static_cast<std::size_t>(work.threads),
      [&](std::size_t i) {
        embedded[i].resize(work.forms.size());
        try {
          const std::vector<float> samples = ReadAudio(paths[i]).samples;
          for (std::size_t f = 0; f < work.forms.size(); ++f)
            embedded[i][f] =
                EmbedForm(samples, work.forms[f], work.surroundings,
                          Rng(work.options.seed, kTrialStream, i, f), work.extractor, paths[i]);
        } catch (const Error& error) {
          if (error.code() == ErrorCode::kInternal) throw;
          embedded[i].assign(work.forms.size(), std::nullopt);
          failures[i] = error.what();
        }
      },
      [&](std::size_t i) {
        if (!failures[i].empty()) on_bad({i, paths[i], failures[i]});
        work.progress.Update(i + 1);
      },
      work.stop);
  work.progress.Finish();
  if (done < paths.size()) throw Error(ErrorCode::kInterrupted, "stopped; nothing was written");
  return embedded;
}

// Mean embeddings of other voices, as recorded and through other channels: the latter of each voice
// in one form, in turns.
void MakeCohorts(const Work& work, ScoringModel& scoring) {
  const PackedDataset dataset(work.options.cohort);
  if (dataset.info().payload == PayloadKind::kMel64)
    throw Error(ErrorCode::kInvalidArgument, "the cohort '" + Printable(work.options.cohort) +
                                                 "' holds spectrograms; pack it again as pcm16");
  std::map<int, std::vector<std::uint32_t>> by_label;
  for (std::uint32_t record = 0; record < dataset.size(); ++record)
    by_label[dataset.label(record)].push_back(record);
  std::vector<std::vector<std::uint32_t>> voices;
  const std::size_t most = std::min(by_label.size(), work.options.cohort_voices);
  std::size_t number = 0, taken = 0;
  for (auto& [label, records] : by_label) {
    if (++number * most / by_label.size() == taken) continue;
    ++taken;
    voices.push_back(std::move(records));
  }
  if (voices.size() < work.options.cohort_top)
    throw Error(
        ErrorCode::kUnusable,
        Format("the cohort '%s' has %zu voices; at least %zu are needed",
               Printable(work.options.cohort).c_str(), voices.size(), work.options.cohort_top));
  const auto dim = static_cast<std::size_t>(work.extractor.info().embedding_dim);
  std::vector<Form> channels;
  for (Form form : kChannelForms) {
    if (CanMake(form)) channels.push_back(form);
  }
  Matrix means(voices.size(), dim), heard(voices.size(), dim);
  std::vector<char> heard_at_all(voices.size());
  work.progress.Start("cohort", "voice", voices.size());
  const std::size_t done = OrderedParallelFor(
      voices.size(), work.threads, 4 * static_cast<std::size_t>(work.threads),
      [&](std::size_t v) {
        const std::vector<std::uint32_t>& own = voices[v];
        const std::size_t used = std::min(own.size(), kUtterancesOfAVoice);
        for (std::size_t i = 0; i < used; ++i) {
          const std::uint32_t record = own[i * own.size() / used];
          std::vector<float> samples(dataset.NumSamples(record));
          dataset.ReadSamples(record, 0, samples.size(), samples.data());
          const Embedding clean = work.extractor.Extract(samples);
          for (std::size_t d = 0; d < dim; ++d) means(v, d) += clean[d];
          const auto changed = EmbedForm(samples, channels[v % channels.size()], work.surroundings,
                                         Rng(work.options.seed, kCohortStream, record),
                                         work.extractor, std::string(dataset.key(record)));
          if (!changed) continue;
          heard_at_all[v] = 1;
          for (std::size_t d = 0; d < dim; ++d) heard(v, d) += changed->embedding[d];
        }
        Normalize(std::span(means.row(v), dim));
        if (heard_at_all[v] != 0) Normalize(std::span(heard.row(v), dim));
      },
      [&](std::size_t v) { work.progress.Update(v + 1); }, work.stop);
  work.progress.Finish();
  if (done < voices.size()) throw Error(ErrorCode::kInterrupted, "stopped; nothing was written");
  scoring.top_n = work.options.cohort_top;
  scoring.conditional.centre.assign(dim, 0.0f);
  for (std::size_t v = 0; v < voices.size(); ++v) {
    for (std::size_t d = 0; d < dim; ++d)
      scoring.conditional.centre[d] += means(v, d) / static_cast<float>(voices.size());
  }
  scoring.cohort = std::move(means);
  scoring.channel_cohort = Matrix();
  const auto kept = static_cast<std::size_t>(
      std::count(heard_at_all.begin(), heard_at_all.end(), static_cast<char>(1)));
  if (kept < scoring.top_n) return;
  scoring.channel_cohort = Matrix(kept, dim);
  std::size_t row = 0;
  for (std::size_t v = 0; v < voices.size(); ++v) {
    if (heard_at_all[v] != 0)
      std::copy(heard.row(v), heard.row(v) + dim, scoring.channel_cohort.row(row++));
  }
}

using UsedTerms = std::array<bool, kNumConditionTerms>;

UsedTerms FindTerms(const std::vector<std::string>& names) {
  UsedTerms used;
  used.fill(names.empty());
  used[0] = true;
  for (const std::string& name : names) {
    const auto* found =
        std::find(std::begin(kConditionTermNames) + 1, std::end(kConditionTermNames), name);
    if (found == std::end(kConditionTermNames)) {
      std::string there_are;
      for (std::size_t k = 1; k < kNumConditionTerms; ++k)
        there_are += (k == 1 ? "" : ", ") + std::string(kConditionTermNames[k]);
      throw Error(ErrorCode::kInvalidArgument, "a score has no term '" + Printable(name) +
                                                   "'; those of conditions are " + there_are);
    }
    used[static_cast<std::size_t>(found - std::begin(kConditionTermNames))] = true;
  }
  return used;
}

// A term that is 0 in every trial gets no weight.
ConditionTerms Only(const UsedTerms& used, ConditionTerms terms) {
  for (std::size_t k = 0; k < kNumConditionTerms; ++k) {
    if (!used[k]) terms[k] = 0;
  }
  return terms;
}

}  // namespace

FittedConditions FitConditions(const EmbeddingExtractor& extractor, const ScoringModel& scoring,
                               const FitConditionsOptions& options, Progress& progress,
                               const StopRequested& stop,
                               const std::function<void(const FailedFile&)>& on_bad) {
  const UsedTerms terms = FindTerms(options.terms);
  Work work{extractor,
            options,
            {},
            {Form::kAsRecorded},
            progress,
            stop,
            extractor.options().threads > 0 ? extractor.options().threads : HardwareThreads()};
  if (!options.noise.empty())
    work.surroundings.noises = ReadSounds(options.noise, "noises", progress, stop);
  if (!options.rooms.empty())
    work.surroundings.rooms = ReadSounds(options.rooms, "rooms", progress, stop);
  for (std::size_t f = 1; options.degraded && f < kNumForms; ++f) {
    if (CanMake(static_cast<Form>(f))) work.forms.push_back(static_cast<Form>(f));
  }

  // The trials that are used, and their files.
  struct Pair {
    std::size_t enroll, test;
    bool target;
  };
  std::vector<std::vector<Pair>> lists;
  std::unordered_map<std::string, std::size_t> numbers;
  std::vector<std::string> paths;
  auto number = [&](const std::string& name) {
    const auto [entry, added] = numbers.try_emplace(name, paths.size());
    if (added) paths.push_back((std::filesystem::path(options.audio_root) / name).string());
    return entry->second;
  };
  for (const std::string& path : options.lists) {
    const std::vector<Trial> all = ReadTrials(path);
    const auto targets = static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const Trial& trial) { return trial.target; }));
    std::size_t seen[2] = {0, 0}, taken[2] = {0, 0};
    const std::size_t of[2] = {all.size() - targets, targets};
    const std::size_t most[2] = {std::min(of[0], options.most_nontargets),
                                 std::min(of[1], options.most_targets)};
    std::vector<Pair>& pairs = lists.emplace_back();
    for (const Trial& trial : all) {
      const std::size_t kind = trial.target ? 1 : 0;
      if (++seen[kind] * most[kind] / of[kind] == taken[kind]) continue;
      ++taken[kind];
      pairs.push_back({number(trial.enroll), number(trial.test), trial.target});
    }
  }
  FittedConditions fitted;
  const auto embedded = EmbedFilesInForms(paths, work, [&](const FailedFile& failed) {
    ++fitted.failed_files;
    on_bad(failed);
  });

  fitted.scoring = {};
  if (options.cohort.empty()) {
    fitted.scoring.cohort = scoring.cohort;
    fitted.scoring.channel_cohort = scoring.channel_cohort;
    fitted.scoring.top_n = scoring.top_n;
    fitted.scoring.conditional.centre = scoring.conditional.centre;
    if (scoring.conditional.empty()) {
      // The mean of the recordings at hand.
      std::vector<float>& centre = fitted.scoring.conditional.centre;
      centre.assign(static_cast<std::size_t>(extractor.info().embedding_dim), 0.0f);
      float used = 0;
      for (const auto& forms : embedded) used += forms[0] ? 1.0f : 0.0f;
      for (const auto& forms : embedded) {
        for (std::size_t d = 0; forms[0] && d < centre.size(); ++d)
          centre[d] += forms[0]->embedding[d] / used;
      }
    }
  } else {
    MakeCohorts(work, fitted.scoring);
  }
  if (!terms[kCohortTerm] && !terms[kChannelTerm]) {
    fitted.scoring.cohort = fitted.scoring.channel_cohort = Matrix();
    fitted.scoring.top_n = ScoringModel().top_n;
  }
  // With weights of no meaning: what is needed are the centred values and the terms.
  const Scorer scorer(fitted.scoring);
  std::vector<std::vector<std::optional<Voiceprint>>> voiceprints(paths.size());
  ParallelFor(paths.size(), work.threads, [&](std::size_t i) {
    for (const std::optional<Embedded>& form : embedded[i])
      voiceprints[i].push_back(
          form ? std::optional(scorer.MakeVoiceprint(form->embedding, form->conditions))
               : std::nullopt);
  });

  std::vector<TrialCell> cells;
  for (std::size_t list = 0; list < lists.size(); ++list) {
    for (std::size_t f = 0; f < work.forms.size(); ++f) {
      for (std::size_t enrolled : {f, std::size_t{0}}) {
        if (enrolled == 0 && f == 0 && !cells.empty() && cells.back().corpus == list) continue;
        TrialCell cell;
        cell.corpus = list;
        cell.form = std::string(Name(work.forms[f])) +
                    (enrolled == f ? "" : std::string(" against ") + Name(Form::kAsRecorded));
        for (const Pair& pair : lists[list]) {
          const auto &a = voiceprints[pair.enroll][enrolled], &b = voiceprints[pair.test][f];
          if (!a || !b) continue;
          cell.trials.push_back({CosineScore(a->values, b->values), Only(terms, a->conditions),
                                 Only(terms, b->conditions), pair.target, 0});
        }
        fitted.trials += cell.trials.size();
        if (!cell.trials.empty()) cells.push_back(std::move(cell));
      }
    }
  }
  if (cells.empty())
    throw Error(ErrorCode::kUnusable,
                Format("none of the trials can be scored, as none of their %zu files can be used "
                       "(is --audio-root right?)",
                       paths.size()));
  std::string names;
  for (const std::string& list : options.lists)
    names += (names.empty() ? "" : ", ") + std::filesystem::path(list).filename().string();
  ConditionalFit fit =
      FitConditional(cells, Format("%zu trials of %s%s", fitted.trials, names.c_str(),
                                   options.degraded ? ", in degraded forms too" : ""));
  fit.score.centre = std::move(fitted.scoring.conditional.centre);
  fitted.scoring.conditional = std::move(fit.score);
  fitted.thresholds = std::move(fit.thresholds);
  fitted.left_out = std::move(fit.left_out);
  return fitted;
}

CalibratedConditions CalibrateConditions(const std::string& model, const ExtractorOptions& engine,
                                         const FitConditionsOptions& options,
                                         const std::string& output, Progress& progress,
                                         const StopRequested& stop) {
  Model calibrated = LoadModel(model);
  const EmbeddingExtractor extractor = EmbeddingExtractor::Open(model, engine);
  FittedConditions fitted =
      FitConditions(extractor, calibrated.scoring, options, progress, stop,
                    [&](const FailedFile& failed) { progress.Warn(failed.reason); });
  calibrated.scoring = std::move(fitted.scoring);
  SetThresholds(fitted.thresholds, calibrated.info);
  SaveModel(output, calibrated);
  if (fitted.failed_files > 0)
    progress.Warn(
        Format("%zu files cannot be used; their trials are left out", fitted.failed_files));
  if (fitted.left_out.empty())
    progress.Warn(
        "a score that holds on recordings of other kinds needs lists of three corpora or more; how "
        "this one does there cannot be told");
  return {calibrated.info, std::move(fitted.left_out)};
}

}  // namespace vpr
