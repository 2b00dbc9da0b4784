// vpr diarize: who speaks when, by name.
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/diarize/diarize.h"
#include "cli/embedding_run.h"
#include "cli/read_options.h"
#include "cli/voices.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/diarize/turn_formats.h"
#include "vpr/identify/strangers.h"

namespace vpr::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Options {
  std::vector<std::string> files;
  std::string output, cut;
  std::size_t speakers = 0;
  DiarizerOptions diarizer;
  double fpir = 0.05;
  bool json = false;
  StoreArguments store;
  NetworkOptions network;
};

// RTTM's name of a recording: the file's, without its ending.
std::string RecordingName(const std::string& path) {
  return path == "-" ? "stdin" : fs::path(path).stem().string();
}

Json ToJson(const Diarization& found, const NamingOptions& naming) {
  auto number = [](double value) { return std::isnan(value) ? Json(nullptr) : Json(value); };
  const bool named = naming.gallery != nullptr;
  Json json = {{"file", found.source},
               {"seconds", found.seconds},
               {"speech_seconds", found.speech_seconds},
               {"enrolled", named ? naming.gallery->size() : 0},
               {"threshold", named ? number(naming.threshold) : Json(nullptr)},
               {"speakers", Json::array()},
               {"turns", Json::array()}};
  for (const DiarizedSpeaker& one : found.speakers)
    json["speakers"].push_back(
        {{"speaker", one.label},
         {"known", one.known},
         {"seconds", one.seconds},
         {"nearest", one.nearest.empty() ? Json(nullptr) : Json(one.nearest)},
         {"score", number(one.score)},
         {"llr", number(one.llr)}});
  for (const Diarization::Stretch& turn : found.turns) {
    const DiarizedSpeaker& one = found.speakers[turn.speaker];
    json["turns"].push_back({{"begin", turn.begin},
                             {"end", turn.end},
                             {"speaker", one.label},
                             {"known", one.known},
                             {"score", number(one.score)},
                             {"llr", number(one.llr)}});
  }
  return json;
}

TurnFormat FormatOf(const std::string& path) {
  std::string ending = fs::path(path).extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (ending == ".rttm") return TurnFormat::kRttm;
  if (ending == ".srt") return TurnFormat::kSrt;
  if (ending == ".vtt") return TurnFormat::kVtt;
  if (ending == ".labels") return TurnFormat::kLabels;
  return TurnFormat::kText;
}

// One file a speaker: "RECORDING speaker 1.wav", all that they say.
void Cut(const Diarization& found, const ReadOptions& read, const std::string& folder) {
  MakeFolders(folder);
  std::vector<TimeSpan> intervals;
  for (const Diarization::Stretch& turn : found.turns) intervals.push_back({turn.begin, turn.end});
  std::vector<std::vector<float>> speech(found.speakers.size());
  ForEachCut(found.source, read, intervals, [&](std::size_t turn, std::span<const float> samples) {
    std::vector<float>& of = speech[found.turns[turn].speaker];
    of.insert(of.end(), samples.begin(), samples.end());
  });
  for (std::size_t s = 0; s < speech.size(); ++s) {
    std::string name = RecordingName(found.source) + " " + found.speakers[s].label + ".wav";
    std::replace(name.begin(), name.end(), '/', '_');
    WriteWav((fs::path(folder) / name).string(), speech[s], kSampleRate, 0600);
  }
}

int Run(const Options& given, const Context& context) {
  Options options = given;
  if (options.speakers > 0) options.diarizer.fewest = options.diarizer.most = options.speakers;
  const EmbeddingExtractor extractor =
      EmbeddingExtractor::Open(FindModel(options.network.model), options.network.engine);
  options.diarizer.threads =
      extractor.options().threads > 0 ? extractor.options().threads : HardwareThreads();
  const auto progress = MakeConsoleProgress(context);

  std::unique_ptr<VoiceStore> store;
  std::optional<LoadedGallery> loaded;
  NamingOptions naming;
  try {
    store = OpenStore(options.store);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound || !options.store.db.empty()) throw;
    spdlog::info("nobody is enrolled: speakers are numbered");
  }
  if (store) {
    loaded.emplace(LoadGallery(*store, extractor.scorer(), extractor.info(), *progress));
    if (!loaded->other_network.empty())
      spdlog::warn(
          "{} of the enrolled people were enrolled with another model and cannot be found; run vpr "
          "speakers re-embed",
          loaded->other_network.size());
    if (loaded->gallery.size() > 0) {
      naming.gallery = &loaded->gallery;
      naming.threshold =
          FindOpenSetThreshold(extractor.info(), options.fpir, loaded->gallery.size()).threshold +
          FindStrangerShift(loaded->gallery, extractor.scorer()).shift;
    }
  }

  const StopRequested stop = CatchInterrupts();
  progress->Start("listening", "file", options.files.size());
  PartialProgress partial(*progress, stop, 1);
  std::size_t failed = 0;
  std::string all;
  const bool to_file = !options.output.empty();
  const bool json = options.json || fs::path(options.output).extension() == ".json";
  for (std::size_t k = 0; k < options.files.size(); ++k) {
    const std::string& file = options.files[k];
    try {
      const Diarization found = Diarize(file, extractor, options.diarizer, naming,
                                        [&](double share) { partial.Update(0, share); });
      if (found.turns.empty()) progress->Warn("'" + Printable(file) + "': nobody speaks in it");
      if (!options.cut.empty()) Cut(found, extractor.options().read, options.cut);
      std::string text = json ? ToLine(ToJson(found, naming)) + (to_file ? "\n" : "")
                              : WriteTurns(found, RecordingName(file), FormatOf(options.output));
      if (!json && !to_file && options.files.size() > 1)
        text = Printable(file) + "\n" + text + (k + 1 < options.files.size() ? "\n" : "");
      if (to_file)
        all += text;
      else
        Print(text);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kInterrupted || error.code() == ErrorCode::kInternal ||
          options.files.size() == 1)
        throw;
      progress->Warn(error.what());
      ++failed;
    }
    partial.Done(0);
    progress->Update(k + 1);
  }
  progress->Finish();
  if (to_file) WriteFileAtomically(options.output, all);
  if (failed > 0)
    throw Error(ErrorCode::kUnusable,
                Format("%zu of %zu recordings could not be used", failed, options.files.size()));
  return kExitDone;
}

}  // namespace

void AddDiarizeCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("diarize", "Who speaks when, by name");
  command->add_option("recordings", options->files, "Audio files, of any length")
      ->required()
      ->type_name("FILE...");
  command
      ->add_option("-o,--output", options->output,
                   "By its ending: .rttm, .json, .srt, .vtt, .labels (Audacity), else text")
      ->type_name("OUT");
  command->add_option("--cut", options->cut, "Also write what each says as WAV into this folder")
      ->type_name("DIR");
  CLI::Option* speakers = command->add_option("--speakers", options->speakers, "How many there are")
                              ->check(CLI::Range(std::size_t{1}, std::size_t{1000}));
  command->add_option("--min", options->diarizer.fewest, "At least so many")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1000}))
      ->excludes(speakers);
  command->add_option("--max", options->diarizer.most, "At most so many")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1000}))
      ->excludes(speakers);
  command
      ->add_option("--join-from", options->diarizer.threshold,
                   "Two groups of speech are one speaker from this mean score on")
      ->check(FiniteNumber())
      ->type_name("SCORE");
  AddFpirOption(*command, options->fpir);
  command->add_flag("--json", options->json, "One JSON object a recording");
  AddStoreOptions(*command, options->store);
  AddNetworkOptions(*command, options->network);
  AddReadOptions(*command, options->network.engine.read);
  command->footer(
      "Each speaker found is named by vpr identify's threshold, on all that they say; strangers "
      "are\n"
      "\"speaker 1\", \"speaker 2\", ... Where two speak at once, one of them is found.\n"
      "Example:\n"
      "  vpr diarize meeting.wav\n"
      "  vpr diarize meeting.wav -o meeting.srt --speakers 3\n"
      "  vpr diarize meeting.wav --cut voices && vpr enroll Ada 'voices/meeting speaker 2.wav'");
  command->callback([options, &context] {
    if (options->diarizer.fewest > options->diarizer.most)
      throw CLI::ValidationError("diarize", "--min is more than --max");
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
