#include "cli/diarize/meeting_options.h"

#include <spdlog/spdlog.h>

#include "cli/embedding_run.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"

namespace vpr::cli {

void AddMeetingOptions(CLI::App& command, MeetingArguments& arguments) {
  const auto number = CLI::Range(std::size_t{1}, std::size_t{1000});
  CLI::Option* speakers =
      command.add_option("--speakers", arguments.speakers, "How many there are")->check(number);
  command.add_option("--min", arguments.diarizer.fewest, "At least so many")
      ->check(number)
      ->excludes(speakers);
  command.add_option("--max", arguments.diarizer.most, "At most so many")
      ->check(number)
      ->excludes(speakers);
  command
      .add_option("--join-from", arguments.diarizer.threshold,
                  "Pieces of speech are joined from this mean score on")
      ->check(FiniteNumber())
      ->type_name("SCORE");
  AddFpirOption(command, arguments.fpir);
}

Naming FindNaming(Recognizer& recognizer, const MeetingArguments& arguments, bool has_store,
                  Progress& progress) {
  Naming naming;
  IdentificationRequest request;
  request.fpir = arguments.fpir;
  try {
    if (has_store) naming.basis = recognizer.Basis(request, progress);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
  }
  if (naming.basis)
    naming.request = request;
  else
    spdlog::info("nobody is enrolled: speakers are numbered");
  return naming;
}

DiarizerOptions OptionsOf(const MeetingArguments& arguments, const EmbeddingExtractor& extractor) {
  DiarizerOptions options = arguments.diarizer;
  if (arguments.speakers > 0) options.fewest = options.most = arguments.speakers;
  options.threads =
      extractor.options().threads > 0 ? extractor.options().threads : HardwareThreads();
  return options;
}

}  // namespace vpr::cli
