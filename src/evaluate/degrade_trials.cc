#include "vpr/evaluate/degrade_trials.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "vpr/audio/codec.h"
#include "vpr/audio/degrade.h"
#include "vpr/audio/folder.h"
#include "vpr/audio/speech.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/eval/trials.h"

namespace vpr {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kDegradeStream = 51;

// "a/b.opus" -> "a/b.opus.wav": two names never become one.
std::string NewName(const std::string& name) { return name + ".wav"; }

std::vector<float> Degrade(std::vector<float> speech, const DegradeOptions& options,
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

}  // namespace

DegradedTrials DegradeTrials(const DegradeOptions& options, Progress& progress,
                             const StopRequested& stop) {
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
  if (!options.noise.empty()) noises = ReadSounds(options.noise, "noises", progress, stop);
  if (!options.rooms.empty()) rooms = ReadSounds(options.rooms, "rooms", progress, stop);
  SpeechOptions speech_options;
  speech_options.trim_top_db = options.top_db;

  std::vector<std::string> failures(names.size());
  progress.Start("degrading", "file", names.size());
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
        if (!failures[i].empty()) progress.Warn(failures[i]);
        progress.Update(i + 1);
      },
      stop);
  progress.Finish();
  if (done < names.size())
    throw Error(ErrorCode::kInterrupted,
                Format("stopped after %zu of %zu files", done, names.size()));
  DegradedTrials degraded;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (!failures[i].empty()) degraded.failed.emplace_back(names[i], failures[i]);
  degraded.files = names.size() - degraded.failed.size();
  if (degraded.files == 0)
    throw Error(ErrorCode::kUnusable, "no file of the trials can be used (is --audio-root right?)");
  for (const auto& [name, content] : lists)
    WriteFileAtomically((fs::path(options.output) / name).string(), content);
  return degraded;
}

}  // namespace vpr
