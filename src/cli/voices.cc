#include "cli/voices.h"

#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>

#include "cli/command.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"

namespace vpr::cli {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A passphrase in the environment, which it is taken out of, so that neither programs that we start
// nor /proc/PID/environ have it any longer. It is there once for this program: later calls give the
// same.
Secret SecretVariable(const char* name) {
  static std::map<std::string, Secret> taken;
  if (char* value = std::getenv(name); value != nullptr) {
    const std::size_t size = std::strlen(value);
    taken[name] = Secret(std::string_view(value, size));
    ::explicit_bzero(value, size);
    ::unsetenv(name);
  }
  return taken[name];
}

// The terminal that shows nothing just now, and how it was before.
std::atomic<int> silent_terminal{-1};
termios shown_before{};

// Reads a line from the terminal without showing it; nothing without a terminal.
std::optional<Secret> AskSecret(const std::string& prompt) {
  constexpr std::size_t kMost = 4096;  // as the terminal itself allows
  Secret line(kMost);
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) return std::nullopt;
  termios before{};
  if (::tcgetattr(terminal, &before) != 0) {
    ::close(terminal);
    return std::nullopt;
  }
  termios silent = before;
  // Ctrl-C comes as a character, at once: as a signal it would leave the terminal without echo.
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
  constexpr char kCtrlC = 3;
  silent.c_cc[VEOL] = kCtrlC;
  shown_before = before;
  silent_terminal = terminal;
  ::tcsetattr(terminal, TCSAFLUSH, &silent);
  (void)!::write(terminal, prompt.data(), prompt.size());
  std::size_t size = 0;
  char c = 0;
  while (::read(terminal, &c, 1) == 1 && c != '\n' && c != kCtrlC)
    if (size < kMost) line.data()[size++] = c;
  (void)!::write(terminal, "\n", 1);
  ::tcsetattr(terminal, TCSAFLUSH, &before);
  silent_terminal = -1;
  ::close(terminal);
  if (c == kCtrlC) {
    ::raise(SIGINT);
    throw Error(ErrorCode::kInterrupted, "stopped");
  }
  return Secret(line.view().substr(0, size));
}

}  // namespace

void RestoreEcho() noexcept {
  if (const int terminal = silent_terminal.exchange(-1); terminal >= 0)
    ::tcsetattr(terminal, TCSANOW, &shown_before);
}

void AddStoreOptions(CLI::App& command, StoreArguments& arguments) {
  command
      .add_option("--db", arguments.db,
                  "The store of the enrolled voices (default: $VPR_DB, else vpr/voices.db in "
                  "$XDG_DATA_HOME or ~/.local/share)")
      ->type_name("FILE");
  command
      .add_option(
          "--key-file", arguments.key_file,
          "Key of an encrypted store (or $VPR_KEY_FILE; a passphrase: $VPR_PASSPHRASE or at "
          "the prompt)")
      ->type_name("FILE");
}

StoreKey GivenKey(const StoreArguments& arguments) {
  StoreKey key;
  key.key_file = arguments.key_file.empty() ? Variable("VPR_KEY_FILE") : arguments.key_file;
  if (arguments.key_file.empty()) key.passphrase = SecretVariable("VPR_PASSPHRASE");
  if (!key.key_file.empty() && !key.passphrase.empty())
    throw Error(ErrorCode::kInvalidArgument,
                "$VPR_KEY_FILE and $VPR_PASSPHRASE are both set; unset one of them");
  return key;
}

StoreKey NewKey(const std::string& key_file, const char* passphrase_variable) {
  StoreKey key;
  key.key_file = key_file;
  if (!key_file.empty()) return key;
  key.passphrase = SecretVariable(passphrase_variable);
  if (!key.passphrase.empty()) return key;
  const std::optional<Secret> first = AskSecret("New passphrase: ");
  if (!first || first->empty())
    throw Error(ErrorCode::kInvalidArgument,
                std::string("no key given; name a key file, or give a passphrase in $") +
                    passphrase_variable + " or at the prompt of a terminal");
  if (const std::optional<Secret> second = AskSecret("Again: "); !second || !(*second == *first))
    throw Error(ErrorCode::kInvalidArgument, "the two passphrases are not the same");
  key.passphrase = *first;
  return key;
}

void WarnOfStore(const std::string& line) { spdlog::warn("{}", line); }

bool DescribesServer(const VoiceStore& store) { return store.Describe().starts_with("postgres"); }

std::unique_ptr<VoiceStore> OpenStore(const StoreArguments& arguments, bool create, bool encrypt) {
  StoreOptions options;
  options.where = FindStore(arguments.db);
  options.key = GivenKey(arguments);
  options.create = create;
  options.warn = WarnOfStore;
  if (encrypt && options.key.empty()) options.key = NewKey("", "VPR_PASSPHRASE");
  try {
    return VoiceStore::Open(options);
  } catch (const Error& error) {
    // Whoever did not name it on the command line should know where the name comes from.
    if (error.code() == ErrorCode::kNotFound && arguments.db.empty() && !Variable("VPR_DB").empty())
      throw Error(error.code(), std::string(error.what()) + " ($VPR_DB names this one)");
    if (error.code() != ErrorCode::kNeedsPassphrase || !options.key.empty()) throw;
    const std::optional<Secret> passphrase =
        AskSecret("Passphrase of " + Printable(DescribeStore(options.where)) + ": ");
    if (!passphrase) throw;
    options.key.passphrase = *passphrase;
    return VoiceStore::Open(options);
  }
}

std::unique_ptr<VoiceStore> OpenStoreIfThere(const StoreArguments& arguments) try {
  return OpenStore(arguments);
} catch (const Error& error) {
  if (error.code() != ErrorCode::kNotFound || !arguments.db.empty()) throw;
  return nullptr;
}

void AddMicOptions(CLI::App& command, MicArguments& arguments) {
  CLI::Option* mic = command.add_flag("--mic", arguments.mic, "Listen to the microphone");
  command
      .add_option("--mic-device", arguments.device,
                  "Which one: a number or a part of a name (vpr devices)")
      ->type_name("DEVICE")
      ->needs(mic);
  command
      .add_option("--mic-from", arguments.from,
                  "Play a recording, at the speed it was spoken, instead of a microphone; -: from "
                  "standard input")
      ->type_name("FILE")
      ->excludes(mic);
  command.add_option("--seconds", arguments.seconds, "Listen for so long")
      ->check(CLI::Range(0.5, 600.0))
      ->type_name("S")
      ->capture_default_str();
}

std::unique_ptr<LiveAudio> OpenMic(const MicArguments& arguments) {
  return arguments.from.empty() ? OpenMicrophone(arguments.device)
                                : PlayAsMicrophone(arguments.from);
}

void AddQualityOptions(CLI::App& command, QualityLimits& limits) {
  command
      .add_option("--min-speech", limits.min_speech_seconds,
                  "Seconds of speech that a recording must hold")
      ->check(CLI::Range(0.3, 60.0))
      ->type_name("S")
      ->capture_default_str();
}

Recording ReadOneRecording(const std::string& file, const MicArguments& mic,
                           const EmbeddingExtractor& extractor, const QualityLimits& limits,
                           bool keep_samples, Progress& progress) {
  if (!mic.wanted()) {
    progress.Start("embedding", "file", 1);
    PartialProgress partial(progress, CatchInterrupts(), 1);
    Recording recording =
        EmbedFile(file, extractor, limits, keep_samples,
                  extractor.options().threads > 0 ? extractor.options().threads : HardwareThreads(),
                  [&](double share) { partial.Update(0, share); });
    progress.Finish();
    return recording;
  }
  std::vector<float> samples;
  {
    const std::unique_ptr<LiveAudio> audio = OpenMic(mic);
    samples = RecordSeconds(*audio, mic.seconds, progress, CatchInterrupts());
  }
  return EmbedRecording("microphone", samples, extractor, limits, keep_samples);
}

}  // namespace vpr::cli
