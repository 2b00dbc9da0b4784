// vpr simulate-meetings: meetings made of single speakers' recordings, and who speaks when.
#include "cli/command.h"
#include "vpr/audio/folder.h"
#include "vpr/base/file_io.h"
#include "vpr/print/simulated_meeting.h"

namespace vpr::cli {
namespace {

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
  WriteMeetings(
      set, options, given.meetings, given.output, *progress, stop,
      [&](const WrittenMeeting& meeting) { Print(given.json ? ToJson(meeting) : ToRow(meeting)); });
  return kExitDone;
}

}  // namespace

void AddSimulateMeetingsCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  MeetingOptions& meeting = options->meeting;
  const Declare add =
      AddCommand(app, context, "simulate-meetings",
                 "Meetings made of your speakers, and who speaks when", options, Run);
  const auto count = [](std::size_t most) { return CLI::Range(std::size_t{1}, most); };
  add.Required("PACK", options->pack, "", "A packed data set of speech (vpr pack)");
  add.Required("-o,--output", options->output, "DIR", "Folder for meeting-001.wav, .rttm, .people");
  add.Default("--meetings", options->meetings, "", "How many", count(100000));
  add.Default("--speakers", meeting.speakers, "", "People in each", count(100));
  add.Default("--overlap", meeting.overlap, "", "Share of the speech time at which two speak",
              CLI::Range(0.0, 0.5));
  add.Default("--minutes", options->minutes, "", "Length of each", CLI::Range(0.1, 120.0));
  add.Default("--microphones", meeting.microphones, "",
              "Recordings of each meeting, with other rooms and noise", count(16));
  add("--rooms", options->rooms, "DIR", "Folder of impulse responses, one for each person");
  add("--noise", options->noise, "DIR", "Folder of noises, one for each recording");
  add.Default("--snr", meeting.snr_db, "", "Of speech to noise, dB", CLI::Range(-20.0, 60.0));
  add.Default("--seed", meeting.seed, "", "The same seed gives the same meetings");
  add.Flag("--json", options->json, "One JSON object a recording");
}

}  // namespace vpr::cli
