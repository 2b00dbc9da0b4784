// vpr enroll: learn a voice.
#include <filesystem>

#include "cli/command.h"
#include "options/meeting_options.h"
#include "options/network_options.h"
#include "options/read_options.h"
#include "options/store_options.h"
#include "options/time_to_keep.h"
#include "vpr/print/outcomes.h"

namespace vpr::cli {
namespace {

struct Options {
  std::vector<std::string> arguments;
  bool per_folder = false, per_file = false, encrypt = false, json = false;
  std::string from, speaker, forget_after;
  MeetingRequest meeting;
  EnrollmentPolicy policy;
  StoreArguments store;
  MicrophoneRequest mic;
  QualityLimits limits;
  NetworkOptions network;
};

std::vector<PersonFiles> PeopleOf(const Options& options, Progress& progress) {
  const std::vector<std::string>& given = options.arguments;
  if (options.per_folder || options.per_file)
    return FindPeople(given[0], options.per_folder ? PeopleLayout::kFolders : PeopleLayout::kFiles,
                      progress);
  return {{given[0], {given.begin() + 1, given.end()}}};
}

int Run(const Options& given, const Context& context) {
  Options options = given;
  if (!options.forget_after.empty()) options.policy.forget_at = ForgetAfter(options.forget_after);
  const auto progress = MakeConsoleProgress(context);
  std::vector<PersonFiles> found = PeopleOf(options, *progress);
  for (PersonFiles& person : found)
    person.files = AsAsked(person.files, options.network.engine.read);
  const NamedPeople people = CheckNames(std::move(found));
  const OnEnrolled tell = TellEnrollments(options.json, *progress);
  for (const EnrollmentOutcome& refused : people.refused) tell(refused);
  Recognizer recognizer = OpenRecognizer(options.network.model, options.network.engine, [&] {
    return OpenStore(options.store, true, options.encrypt);
  });
  recognizer.Load(*progress);
  const bool keep = options.policy.keep_audio;
  const StopRequested stop = CatchInterrupts();
  if (options.mic.wanted()) {
    EnrollRecording(recognizer, people.people[0].name,
                    ReadOrRecord("", options.mic, recognizer.extractor(), options.limits, keep,
                                 *progress, stop),
                    options.policy, *progress, tell);
  } else if (!options.from.empty()) {
    EnrollRecording(recognizer, people.people[0].name,
                    MeetingListener(recognizer, options.meeting, *progress)
                        .RecordingOf(options.from, options.speaker, options.limits, keep, stop),
                    options.policy, *progress, tell);
  } else {
    EnrollPeople(recognizer, people, options.limits, options.policy, *progress, stop, tell);
  }
  return kExitDone;
}

void Complete(Options& options) {
  auto need = [](bool right, const std::string& message) {
    if (!right) throw CLI::ValidationError("enroll", message);
  };
  const bool folder = options.per_folder || options.per_file;
  const bool mic = options.mic.wanted(), alone = options.arguments.size() == 1;
  const std::string& name = options.arguments[0];
  need(!folder || (alone && !mic), "give one folder with --per-folder or --per-file");
  need(folder || !LooksLikeRecording(name),
       "NAME is missing: '" + name + "' is a recording; as in: vpr enroll Ada " + name);
  need(folder || !alone || mic || !options.from.empty() || !std::filesystem::is_directory(name),
       "NAME is missing: '" + name +
           "' is a folder; --per-folder or --per-file enrolls everybody in it");
  need(!mic || options.from.empty(), "give --mic or --from, not both");
  need(folder || (mic || !options.from.empty()) == alone,
       "give a name and recordings, a name and --mic, or a name and --from");
}

}  // namespace

void AddEnrollCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  options->mic.seconds = 5;
  const Declare add =
      AddCommand(app, context, "enroll", "Learn somebody's voice", options, Run, Complete);
  add.Required("arguments", options->arguments, "NAME FILE...",
               "The name and recordings of the voice; with --per-folder or --per-file a folder");
  CLI::Option* per_folder =
      add.Flag("--per-folder", options->per_folder, "DIR/NAME/*: enroll every folder as a person");
  CLI::Option* per_file =
      add.Flag("--per-file", options->per_file,
               "DIR/NAME.wav: enroll every file as a person (NAME.wav and NAME.mp3: one)");
  per_folder->excludes(per_file);
  AddMicOptions(add, options->mic);
  CLI::Option* from = add("--from", options->from, "MEETING",
                          "A recording of several people: enrolls one of them, as vpr diarize "
                          "finds them with the same options");
  from->excludes(per_folder, per_file);
  CLI::Option* speaker =
      add("--speaker", options->speaker, "LABEL", "Which one: \"speaker 2\", or a name");
  from->needs(speaker->needs(from));
  AddMeetingOptions(add, options->meeting);
  add("--note", options->policy.note, "TEXT", "Anything worth knowing about the person");
  add("--consent", options->policy.consent, "TEXT",
      "What the person has agreed to; kept with the time, and shown");
  add("--forget-after", options->forget_after, "TIME",
      "Forget the voice so long after this enrollment: 90d (s, min, h, d, w, y), or never; "
      "ungiven: as it was, at first never",
      TimeToKeep());
  add.Flag("--force", options->policy.force,
           "Keep utterances that do not sound like the others, or have several voices, too");
  add.Flag("--keep-audio", options->policy.keep_audio,
           "Keep the recordings in the store, for vpr speakers re-embed");
  add.Flag("--encrypt", options->encrypt, "A new store is encrypted");
  AddQualityOptions(add.command, options->limits);
  AddStoreOptions(add.command, options->store);
  add.Flag("--json", options->json, "One JSON object a person");
  AddNetworkOptions(add.command, options->network);
  AddReadOptions(add.command, options->network.engine.read, true);
}

}  // namespace vpr::cli
