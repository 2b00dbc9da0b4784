// What the commands share that find out who speaks when.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

#include "vpr/recognize/meeting.h"

namespace vpr::cli {

struct MeetingArguments {
  std::size_t speakers = 0;  // 0: found
  DiarizerOptions diarizer;
  double fpir = kMeetingFpir;
};

// Declares --speakers, --min, --max, --join-from and --fpir.
void AddMeetingOptions(CLI::App& command, MeetingArguments& arguments);

// How the enrolled are named; nothing, and it says so, if nobody is.
struct Naming {
  std::optional<IdentificationRequest> request;
  std::optional<SearchBasis> basis;
};
Naming FindNaming(Recognizer& recognizer, const MeetingArguments& arguments, bool has_store,
                  Progress& progress);

// With the number of speakers and of threads set.
DiarizerOptions OptionsOf(const MeetingArguments& arguments, const EmbeddingExtractor& extractor);

}  // namespace vpr::cli
