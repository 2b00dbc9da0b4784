#include "options/meeting_options.h"

#include "options/network_options.h"

namespace vpr::cli {

void AddMeetingOptions(const Declare& add, MeetingRequest& request) {
  const auto number = CLI::Range(std::size_t{1}, std::size_t{1000});
  CLI::Option* speakers = add("--speakers", request.speakers, "", "How many there are", number);
  add("--min", request.diarizer.fewest, "", "At least so many", number)->excludes(speakers);
  add("--max", request.diarizer.most, "", "At most so many", number)->excludes(speakers);
  add("--join-from", request.diarizer.threshold, "SCORE",
      "Pieces of speech are joined from this mean score on", FiniteNumber());
  AddFpirOption(add.command, request.fpir);
}

void CheckMeetingOptions(const char* command, const MeetingRequest& request) {
  if (request.diarizer.fewest > request.diarizer.most)
    throw CLI::ValidationError(command, "--min is more than --max");
}

}  // namespace vpr::cli
