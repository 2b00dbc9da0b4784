// vpr identify: who of the enrolled is speaking, if any of them is?
#include <poll.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>

#include "cli/command.h"
#include "cli/embedding_run.h"
#include "cli/read_options.h"
#include "cli/voices.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/mic/phrase_detector.h"
#include "vpr/print/outcomes.h"
#include "vpr/recognize/recognizer.h"

namespace vpr::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  IdentificationRequest request;
  bool live = false, json = false;
  std::string save;
  StoreArguments store;
  MicArguments mic;
  QualityLimits limits;
  NetworkOptions network;
};

// Takes in what other processes have changed since.
void TakeInChanges(const Options& options, Recognizer& recognizer, Progress& progress) {
  if (!recognizer.Refresh(progress)) return;
  spdlog::info("the store was changed: {} people are enrolled",
               recognizer.Basis(options.request, progress).enrolled);
}

void PrintOutcome(const Options& options, const IdentificationOutcome& outcome) {
  Print(options.json ? ToJson(outcome) : ToText(outcome));
}

void WarnOf(const Recording& recording) {
  if (!recording.failure.empty()) spdlog::warn("{}", recording.failure);
  for (const std::string& line : DoubtfulLines(recording.source, recording.warnings))
    spdlog::warn("{}", line);
}

int IdentifyFiles(const Options& options, const Context& context, Recognizer& recognizer) {
  std::size_t failed = 0;
  const auto progress = MakeConsoleProgress(context);
  EmbedRecordings(
      options.files, recognizer.extractor(), options.limits, false, *progress, CatchInterrupts(),
      [&](Recording&& recording) {
        if (!recording.failure.empty()) {
          ++failed;
          progress->Warn(recording.failure);
        }
        for (const std::string& line : DoubtfulLines(recording.source, recording.warnings))
          progress->Warn(line);
        PrintOutcome(options, recognizer.Identify(recording, options.request, *progress));
      });
  if (failed > 0)
    throw Error(ErrorCode::kUnusable,
                Format("%zu of %zu recordings could not be used", failed, options.files.size()));
  return kExitDone;
}

// A line on standard input; false at its end, or when stopped.
bool WaitForEnter(const StopRequested& stop) {
  bool any = false;
  while (!stop()) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, 200) < 1) continue;
    char c = 0;
    if (::read(STDIN_FILENO, &c, 1) != 1) return any;
    if (c == '\n') return true;
    any = true;
  }
  return false;
}

// As the tutorial does it: Enter, some seconds, an answer, again.
int IdentifyTakes(const Options& options, const Context& context, Recognizer& recognizer) {
  const bool terminal = options.mic.from != "-" && ::isatty(STDIN_FILENO) == 1;
  const StopRequested stop = CatchInterrupts();
  const auto progress = MakeConsoleProgress(context);
  for (int take = 1;; ++take) {
    if (terminal && !context.quiet)
      std::cerr << Format("Press Enter and speak for %.3g s (Ctrl-C ends) ", options.mic.seconds)
                << std::flush;
    // Where nobody can press Enter, one take is made at once; not where the sound comes that way.
    const bool more = options.mic.from != "-" && WaitForEnter(stop);
    if (stop() || (!more && (terminal || take > 1))) break;
    Recording recording;
    try {
      recording = ReadOneRecording("", options.mic, recognizer.extractor(), options.limits, false,
                                   *progress);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kInterrupted) break;
      if (error.code() != ErrorCode::kUnusable) throw;
      recording.source = "microphone";  // a muted one: an answer, and on
      recording.heard = true;
      recording.failure = error.what();
    }
    WarnOf(recording);
    TakeInChanges(options, recognizer, *progress);
    PrintOutcome(options, recognizer.Identify(recording, options.request, *progress));
    if (!more) break;
  }
  return kExitDone;
}

// A line on the terminal that shows the level and the best guess so far.
class Meter {
 public:
  explicit Meter(bool shown) : shown_(shown) {}
  ~Meter() { Hide(); }

  void Show(double level_db, const std::string& text) {
    const auto now = std::chrono::steady_clock::now();
    if (!shown_ || now - last_ < std::chrono::milliseconds(80)) return;
    last_ = now;
    const auto bars =
        static_cast<std::size_t>(std::clamp((level_db + 60) / 3, 0.0, 20.0));  // -60 .. 0 dB
    const std::string line = "[" + std::string(bars, '#') + std::string(20 - bars, ' ') + "] ";
    std::cerr << "\r" << ShortenForTerminal(line + Printable(text), TerminalWidth() - 1) << "\033[K"
              << std::flush;
  }
  void Hide() {
    if (shown_) std::cerr << "\r\033[K" << std::flush;
  }

 private:
  bool shown_;
  std::chrono::steady_clock::time_point last_{};
};

int IdentifyLive(const Options& options, const Context& context, Recognizer& recognizer) {
  const EmbeddingExtractor& extractor = recognizer.extractor();
  const auto progress = MakeConsoleProgress(context);
  using Clock = std::chrono::steady_clock;
  const StopRequested stop = CatchInterrupts();
  const std::unique_ptr<LiveAudio> audio = OpenMic(options.mic);
  if (!options.save.empty()) MakeFolders(options.save, 0700);
  spdlog::info("listening to '{}'; Ctrl-C ends", Printable(audio->name()));
  Meter meter(::isatty(STDERR_FILENO) == 1 && !context.quiet);
  PhraseDetector detector;
  std::size_t number = 0, guessed_at = 0, heard = 0;
  std::string guess;
  bool sound = false;
  auto answer = [&](const std::vector<float>& phrase) {
    const Clock::time_point start = Clock::now();
    Recording recording =
        EmbedRecording("phrase " + std::to_string(++number), phrase, extractor, options.limits);
    meter.Hide();
    guess.clear();
    guessed_at = 0;
    if (!recording.failure.empty()) {  // a door, a cough: no answer
      spdlog::info("{}", recording.failure);
      return;
    }
    TakeInChanges(options, recognizer, *progress);
    if (options.save.empty()) {
      recording.source = Format("phrase %zu", number);
    } else {
      recording.source =
          (std::filesystem::path(options.save) / Format("%s-%03zu.wav", UtcNow().c_str(), number))
              .string();
      WriteWav(recording.source, phrase, kSampleRate, 0600);
    }
    WarnOf(recording);
    const double milliseconds = 1000 * std::chrono::duration<double>(Clock::now() - start).count();
    IdentificationOutcome outcome = recognizer.Identify(recording, options.request, *progress);
    outcome.phrase = {static_cast<double>(heard) / kSampleRate, milliseconds};
    PrintOutcome(options, outcome);
  };
  std::vector<float> samples;
  bool more = true;
  while (more && !stop()) {
    samples.clear();
    more = audio->Read(samples, 100);
    heard += samples.size();
    for (float sample : samples) sound = sound || sample != 0;
    for (const std::vector<float>& phrase : detector.Accept(samples)) answer(phrase);
    if (!sound && heard >= 5 * kSampleRate)
      throw Error(ErrorCode::kUnusable,
                  "'" + Printable(audio->name()) +
                      "' delivers nothing but zeros; is the microphone muted?");
    // A running guess, a second of sound at a time.
    if (detector.in_phrase() && detector.current().size() >= guessed_at + kSampleRate) {
      guessed_at = detector.current().size();
      const Recording so_far =
          EmbedRecording("phrase", detector.current(), extractor, options.limits);
      if (so_far.failure.empty()) {
        const IdentificationOutcome found = recognizer.Identify(so_far, options.request, *progress);
        guess = (found.known() ? "" : "unknown, nearest ") + found.candidates[0].name +
                Format(" (%.2f)", found.candidates[0].score);
      }
    }
    meter.Show(detector.level(), detector.in_phrase() ? "speech " + guess : "");
  }
  if (const std::vector<float> rest = detector.Finish(); !rest.empty() && !stop()) answer(rest);
  meter.Hide();
  if (audio->lost() > 0)
    spdlog::warn("{} samples were lost: the machine is too busy", audio->lost());
  if (heard > 0 && !sound)
    throw Error(ErrorCode::kUnusable, "'" + Printable(audio->name()) +
                                          "' delivers nothing but zeros; is the microphone muted?");
  if (number == 0 && !stop()) spdlog::warn("no speech");
  return kExitDone;
}

int Run(const Options& options, const Context& context) {
  std::unique_ptr<VoiceStore> store = OpenStore(options.store);
  const std::string model = FindModel(options.network.model);
  Recognizer recognizer(EmbeddingExtractor::Open(model, options.network.engine), model,
                        std::move(store));
  recognizer.Basis(options.request, *MakeConsoleProgress(context));  // before anybody speaks
  if (options.live) return IdentifyLive(options, context, recognizer);
  if (options.mic.wanted()) return IdentifyTakes(options, context, recognizer);
  return IdentifyFiles(options, context, recognizer);
}

}  // namespace

void AddIdentifyCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("identify", "Who is speaking, if anybody enrolled?");
  command->add_option("recordings", options->files, "Audio files")->type_name("FILE...");
  AddMicOptions(*command, options->mic);
  command->add_flag("--live", options->live,
                    "With the microphone: listen on and answer after every phrase");
  command
      ->add_option("--save", options->save, "With --live: keep the phrases as WAV in this folder")
      ->type_name("DIR");
  command->add_option("--top", options->request.top, "Candidates to show")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1000000}))
      ->type_name("K")
      ->capture_default_str();
  CLI::Option* fpir = AddFpirOption(*command, options->request.fpir);
  command
      ->add_option("-t,--threshold", options->request.threshold,
                   "Known from this score on (default: found from the model's calibration, --fpir "
                   "and the number of enrolled people)")
      ->check(FiniteNumber())
      ->type_name("SCORE")
      ->excludes(fpir);
  AddQualityOptions(*command, options->limits);
  AddStoreOptions(*command, options->store);
  command->add_flag("--json", options->json, "One JSON object a line");
  AddNetworkOptions(*command, options->network);
  AddReadOptions(*command, options->network.engine.read, true);
  command->footer(
      "One line a recording, tabs between: file, name or \"unknown speaker\", score, threshold, "
      "the\n"
      "margin to the second best, and the next candidates.\n" +
      OperatingPointsHelp() +
      "Example:\n"
      "  vpr identify meeting.wav\n"
      "  vpr identify --mic                # Enter, 3 seconds, an answer, again\n"
      "  vpr identify --mic --live         # hands-free");
  command->callback([options, &context] {
    if (options->files.empty() != options->mic.wanted())
      throw CLI::ValidationError("identify", "give recordings or --mic");
    if (options->live && !options->mic.wanted())
      throw CLI::ValidationError("identify", "--live listens to --mic or --mic-from");
    if (!options->save.empty() && !options->live)
      throw CLI::ValidationError("identify", "--save keeps the phrases of --live");
    context.run = [options, &context] {
      options->files = AsAsked(options->files, options->network.engine.read);
      return Run(*options, context);
    };
  });
}

}  // namespace vpr::cli
