// Options that enroll, verify, identify, speakers and db share: the store, the microphone, quality
// limits.
#pragma once

#include "options/declare.h"
#include "vpr/live/listen.h"
#include "vpr/recognize/people.h"
#include "vpr/store/open_store.h"

namespace vpr::cli {

using StoreArguments = StoreRequest;

// Declares --db and --key-file; a passphrase is asked for on the terminal.
void AddStoreOptions(CLI::App& command, StoreArguments& arguments);

// Declares --mic, --mic-device, --mic-from and --seconds, which is returned.
CLI::Option* AddMicOptions(const Declare& add, MicrophoneRequest& request);

// Declares --min-speech.
void AddQualityOptions(CLI::App& command, QualityLimits& limits);

// Prints what came of an enrollment, with what is to be warned of.
OnEnrolled TellEnrollments(bool json, Progress& progress);

}  // namespace vpr::cli
