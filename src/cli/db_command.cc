// vpr db: the store of the enrolled voices as a whole.
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/voices.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/identify/gallery.h"
#include "vpr/identify/strangers.h"
#include "vpr/model/model_file.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string new_key_file, model;
  bool json = false;
  StoreArguments store;
};

int ShowPath(const Options& options, const Context&) {
  const std::string where = DescribeStore(FindStore(options.store.db));
  if (options.json)
    PrintJson({{"db", where}});
  else
    Print(where + "\n");
  return kExitDone;
}

// How alike the enrolled people are to the model that verify and identify would use; nothing if
// there is none, or its score does not tell.
StrangerShift Strangers(VoiceStore& store, const std::string& wanted, const Context& context) {
  Model model;
  try {
    model = LoadModel(FindModel(wanted));
  } catch (const Error& error) {
    if (!wanted.empty() || error.code() != ErrorCode::kNotFound) throw;
    return {};
  }
  if (model.scoring.conditional.empty()) return {};
  const Scorer scorer(std::move(model.scoring));
  return FindStrangerShift(
      LoadGallery(store, scorer, model.info, *MakeConsoleProgress(context)).gallery, scorer);
}

int Check(const Options& options, const Context& context) {
  const auto store = OpenStore(options.store);
  store->Check(CheckTemplateBlock);
  const std::size_t speakers = store->NumSpeakers();
  const StrangerShift strangers = Strangers(*store, options.model, context);
  if (options.json) {
    nlohmann::ordered_json json = {{"db", store->Describe()},
                                   {"sound", true},
                                   {"speakers", speakers},
                                   {"encrypted", store->encrypted()},
                                   {"strangers", nullptr}};
    if (strangers.people > 0)
      json["strangers"] = {{"people", strangers.people},
                           {"usual_score", strangers.usual},
                           {"expected_score", strangers.expected},
                           {"threshold_shift", strangers.shift}};
    PrintJson(json);
    return kExitDone;
  }
  Print(Format("%s: sound, %zu speaker%s, %s\n", Printable(store->Describe()).c_str(), speakers,
               speakers == 1 ? "" : "s", store->encrypted() ? "encrypted" : "not encrypted"));
  if (strangers.people > 0)
    Print(
        Format("strangers: two of %zu people score %.2f (the model expects %.2f); thresholds are "
               "raised by %.2f\n",
               strangers.people, strangers.usual, strangers.expected, strangers.shift));
  return kExitDone;
}

int Purge(const Options& options, const Context&) {
  const auto store = OpenStore(options.store);
  const std::vector<std::string> names = store->Purge();
  if (options.json) {
    PrintJson({{"db", store->Describe()},
               {"forgotten", names},
               {"overwritten", store->RemovedIsOverwritten()}});
    return kExitDone;
  }
  for (const std::string& name : names) Print(name + ": forgotten\n");
  if (names.empty()) Print("nobody is due to be forgotten\n");
  return kExitDone;
}

// After a change of the key. `remains`: what was replaced.
int Report(const Options& options, VoiceStore& store, const char* what, const char* remains) {
  const bool overwritten = store.RemovedIsOverwritten();
  if (!overwritten && remains != nullptr)
    spdlog::warn("{} may still be found on the disk: {}", remains,
                 DescribesServer(store)
                     ? "PostgreSQL frees it but does not overwrite it, and keeps a log"
                     : "another program is using the store; it is overwritten when vpr next opens "
                       "it alone");
  if (options.json)
    PrintJson(
        {{"db", store.Describe()}, {"encrypted", store.encrypted()}, {"overwritten", overwritten}});
  else
    Print(Printable(store.Describe()) + ": " + what + "\n");
  return kExitDone;
}

int Encrypt(const Options& options, const Context&) {
  StoreOptions open;
  open.where = FindStore(options.store.db);
  open.warn = WarnOfStore;
  StoreKey key = GivenKey(options.store);
  std::unique_ptr<VoiceStore> store;
  try {
    store = VoiceStore::Open(open);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kNeedsPassphrase || error.code() == ErrorCode::kNeedsKeyFile)
      throw Error(ErrorCode::kIncompatible,
                  "store '" + Printable(DescribeStore(open.where)) +
                      "' is encrypted already; another key: vpr db change-key");
    throw;
  }
  if (key.empty()) key = NewKey("", "VPR_PASSPHRASE");
  store->ChangeKey(key);
  return Report(options, *store, "encrypted; without the key nothing in it can be read",
                "what it held in clear");
}

int Decrypt(const Options& options, const Context&) {
  const auto store = OpenStore(options.store);
  if (!store->encrypted())
    throw Error(ErrorCode::kIncompatible,
                "store '" + Printable(store->Describe()) + "' is not encrypted");
  store->ChangeKey({});
  return Report(options, *store, "not encrypted any more", nullptr);
}

int ChangeKey(const Options& options, const Context&) {
  const auto store = OpenStore(options.store);
  if (!store->encrypted())
    throw Error(ErrorCode::kIncompatible, "store '" + Printable(store->Describe()) +
                                              "' is not encrypted; see: vpr db encrypt");
  store->ChangeKey(NewKey(options.new_key_file, "VPR_NEW_PASSPHRASE"));
  return Report(options, *store, "the key was changed", "what the old key opens");
}

}  // namespace

void AddDbCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("db", "The store of the enrolled voices: path, check, purge, encrypt");
  command->require_subcommand(1);
  auto add = [&](const char* name, const char* what, int (*run)(const Options&, const Context&)) {
    CLI::App* one = AddStoreCommand(*command, context, options, name, what, run);
    one->add_flag("--json", options->json, "As JSON");
    return one;
  };
  command->footer(
      "Example:\n"
      "  vpr db path\n"
      "  vpr db check\n"
      "  vpr db encrypt --key-file key.bin");
  add("path", "Where it is", ShowPath)
      ->footer("Example:\n  vpr db path\n  vpr db path --db postgresql://ada@host/voices");
  add("check", "Read everything, check every checksum and tell how alike the enrolled people are",
      Check)
      ->footer("Example:\n  vpr db check && echo sound")
      ->add_option("-m,--model", options->model,
                   "Model file (default: $VPR_MODEL, else the model that came with vpr)")
      ->type_name("FILE");
  add("purge", "Remove everybody whose time is over (vpr enroll --forget-after)", Purge)
      ->footer(
          "Nobody is found, listed or exported from that time on; this takes the data off the "
          "disk, "
          "as\n"
          "does every vpr enroll, identify, verify and serve on the store.\n"
          "Example:\n"
          "  vpr db purge");
  add("encrypt", "Encrypt it under a passphrase ($VPR_PASSPHRASE or asked for) or --key-file",
      Encrypt)
      ->footer(
          "Example:\n"
          "  vpr db encrypt                        # asks for a passphrase\n"
          "  head -c 32 /dev/urandom > key.bin && vpr db encrypt --key-file key.bin");
  add("decrypt", "Take the encryption off", Decrypt)
      ->footer("Example:\n  vpr db decrypt --key-file key.bin");
  CLI::App* change = add("change-key", "Encrypt it under another key", ChangeKey);
  change
      ->add_option("--new-key-file", options->new_key_file,
                   "The new key (a passphrase: $VPR_NEW_PASSPHRASE or at the prompt)")
      ->type_name("FILE");
  change->footer(
      "Example:\n"
      "  vpr db change-key                     # asks for the old and the new passphrase\n"
      "  vpr db change-key --key-file key.bin --new-key-file new.bin");
}

}  // namespace vpr::cli
