// vpr enroll: learn a voice.
#include <CLI/CLI.hpp>
#include <filesystem>

#include "cli/command.h"
#include "cli/diarize/meeting_options.h"
#include "cli/embedding_run.h"
#include "cli/read_options.h"
#include "cli/voices.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/base/unicode.h"
#include "vpr/print/outcomes.h"
#include "vpr/recognize/people.h"
#include "vpr/recognize/recognizer.h"

namespace vpr::cli {
namespace {

struct Options {
  std::vector<std::string> arguments;
  bool per_folder = false, per_file = false, encrypt = false, json = false;
  std::string from, speaker, forget_after;
  MeetingArguments meeting;
  EnrollmentPolicy policy;
  StoreArguments store;
  MicArguments mic;
  QualityLimits limits;
  NetworkOptions network;
};

std::vector<PersonFiles> PeopleOf(const Options& options, Progress& progress) {
  if (options.per_folder || options.per_file) {
    LeftOut left_out;
    std::vector<PersonFiles> people =
        FindPeople(options.arguments[0],
                   options.per_folder ? PeopleLayout::kFolders : PeopleLayout::kFiles, &left_out);
    WarnOfLeftOut(options.arguments[0], left_out, progress);
    return people;
  }
  return {{options.arguments[0], {options.arguments.begin() + 1, options.arguments.end()}}};
}

// Enrolls and says so; false if there was nothing to enroll.
bool Enroll(const Options& options, Recognizer& recognizer, const std::string& name,
            std::vector<Recording> recordings, Progress& progress) {
  const EnrollmentOutcome outcome =
      recognizer.Enroll(name, std::move(recordings), options.policy, progress);
  for (const std::string& line : Warnings(outcome)) progress.Warn(line);
  if (const std::string said = options.json ? ToJson(outcome) : ToText(outcome); !said.empty())
    Print(said);
  return outcome.done();
}

// All that one of those says who speak in a meeting.
Recording FromMeeting(const Options& options, Recognizer& recognizer, Progress& progress) {
  const EmbeddingExtractor& extractor = recognizer.extractor();
  const DiarizerOptions diarizer = OptionsOf(options.meeting, extractor);
  const Naming naming = FindNaming(recognizer, options.meeting, true, progress);
  const StopRequested stop = CatchInterrupts();
  progress.Start("listening", "file", 1);
  PartialProgress partial(progress, stop, 1);
  const Diarization found =
      DiarizeByName(recognizer, options.from, diarizer, naming.request, progress,
                    [&](double share) { partial.Update(0, share); });
  progress.Finish();
  return EmbedRecording(options.from + " (" + options.speaker + ")",
                        SpeechOf(found, options.speaker, extractor.options().read), extractor,
                        options.limits, options.policy.keep_audio);
}

int Run(const Options& given, const Context& context) {
  Options options = given;
  if (!options.forget_after.empty()) options.policy.forget_at = ForgetAfter(options.forget_after);
  const auto progress = MakeConsoleProgress(context);
  std::vector<PersonFiles> people = PeopleOf(options, *progress);
  for (PersonFiles& person : people)
    person.files = AsAsked(person.files, options.network.engine.read);
  std::size_t failed = 0;
  std::string first_failed;
  auto fail = [&](const std::string& name) {
    ++failed;
    if (first_failed.empty()) first_failed = name;
  };
  const std::size_t wanted = people.size();
  for (PersonFiles& person : people) person.name = NormalName(person.name);
  std::erase_if(people, [&](const PersonFiles& person) {
    try {
      CheckSpeakerName(person.name);
      return false;
    } catch (const Error& error) {
      if (wanted == 1) throw;
      progress->Warn(error.what());
      fail(person.name);
      if (options.json) {
        EnrollmentOutcome outcome;
        outcome.name = person.name;
        outcome.failure = error.what();
        Print(ToJson(outcome));
      }
      return true;
    }
  });
  const std::string model = FindModel(options.network.model);
  EmbeddingExtractor opened = EmbeddingExtractor::Open(model, options.network.engine);
  Recognizer recognizer(std::move(opened), model, OpenStore(options.store, true, options.encrypt));
  recognizer.Load(*progress);
  const EmbeddingExtractor& extractor = recognizer.extractor();
  if (options.mic.wanted()) {
    std::vector<Recording> one;
    one.push_back(ReadOneRecording("", options.mic, extractor, options.limits,
                                   options.policy.keep_audio, *progress));
    if (!Enroll(options, recognizer, people[0].name, std::move(one), *progress))
      throw Error(ErrorCode::kUnusable, "'" + Printable(people[0].name) + "' was not enrolled");
    return kExitDone;
  }
  if (!options.from.empty()) {
    std::vector<Recording> one;
    one.push_back(FromMeeting(options, recognizer, *progress));
    if (!Enroll(options, recognizer, people[0].name, std::move(one), *progress))
      throw Error(ErrorCode::kUnusable, "'" + Printable(people[0].name) + "' was not enrolled");
    return kExitDone;
  }
  // Everybody's files in one go; a person is enrolled as soon as theirs are done.
  std::vector<std::string> paths;
  for (const PersonFiles& person : people)
    paths.insert(paths.end(), person.files.begin(), person.files.end());
  std::vector<Recording> waiting;
  std::size_t at = 0;
  EmbedRecordings(
      paths, extractor, options.limits, options.policy.keep_audio, *progress, CatchInterrupts(),
      [&](Recording&& recording) {
        waiting.push_back(std::move(recording));
        if (waiting.size() < people[at].files.size()) return;
        if (!Enroll(options, recognizer, people[at].name, std::move(waiting), *progress))
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
  CLI::Option* from = command
                          ->add_option("--from", options->from,
                                       "A recording of several people: enrolls one of them, as vpr "
                                       "diarize finds them with the same options")
                          ->type_name("MEETING")
                          ->excludes(per_folder, per_file);
  CLI::Option* speaker =
      command->add_option("--speaker", options->speaker, "Which one: \"speaker 2\", or a name")
          ->type_name("LABEL")
          ->needs(from);
  from->needs(speaker);
  AddMeetingOptions(*command, options->meeting);
  command->add_option("--note", options->policy.note, "Anything worth knowing about the person")
      ->type_name("TEXT");
  command
      ->add_option("--consent", options->policy.consent,
                   "What the person has agreed to; kept with the time, and shown")
      ->type_name("TEXT");
  command
      ->add_option("--forget-after", options->forget_after,
                   "Forget the voice so long after this enrollment: 90d (s, min, h, d, w, y), or "
                   "never; ungiven: as it was, at first never")
      ->type_name("TIME");
  command->add_flag(
      "--force", options->policy.force,
      "Keep utterances that do not sound like the others, or have several voices, too");
  command->add_flag("--keep-audio", options->policy.keep_audio,
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
      "biometric data: the store is readable for its owner alone, --encrypt seals it, and\n"
      "--forget-after ends it: from then on nobody is found by it, and what next opens the store "
      "to\n"
      "recognize or enroll removes it (or vpr db purge).\n"
      "Example:\n"
      "  vpr enroll Ada monday.wav tuesday.mp3 call.ogg\n"
      "  vpr enroll 李达康 --mic --seconds 8\n"
      "  vpr enroll audio_db --per-file\n"
      "  vpr enroll Ada a.wav --consent \"signed form 17\" --forget-after 90d\n"
      "  vpr enroll --from meeting.wav --speaker \"speaker 2\" Ada");
  command->callback([options, &context] {
    const bool folder = options->per_folder || options->per_file;
    if (folder && (options->arguments.size() != 1 || options->mic.wanted()))
      throw CLI::ValidationError("enroll", "give one folder with --per-folder or --per-file");
    const std::string& name = options->arguments[0];
    if (!folder && LooksLikeRecording(name))
      throw CLI::ValidationError("enroll", "NAME is missing: '" + name +
                                               "' is a recording; as in: vpr enroll Ada " + name);
    if (!folder && options->arguments.size() == 1 && !options->mic.wanted() &&
        options->from.empty() && std::filesystem::is_directory(name))
      throw CLI::ValidationError("enroll", "NAME is missing: '" + name +
                                               "' is a folder; --per-folder or --per-file enrolls "
                                               "everybody in it");
    const bool elsewhere = options->mic.wanted() || !options->from.empty();
    if (options->mic.wanted() && !options->from.empty())
      throw CLI::ValidationError("enroll", "give --mic or --from, not both");
    if (!folder && elsewhere != (options->arguments.size() == 1))
      throw CLI::ValidationError("enroll",
                                 "give a name and recordings, a name and --mic, or a name and "
                                 "--from");
    context.run = [options, &context] { return Run(*options, context); };
  });
}

}  // namespace vpr::cli
