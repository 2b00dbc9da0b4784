// vpr degrade: a harder copy of the recordings of trial lists.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/command.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/audio/codec.h"
#include "vpr/audio/degrade.h"
#include "vpr/audio/folder.h"
#include "vpr/audio/speech.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/eval/trials.h"

namespace vpr::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> trials;
  std::string audio_root = ".", output, noise, rooms;
  double snr = 10, seconds = 0, top_db = 40;
  std::string codec;
  double compression = 0.7, clip = 0;
  bool telephone = false, json = false;
  std::uint64_t seed = 1;
};

constexpr std::uint64_t kDegradeStream = 51;

// "a/b.opus" -> "a/b.opus.wav": two names never become one.
std::string NewName(const std::string& name) { return name + ".wav"; }

std::vector<float> Degrade(std::vector<float> speech, const Options& options,
                           const std::vector<std::vector<float>>& noises,
                           const std::vector<std::vector<float>>& rooms, Rng& rng) {
  const auto wanted = static_cast<std::size_t>(options.seconds * kSampleRate);
  if (wanted > 0 && speech.size() > wanted) {
    const auto begin = static_cast<std::ptrdiff_t>(rng.Below(speech.size() - wanted + 1));
    speech = std::vector<float>(speech.begin() + begin,
                                speech.begin() + begin + static_cast<std::ptrdiff_t>(wanted));
  }
  if (!rooms.empty()) Convolve(speech, TrimResponse(rooms[rng.Below(rooms.size())]));
  if (!noises.empty()) {
    const std::vector<float>& noise = noises[rng.Below(noises.size())];
    // A random stretch; a shorter noise begins somewhere and goes round.
    const std::size_t starts =
        noise.size() > speech.size() ? noise.size() - speech.size() + 1 : noise.size();
    const std::size_t offset = rng.Below(starts);
    std::vector<float> stretch(speech.size());
    for (std::size_t i = 0; i < stretch.size(); ++i)
      stretch[i] = noise[(offset + i) % noise.size()];
    AddNoise(speech, stretch, options.snr);
  }
  if (options.clip > 0) Clip(speech, options.clip);
  if (!options.codec.empty()) PassCodec(speech, ParseCodec(options.codec), options.compression);
  if (options.telephone) NarrowBand(speech, 8000, true);
  float peak = 0;
  for (float sample : speech) peak = std::max(peak, std::abs(sample));
  if (peak > 0.99f) {
    for (float& sample : speech) sample *= 0.99f / peak;
  }
  return speech;
}

int Run(const Options& options, const Context& context) {
  std::set<std::string> unique;
  std::vector<std::pair<std::string, std::string>> lists;  // file name, new content
  for (const std::string& path : options.trials) {
    std::string content;
    for (const Trial& trial : ReadTrials(path)) {
      unique.insert({trial.enroll, trial.test});
      content += Format("%d\t%s\t%s", trial.target ? 1 : 0, NewName(trial.enroll).c_str(),
                        NewName(trial.test).c_str());
      content += trial.condition.empty() ? "\n" : "\t" + trial.condition + "\n";
    }
    lists.emplace_back(fs::path(path).filename().string(), std::move(content));
  }
  for (const std::string& name : unique) {
    for (const fs::path& part : fs::path(name)) {
      if (fs::path(name).is_absolute() || part == "..")
        throw Error(ErrorCode::kInvalidArgument,
                    "the name '" + Printable(name) + "' leads out of --audio-root");
    }
  }
  if (!options.codec.empty() && !CodecAvailable(ParseCodec(options.codec)))
    throw Error(ErrorCode::kInvalidArgument,
                "this build of libsndfile cannot write " + options.codec + "; use another --codec");
  const std::vector<std::string> names(unique.begin(), unique.end());
  std::vector<std::vector<float>> noises, rooms;
  const auto progress = MakeConsoleProgress(context);
  const StopRequested stop = CatchInterrupts();
  if (!options.noise.empty()) noises = ReadSounds(options.noise, "noises", *progress, stop);
  if (!options.rooms.empty()) rooms = ReadSounds(options.rooms, "rooms", *progress, stop);
  SpeechOptions speech_options;
  speech_options.trim_top_db = options.top_db;

  std::vector<std::string> failures(names.size());
  progress->Start("degrading", "file", names.size());
  const int threads = HardwareThreads();
  const std::size_t done = OrderedParallelFor(
      names.size(), threads, 4 * static_cast<std::size_t>(threads),
      [&](std::size_t i) {
        std::vector<float> speech;
        try {
          speech = ReadSpeech((fs::path(options.audio_root) / names[i]).string(), speech_options)
                       .samples;
        } catch (const Error& error) {
          if (error.code() == ErrorCode::kInternal) throw;
          failures[i] = error.what();
          return;
        }
        Rng rng(options.seed, kDegradeStream, i);
        const fs::path target = fs::path(options.output) / NewName(names[i]);
        MakeFolders(target.parent_path().string());
        WriteWav(target.string(), Degrade(std::move(speech), options, noises, rooms, rng),
                 kSampleRate);
      },
      [&](std::size_t i) {
        if (!failures[i].empty()) progress->Warn(failures[i]);
        progress->Update(i + 1);
      },
      stop);
  progress->Finish();
  if (done < names.size())
    throw Error(ErrorCode::kInterrupted,
                Format("stopped after %zu of %zu files", done, names.size()));
  const auto bad = static_cast<std::size_t>(std::count_if(
      failures.begin(), failures.end(), [](const std::string& one) { return !one.empty(); }));
  if (bad == names.size())
    throw Error(ErrorCode::kUnusable, "no file of the trials can be used (is --audio-root right?)");
  for (const auto& [name, content] : lists)
    WriteFileAtomically((fs::path(options.output) / name).string(), content);
  if (options.json) {
    nlohmann::ordered_json json = {{"output", options.output},
                                   {"files", names.size() - bad},
                                   {"failed", nlohmann::ordered_json::array()}};
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!failures[i].empty())
        json["failed"].push_back({{"file", names[i]}, {"reason", failures[i]}});
    }
    PrintJson(json);
    return kExitDone;
  }
  Print(Format("%s: %zu files%s\n", Printable(options.output).c_str(), names.size() - bad,
               bad == 0 ? "" : Format(", %zu could not be used", bad).c_str()));
  return kExitDone;
}

}  // namespace

void AddDegradeCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "degrade", "A harder copy of trial lists: noise, rooms, codecs, telephone, short cuts");
  command->add_option("--trials", options->trials, "Lists as vpr eval reads them")
      ->type_name("LIST")
      ->required();
  command->add_option("--audio-root", options->audio_root, "The folder the lists' names are below")
      ->type_name("DIR")
      ->capture_default_str();
  command
      ->add_option("-o,--output", options->output,
                   "The folder for the recordings (16 kHz WAV) and the lists with their new names")
      ->type_name("DIR")
      ->required();
  command
      ->add_option("--noise", options->noise,
                   "Add noise to each: a random stretch of a random recording below this folder")
      ->type_name("DIR");
  command->add_option("--snr", options->snr, "Ratio of the powers of speech and noise, in dB")
      ->capture_default_str()
      ->type_name("DB");
  command
      ->add_option("--rooms", options->rooms,
                   "Put each into a room: a random impulse response below this folder")
      ->type_name("DIR");
  command
      ->add_option("--clip", options->clip,
                   "Cut peaks off at this share of the loudest sample, as an overdriven input does")
      ->check(CLI::Range(0.001, 1.0))
      ->type_name("SHARE");
  command->add_option("--codec", options->codec, "Encode and decode: gsm, opus, vorbis or mp3")
      ->type_name("NAME");
  command
      ->add_option("--compression", options->compression,
                   "Of the codec: 0, its highest bit rate, to 1, its lowest")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_flag("--telephone", options->telephone, "Through 8 kHz and 8-bit mu-law");
  command
      ->add_option("--seconds", options->seconds,
                   "Cut a random stretch of so many seconds out of the speech")
      ->check(CLI::PositiveNumber)
      ->type_name("S");
  command->add_option("--seed", options->seed, "Another seed, other noises and stretches")
      ->capture_default_str();
  command->add_flag("--json", options->json, "The result as JSON, failed files included");
  command->footer(
      "Silence is cut first (40 dB below the loudest moment), so that the ratio is that during\n"
      "speech. Both sides of every trial are degraded.\n"
      "Example:\n"
      "  vpr degrade --trials my.trials --audio-root recordings --noise noises --snr 10 -o noisy\n"
      "  vpr eval --trials noisy/my.trials --audio-root noisy");
  command->callback([options, &context] {
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
