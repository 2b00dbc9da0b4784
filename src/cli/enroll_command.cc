// vpr enroll: learn a voice.
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/embedding_run.h"
#include "cli/read_options.h"
#include "cli/voices.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/base/unicode.h"
#include "vpr/identify/enrollment.h"
#include "vpr/identify/gallery.h"

namespace vpr::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> arguments;
  bool per_folder = false, per_file = false, force = false, keep_audio = false, encrypt = false,
       json = false;
  std::optional<std::string> note;
  StoreArguments store;
  MicArguments mic;
  QualityLimits limits;
  NetworkOptions network;
};

// A voice is said to be another name's already if so few strangers would be taken for that one.
constexpr double kResemblingFpir = 0.01;

struct Person {
  std::string name;
  std::vector<std::string> files;
};

std::vector<std::string> AudioFilesBelow(const fs::path& folder, bool deep) {
  std::vector<std::string> files;
  auto take = [&](const fs::directory_entry& entry) {
    // Hidden ones ("._Ada.wav") are other programs' notes.
    if (entry.is_regular_file() && HasAudioExtension(entry.path().string()) &&
        !entry.path().filename().string().starts_with('.'))
      files.push_back(entry.path().string());
  };
  std::error_code error;
  if (deep) {
    for (const auto& entry : fs::recursive_directory_iterator(folder, error)) take(entry);
  } else {
    for (const auto& entry : fs::directory_iterator(folder, error)) take(entry);
  }
  if (error)
    throw Error(ErrorCode::kIo,
                "cannot read folder '" + Printable(folder.string()) + "': " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<Person> PeopleOf(const Options& options) {
  if (!options.per_folder && !options.per_file)
    return {{options.arguments[0], {options.arguments.begin() + 1, options.arguments.end()}}};
  const fs::path folder = options.arguments[0];
  if (!fs::is_directory(folder))
    throw Error(ErrorCode::kNotFound, "no folder '" + Printable(folder.string()) + "'");
  std::vector<Person> people;
  if (options.per_file) {
    // Ann.flac and Ann.wav are of one person.
    std::map<std::string, std::vector<std::string>> files;
    for (const std::string& file : AudioFilesBelow(folder, false))
      files[fs::path(file).stem().string()].push_back(file);
    for (auto& [name, of_name] : files) people.push_back({name, std::move(of_name)});
  } else {
    std::vector<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.is_directory() && !entry.path().filename().string().starts_with('.'))
        folders.push_back(entry.path());
    }
    std::sort(folders.begin(), folders.end());
    for (const fs::path& one : folders) {
      std::vector<std::string> files = AudioFilesBelow(one, true);
      if (!files.empty()) people.push_back({one.filename().string(), std::move(files)});
    }
  }
  if (people.empty())
    throw Error(ErrorCode::kNotFound,
                "no recordings " +
                    std::string(options.per_folder ? "in the folders of '" : "in '") +
                    Printable(folder.string()) + "'");
  return people;
}

EnrolledUtterance ToUtterance(Recording&& recording, const ModelInfo& info, bool keep_audio) {
  EnrolledUtterance utterance;
  std::error_code error;
  utterance.source = recording.source == "microphone" || recording.source == "-"
                         ? recording.source
                         : fs::absolute(recording.source, error).lexically_normal().string();
  utterance.enrolled_at = UtcNow();
  utterance.network = info.network_fingerprint;
  SetConditions(recording.conditions, utterance);
  utterance.snr_db = recording.quality.snr_db;
  utterance.embedding = std::move(recording.embedding);
  if (keep_audio) utterance.audio = EncodeFlac(recording.samples);
  return utterance;
}

class Enroller {
 public:
  Enroller(const Options& options, const EmbeddingExtractor& extractor, VoiceStore& store,
           Progress& progress)
      : options_(options),
        extractor_(extractor),
        store_(store),
        progress_(progress),
        loaded_(LoadGallery(store, extractor.scorer(), extractor.info(), progress)) {}

  // False if there was nothing to enroll; true also for what is enrolled already.
  bool Enroll(const std::string& name, std::vector<Recording> recordings) {
    nlohmann::ordered_json enrolled = nlohmann::ordered_json::array(),
                           left_out = nlohmann::ordered_json::array();
    auto leave_out = [&](const std::string& file, const std::string& reason) {
      if (left_out.empty() || left_out.back()["reason"] != reason)
        progress_.Warn(Printable(name) + ": " + reason);
      left_out.push_back({{"file", file}, {"reason", reason}});
    };
    std::vector<EnrolledUtterance> fresh;
    std::vector<nlohmann::ordered_json> entries;
    std::vector<std::string> files;
    for (Recording& recording : recordings) {
      if (!recording.failure.empty()) {
        leave_out(recording.source, recording.failure);
        continue;
      }
      for (const std::string& warning : recording.warnings)
        progress_.Warn(Printable(name) + ": '" + Printable(recording.source) +
                       "' is doubtful: " + warning);
      entries.push_back({{"file", recording.source},
                         {"speech_seconds", SpeechSeconds(recording)},
                         {"snr_db", recording.quality.snr_db},
                         {"warnings", recording.warnings}});
      files.push_back(recording.source);
      fresh.push_back(ToUtterance(std::move(recording), extractor_.info(), options_.keep_audio));
    }

    // What is enrolled already, as far as it can be compared.
    std::vector<EnrolledUtterance> before;
    std::size_t total = 0;
    if (const std::optional<EnrolledSpeaker> speaker = store_.Find(name)) {
      total = speaker->utterances.size();
      for (const EnrolledUtterance* utterance : UtterancesOfNetwork(*speaker, extractor_.info()))
        before.push_back(*utterance);
    }
    std::vector<const EnrolledUtterance*> all;
    for (const EnrolledUtterance& utterance : before) all.push_back(&utterance);
    for (const EnrolledUtterance& utterance : fresh) all.push_back(&utterance);
    // The same recording again would count twice.
    bool only_known = !fresh.empty() && left_out.empty();
    for (std::size_t i = 0; i < fresh.size();) {
      const bool known = std::any_of(
          all.begin(), all.begin() + static_cast<std::ptrdiff_t>(before.size() + i),
          [&](const EnrolledUtterance* other) { return SameRecording(*other, fresh[i]); });
      if (!known || options_.force) {
        only_known = false;
        ++i;
        continue;
      }
      leave_out(files[i], "'" + Printable(files[i]) + "' is enrolled already");
      const auto at = static_cast<std::ptrdiff_t>(i);
      fresh.erase(fresh.begin() + at);
      files.erase(files.begin() + at);
      entries.erase(entries.begin() + at);
      all.resize(before.size());
      for (const EnrolledUtterance& utterance : fresh) all.push_back(&utterance);
    }
    std::vector<bool> foreign(fresh.size(), false);
    const ModelInfo& info = extractor_.info();
    if (!info.decision.basis.empty()) {
      for (std::size_t i :
           FindForeign(all, before.size(), extractor_.scorer(), info.decision.threshold))
        foreign[i - before.size()] = true;
    }
    const bool nobody =
        before.empty() && std::find(foreign.begin(), foreign.end(), false) == foreign.end();
    std::vector<EnrolledUtterance> accepted;
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      if (foreign[i]) {
        const std::string reason = Reason(files[i], all, before.size(), nobody);
        if (!options_.force) {
          leave_out(files[i], reason);
          continue;
        }
        progress_.Warn(Printable(name) + ": " + reason + "; enrolled all the same (--force)");
        entries[i]["warnings"].push_back(reason);
      }
      enrolled.push_back(entries[i]);
      accepted.push_back(std::move(fresh[i]));
    }

    std::string resembles;
    double seconds = 0;
    if (!accepted.empty()) {
      all.clear();
      for (const EnrolledUtterance& utterance : before) all.push_back(&utterance);
      for (const EnrolledUtterance& utterance : accepted) {
        all.push_back(&utterance);
        seconds += utterance.speech_seconds;
      }
      const Template speaker = MakeTemplate(all);
      const Voiceprint voiceprint =
          extractor_.scorer().MakeVoiceprint(speaker.embedding, speaker.conditions);
      resembles = Resembling(name, voiceprint);
      store_.Enroll(name, accepted, options_.note);
      loaded_.gallery.Add(std::numeric_limits<std::int64_t>::max(), name, voiceprint);
      total += accepted.size();
    }
    if (accepted.empty() && only_known && options_.note) store_.Enroll(name, {}, options_.note);
    if (options_.json) {
      nlohmann::ordered_json json = {{"name", name},         {"enrolled", enrolled},
                                     {"left_out", left_out}, {"utterances", total},
                                     {"resembles", nullptr}, {"db", store_.Describe()}};
      if (!resembles.empty()) json["resembles"] = resembles;
      PrintJson(json);
    } else if (!accepted.empty()) {
      Print(Format("%s: %zu utterance%s enrolled (%.1f s of speech), %zu in all%s\n", name.c_str(),
                   accepted.size(), accepted.size() == 1 ? "" : "s", seconds, total,
                   left_out.empty() ? "" : Format(", %zu left out", left_out.size()).c_str()));
    }
    return !accepted.empty() || only_known;
  }

 private:
  // A network gives one recording one embedding, but for rounding.
  static bool SameRecording(const EnrolledUtterance& a, const EnrolledUtterance& b) {
    return std::equal(a.embedding.begin(), a.embedding.end(), b.embedding.begin(),
                      b.embedding.end(), [](float x, float y) { return std::abs(x - y) < 1e-5f; });
  }

  // Why an utterance is somebody else's. `nobody`: all are, of several voices with as many each.
  static std::string Reason(const std::string& file,
                            const std::vector<const EnrolledUtterance*>& all, std::size_t before,
                            bool nobody) {
    if (all.size() == 2)
      return Format("'%s' and '%s' do not sound like one person", Printable(all[0]->source).c_str(),
                    Printable(all[1]->source).c_str());
    if (nobody)
      return "the utterances sound like several people, and no voice has the most of them";
    return "'" + Printable(file) + "' sounds like somebody else than " +
           (before > 0 ? "what is enrolled" : "the other utterances");
  }

  // Warns if the voice is that of another name.
  std::string Resembling(const std::string& name, const Voiceprint& voiceprint) {
    const Gallery& gallery = loaded_.gallery;
    if (gallery.size() == 0) return "";
    double threshold = 0;
    try {
      threshold =
          FindOpenSetThreshold(extractor_.info(), kResemblingFpir, gallery.size()).threshold;
    } catch (const Error&) {
      return "";  // the model has none
    }
    for (const Candidate& candidate : gallery.Search(voiceprint, 3)) {
      const std::string other(gallery.name(candidate.speaker));
      if (other == name || candidate.value < threshold) continue;
      progress_.Warn(
          Format("%s sounds like '%s', who is enrolled already (score %.2f, threshold "
                 "%.2f); if it is the same person, see: vpr speakers rename, remove",
                 Printable(name).c_str(), Printable(other).c_str(), candidate.value, threshold));
      return other;
    }
    return "";
  }

  const Options& options_;
  const EmbeddingExtractor& extractor_;
  VoiceStore& store_;
  Progress& progress_;
  LoadedGallery loaded_;
};

int Run(const Options& options, const Context& context) {
  const auto progress = MakeConsoleProgress(context);
  std::vector<Person> people = PeopleOf(options);
  for (Person& person : people) person.files = AsAsked(person.files, options.network.engine.read);
  std::size_t failed = 0;
  std::string first_failed;
  auto fail = [&](const std::string& name) {
    ++failed;
    if (first_failed.empty()) first_failed = name;
  };
  const std::size_t wanted = people.size();
  for (Person& person : people) person.name = ToNfc(person.name);  // as the store has them
  std::erase_if(people, [&](const Person& person) {
    try {
      CheckSpeakerName(person.name);
      return false;
    } catch (const Error& error) {
      if (wanted == 1) throw;
      progress->Warn(error.what());
      fail(person.name);
      if (options.json)
        PrintJson({{"name", person.name},
                   {"enrolled", nlohmann::ordered_json::array()},
                   {"error", error.what()}});
      return true;
    }
  });
  const EmbeddingExtractor extractor =
      EmbeddingExtractor::Open(FindModel(options.network.model), options.network.engine);
  const std::unique_ptr<VoiceStore> store = OpenStore(options.store, true, options.encrypt);
  Enroller enroller(options, extractor, *store, *progress);
  if (options.mic.wanted()) {
    std::vector<Recording> one;
    one.push_back(ReadOneRecording("", options.mic, extractor, options.limits, options.keep_audio,
                                   *progress));
    if (!enroller.Enroll(people[0].name, std::move(one)))
      throw Error(ErrorCode::kUnusable, "'" + Printable(people[0].name) + "' was not enrolled");
    return kExitDone;
  }
  // Everybody's files in one go; a person is enrolled as soon as theirs are done.
  std::vector<std::string> paths;
  for (const Person& person : people)
    paths.insert(paths.end(), person.files.begin(), person.files.end());
  std::vector<Recording> waiting;
  std::size_t at = 0;
  EmbedRecordings(paths, extractor, options.limits, options.keep_audio, *progress,
                  CatchInterrupts(), [&](Recording&& recording) {
                    waiting.push_back(std::move(recording));
                    if (waiting.size() < people[at].files.size()) return;
                    if (!enroller.Enroll(people[at].name, std::move(waiting)))
                      fail(people[at].name);
                    waiting.clear();
                    ++at;
                  });
  if (failed > 0)
    throw Error(ErrorCode::kUnusable,
                wanted == 1
                    ? "'" + Printable(first_failed) + "' was not enrolled: no usable utterance"
                    : Format("%zu of %zu people were not enrolled, the first is '%s'", failed,
                             wanted, Printable(first_failed).c_str()));
  return kExitDone;
}

}  // namespace

void AddEnrollCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  options->mic.seconds = 5;
  CLI::App* command = app.add_subcommand("enroll", "Learn somebody's voice");
  command
      ->add_option("arguments", options->arguments,
                   "The name and recordings of the voice; with --per-folder or --per-file a folder")
      ->type_name("NAME FILE...")
      ->required();
  CLI::Option* per_folder = command->add_flag("--per-folder", options->per_folder,
                                              "DIR/NAME/*: enroll every folder as a person");
  CLI::Option* per_file =
      command->add_flag("--per-file", options->per_file,
                        "DIR/NAME.wav: enroll every file as a person (NAME.wav and NAME.mp3: one)");
  per_folder->excludes(per_file);
  AddMicOptions(*command, options->mic);
  command->add_option("--note", options->note, "Anything worth knowing about the person")
      ->type_name("TEXT");
  command->add_flag("--force", options->force,
                    "Keep utterances that do not sound like the others, too");
  command->add_flag("--keep-audio", options->keep_audio,
                    "Keep the recordings in the store, for vpr speakers re-embed");
  command->add_flag("--encrypt", options->encrypt, "A new store is encrypted");
  AddQualityOptions(*command, options->limits);
  AddStoreOptions(*command, options->store);
  command->add_flag("--json", options->json, "One JSON object a person");
  AddNetworkOptions(*command, options->network);
  AddReadOptions(*command, options->network.engine.read, true);
  command->footer(
      "Three or more utterances of some seconds make the best voiceprint; more can be added any\n"
      "time with the same name. Only voiceprints are kept, no audio, unless --keep-audio. They "
      "are\n"
      "biometric data: the store is readable for its owner alone, --encrypt seals it.\n"
      "Example:\n"
      "  vpr enroll Ada monday.wav tuesday.mp3 call.ogg\n"
      "  vpr enroll 李达康 --mic --seconds 8\n"
      "  vpr enroll audio_db --per-file");
  command->callback([options, &context] {
    const bool folder = options->per_folder || options->per_file;
    if (folder && (options->arguments.size() != 1 || options->mic.wanted()))
      throw CLI::ValidationError("enroll", "give one folder with --per-folder or --per-file");
    const std::string& name = options->arguments[0];
    if (!folder && LooksLikeRecording(name))
      throw CLI::ValidationError("enroll", "NAME is missing: '" + name +
                                               "' is a recording; as in: vpr enroll Ada " + name);
    if (!folder && options->arguments.size() == 1 && !options->mic.wanted() &&
        fs::is_directory(name))
      throw CLI::ValidationError("enroll", "NAME is missing: '" + name +
                                               "' is a folder; --per-folder or --per-file enrolls "
                                               "everybody in it");
    if (!folder && options->mic.wanted() != (options->arguments.size() == 1))
      throw CLI::ValidationError("enroll", "give a name and recordings, or a name and --mic");
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
