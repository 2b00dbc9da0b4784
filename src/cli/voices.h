// What enroll, verify, identify, speakers and db share: the store, the microphone, quality limits.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "vpr/base/progress.h"
#include "vpr/identify/recording.h"
#include "vpr/mic/microphone.h"
#include "vpr/store/voice_store.h"

namespace vpr::cli {

struct StoreArguments {
  std::string db, key_file;
};

// Declares --db and --key-file.
void AddStoreOptions(CLI::App& command, StoreArguments& arguments);

// Declares a subcommand of `parent` that works on the store: `run` gets `options`, whose member
// `store` holds the arguments.
template <typename Options>
CLI::App* AddStoreCommand(CLI::App& parent, Context& context,
                          const std::shared_ptr<Options>& options, const char* name,
                          const char* what, int (*run)(const Options&, const Context&)) {
  CLI::App* command = parent.add_subcommand(name, what);
  AddStoreOptions(*command, options->store);
  command->callback([options, &context, run] {
    context.run = [options, &context, run] { return run(*options, context); };
  });
  return command;
}

// From --key-file, $VPR_KEY_FILE, $VPR_PASSPHRASE; empty if there is none of them. Throws
// kInvalidArgument for two at once.
StoreKey GivenKey(const StoreArguments& arguments);

// The same with other names for a new key: `key_file`, $VPR_NEW_PASSPHRASE, else asked for twice on
// the terminal. Throws kInvalidArgument if there is neither.
StoreKey NewKey(const std::string& key_file, const char* passphrase_variable);

// For StoreOptions::warn.
void WarnOfStore(const std::string& line);

// Whether it is a database on a server, where nothing is overwritten.
bool DescribesServer(const VoiceStore& store);

// Opens it with the key given; asks for the passphrase on the terminal if one is needed. `create`:
// makes it, encrypted if `encrypt` or a key is given.
std::unique_ptr<VoiceStore> OpenStore(const StoreArguments& arguments, bool create = false,
                                      bool encrypt = false);

// The same of one that need not be there: nothing, if there is none and --db did not ask for it.
std::unique_ptr<VoiceStore> OpenStoreIfThere(const StoreArguments& arguments);

struct MicArguments {
  bool mic = false;
  std::string device, from;  // from: a recording that stands in for the microphone
  double seconds = 3;

  bool wanted() const { return mic || !from.empty(); }
};

// Declares --mic, --mic-device, --mic-from and --seconds.
void AddMicOptions(CLI::App& command, MicArguments& arguments);
std::unique_ptr<LiveAudio> OpenMic(const MicArguments& arguments);

// Declares --min-speech.
void AddQualityOptions(CLI::App& command, QualityLimits& limits);

// One recording: of a file, or, with the microphone wanted, the next seconds of that.
Recording ReadOneRecording(const std::string& file, const MicArguments& mic,
                           const EmbeddingExtractor& extractor, const QualityLimits& limits,
                           bool keep_samples, Progress& progress);

}  // namespace vpr::cli
