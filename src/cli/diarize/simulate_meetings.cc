// vpr simulate-meetings: meetings made of single speakers' recordings, and who speaks when.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/diarize/diarize.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/audio/folder.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/diarize/simulate.h"

namespace vpr::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string pack, output, noise, rooms;
  std::size_t meetings = 1;
  double minutes = 10;
  MeetingOptions meeting;
  bool json = false;
};

int Run(const Options& given, const Context& context) {
  MeetingOptions options = given.meeting;
  options.seconds = 60 * given.minutes;
  const PackedDataset set(given.pack);
  MakeFolders(given.output);
  const auto progress = MakeConsoleProgress(context);
  const StopRequested stop = CatchInterrupts();
  if (!given.noise.empty()) options.noises = ReadSounds(given.noise, "noises", *progress, stop);
  if (!given.rooms.empty()) options.rooms = ReadSounds(given.rooms, "rooms", *progress, stop);
  progress->Start("simulating", "meeting", given.meetings);
  for (std::size_t k = 0; k < given.meetings; ++k) {
    if (stop()) throw Error(ErrorCode::kInterrupted, "stopped; the meetings before are whole");
    const SimulatedMeeting meeting = SimulateMeeting(set, options, k);
    std::set<std::string> people;
    for (const Turn& turn : meeting.turns) people.insert(turn.speaker);
    std::string names;
    for (const std::string& one : people) names += RttmField(one) + "\n";
    for (std::size_t m = 0; m < meeting.microphones.size(); ++m) {
      std::string name = Format("meeting-%03zu", k + 1);
      if (meeting.microphones.size() > 1) name += Format("-mic-%zu", m + 1);
      const std::string base = (fs::path(given.output) / name).string();
      WriteWav(base + ".wav", meeting.microphones[m], kSampleRate);
      WriteFileAtomically(base + ".people", names);
      // The truth last: where it is, the recording is whole.
      WriteFileAtomically(base + ".rttm", ToRttm({name, meeting.turns}));
      if (given.json)
        PrintJson({{"file", base + ".wav"},
                   {"rttm", base + ".rttm"},
                   {"people", people},
                   {"turns", meeting.turns.size()}});
      else
        Print(Format("%s\t%zu people\t%zu turns\n", Printable(base + ".wav").c_str(), people.size(),
                     meeting.turns.size()));
    }
    progress->Update(k + 1);
  }
  progress->Finish();
  return kExitDone;
}

}  // namespace

void AddSimulateMeetingsCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("simulate-meetings",
                                         "Meetings made of your speakers, and who speaks when");
  command->add_option("PACK", options->pack, "A packed data set of speech (vpr pack)")->required();
  command->add_option("-o,--output", options->output, "Folder for meeting-001.wav, .rttm, .people")
      ->required()
      ->type_name("DIR");
  command->add_option("--meetings", options->meetings, "How many")
      ->check(CLI::Range(std::size_t{1}, std::size_t{100000}))
      ->capture_default_str();
  command->add_option("--speakers", options->meeting.speakers, "People in each")
      ->check(CLI::Range(std::size_t{1}, std::size_t{100}))
      ->capture_default_str();
  command
      ->add_option("--overlap", options->meeting.overlap,
                   "Share of the speech time at which two speak")
      ->check(CLI::Range(0.0, 0.5))
      ->capture_default_str();
  command->add_option("--minutes", options->minutes, "Length of each")
      ->check(CLI::Range(0.1, 120.0))
      ->capture_default_str();
  command
      ->add_option("--microphones", options->meeting.microphones,
                   "Recordings of each meeting, with other rooms and noise")
      ->check(CLI::Range(std::size_t{1}, std::size_t{16}))
      ->capture_default_str();
  command->add_option("--rooms", options->rooms, "Folder of impulse responses, one for each person")
      ->type_name("DIR");
  command->add_option("--noise", options->noise, "Folder of noises, one for each recording")
      ->type_name("DIR");
  command->add_option("--snr", options->meeting.snr_db, "Of speech to noise, dB")
      ->check(CLI::Range(-20.0, 60.0))
      ->capture_default_str();
  command->add_option("--seed", options->meeting.seed, "The same seed gives the same meetings")
      ->capture_default_str();
  command->add_flag("--json", options->json, "One JSON object a recording");
  command->footer(
      "Example:\n"
      "  vpr simulate-meetings data/mine-dev -o meetings --speakers 4 --overlap 0.1 --minutes 5\n"
      "  vpr diarize meetings/meeting-001.wav -o found.rttm\n"
      "  vpr der meetings/meeting-001.rttm found.rttm");
  command->callback([options, &context] {
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
