#include "options/store_options.h"

#include "terminal/input.h"
#include "vpr/print/outcomes.h"

namespace vpr::cli {

void AddStoreOptions(CLI::App& command, StoreArguments& arguments) {
  const Declare add{command};
  add("--db", arguments.db, "FILE",
      "The store of the enrolled voices (default: $VPR_DB, else vpr/voices.db in $XDG_DATA_HOME or "
      "~/.local/share)");
  add("--key-file", arguments.key_file, "FILE",
      "Key of an encrypted store (or $VPR_KEY_FILE; a passphrase: $VPR_PASSPHRASE or at the "
      "prompt)");
  arguments.ask = AskSecret;
  arguments.warn = Warn;
}

CLI::Option* AddMicOptions(const Declare& add, MicrophoneRequest& request) {
  CLI::Option* mic = add.Flag("--mic", request.mic, "Listen to the microphone");
  add("--mic-device", request.device, "DEVICE",
      "Which one: a number or a part of a name (vpr devices)")
      ->needs(mic);
  add("--mic-from", request.from, "FILE",
      "Play a recording, at the speed it was spoken, instead of a microphone; -: from standard "
      "input")
      ->excludes(mic);
  return add.Default("--seconds", request.seconds, "S", "Listen for so long",
                     CLI::Range(0.5, 600.0));
}

void AddQualityOptions(CLI::App& command, QualityLimits& limits) {
  Declare{command}.Default("--min-speech", limits.min_speech_seconds, "S",
                           "Seconds of speech that a recording must hold", CLI::Range(0.3, 60.0));
}

OnEnrolled TellEnrollments(bool json, Progress& progress) {
  return [json, &progress](const EnrollmentOutcome& outcome) {
    for (const std::string& line : Warnings(outcome)) progress.Warn(line);
    if (const std::string said = json ? ToJson(outcome) : ToText(outcome); !said.empty())
      Print(said);
  };
}

}  // namespace vpr::cli
