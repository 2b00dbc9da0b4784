// vpr diarize: who speaks when, by name.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <filesystem>

#include "cli/diarize/diarize.h"
#include "cli/diarize/meeting_options.h"
#include "cli/embedding_run.h"
#include "cli/read_options.h"
#include "cli/voices.h"
#include "vpr/audio/speech_detector.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/diarize/turn_formats.h"
#include "vpr/plot/plot.h"
#include "vpr/print/meeting.h"

namespace vpr::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> files;
  std::string output, cut, plot;
  MeetingArguments meeting;
  bool json = false;
  StoreArguments store;
  NetworkOptions network;
};

// RTTM's name of a recording: the file's, without its ending.
std::string RecordingName(const std::string& path) {
  return path == "-" ? "stdin" : fs::path(path).stem().string();
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

std::string Timeline(const Diarization& found) {
  std::vector<Lane> lanes;
  for (const DiarizedSpeaker& one : found.speakers) lanes.push_back({one.label, {}});
  for (const Diarization::Stretch& turn : found.turns)
    lanes[turn.speaker].turns.emplace_back(turn.begin, turn.end);
  return PlotTimeline(FileName(found.source), lanes, found.seconds);
}

int Run(const Options& options, const Context& context) {
  const std::string model = FindModel(options.network.model);
  EmbeddingExtractor opened = EmbeddingExtractor::Open(model, options.network.engine);
  const auto progress = MakeConsoleProgress(context);
  std::unique_ptr<VoiceStore> store = OpenStoreIfThere(options.store);
  const bool has_store = store != nullptr;
  Recognizer recognizer(std::move(opened), model, std::move(store));
  const EmbeddingExtractor& extractor = recognizer.extractor();
  const DiarizerOptions diarizer = OptionsOf(options.meeting, extractor);
  const Naming naming = FindNaming(recognizer, options.meeting, has_store, *progress);

  const StopRequested stop = CatchInterrupts();
  SpeechDetector::DefaultNetwork();  // without it no file can be used: said before the first
  progress->Start("listening", "file", options.files.size());
  PartialProgress partial(*progress, stop, 1);
  std::size_t failed = 0;
  std::string all;
  const bool to_file = !options.output.empty();
  const bool json = options.json || fs::path(options.output).extension() == ".json";
  for (std::size_t k = 0; k < options.files.size(); ++k) {
    const std::string& file = options.files[k];
    try {
      const Diarization found = DiarizeByName(recognizer, file, diarizer, naming.request, *progress,
                                              [&](double share) { partial.Update(0, share); });
      if (found.turns.empty()) progress->Warn("'" + Printable(file) + "': nobody speaks in it");
      if (!options.plot.empty()) WriteFileAtomically(options.plot, Timeline(found));
      if (!options.cut.empty()) Cut(found, extractor.options().read, options.cut);
      std::string text = json ? ToJson(found, naming.basis)
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
  command->add_option("--plot", options->plot, "Also draw who speaks when, of one recording")
      ->type_name("PICTURE.png")
      ->check(FileEnding({".png"}));
  AddMeetingOptions(*command, options->meeting);
  command->add_flag("--json", options->json, "One JSON object a recording");
  AddStoreOptions(*command, options->store);
  AddNetworkOptions(*command, options->network);
  AddReadOptions(*command, options->network.engine.read);
  command->footer(
      "Each speaker found is identified by all that they say, so that of strangers' voices at "
      "most\n"
      "--fpir (5 % unless given) get a name; they are \"speaker 1\", \"speaker 2\", ... Where two\n"
      "speak at once, one of them is found.\n"
      "Example:\n"
      "  vpr diarize meeting.wav\n"
      "  vpr diarize meeting.wav -o meeting.srt --speakers 3\n"
      "  vpr enroll --from meeting.wav --speaker 'speaker 2' Ada");
  command->callback([options, &context] {
    if (options->meeting.diarizer.fewest > options->meeting.diarizer.most)
      throw CLI::ValidationError("diarize", "--min is more than --max");
    if (!options->plot.empty() && options->files.size() > 1)
      throw CLI::ValidationError("diarize", "--plot is for one recording");
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
