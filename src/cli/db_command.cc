// vpr db: the store of the enrolled voices as a whole.
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/voices.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string new_key_file;
  StoreArguments store;
};

int ShowPath(const Options& options, const Context&) {
  Print(FindStore(options.store.db) + "\n");
  return kExitDone;
}

int Check(const Options& options, const Context&) {
  const auto store = OpenStore(options.store);
  store->Check();
  Print(Format("%s: sound, %zu speakers, %s\n", Printable(store->Describe()).c_str(),
               store->NumSpeakers(), store->encrypted() ? "encrypted" : "not encrypted"));
  return kExitDone;
}

int Encrypt(const Options& options, const Context&) {
  StoreOptions open;
  open.where = FindStore(options.store.db);
  StoreKey key = GivenKey(options.store);
  std::unique_ptr<VoiceStore> store;
  try {
    store = VoiceStore::Open(open);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kIncompatible &&
        std::string_view(error.what()).find("is encrypted") != std::string_view::npos)
      throw Error(ErrorCode::kIncompatible,
                  "store '" + Printable(open.where) +
                      "' is encrypted already; another key: vpr db change-key");
    throw;
  }
  if (key.empty()) key = NewKey("", "VPR_PASSPHRASE");
  store->ChangeKey(key);
  Print(Printable(store->Describe()) + ": encrypted; without the key nothing in it can be read\n");
  return kExitDone;
}

int Decrypt(const Options& options, const Context&) {
  const auto store = OpenStore(options.store);
  if (!store->encrypted())
    throw Error(ErrorCode::kIncompatible,
                "store '" + Printable(store->Describe()) + "' is not encrypted");
  store->ChangeKey({});
  Print(Printable(store->Describe()) + ": not encrypted any more\n");
  return kExitDone;
}

int ChangeKey(const Options& options, const Context&) {
  const auto store = OpenStore(options.store);
  if (!store->encrypted())
    throw Error(ErrorCode::kIncompatible, "store '" + Printable(store->Describe()) +
                                              "' is not encrypted; see: vpr db encrypt");
  store->ChangeKey(NewKey(options.new_key_file, "VPR_NEW_PASSPHRASE"));
  Print(Printable(store->Describe()) + ": the key was changed\n");
  return kExitDone;
}

}  // namespace

void AddDbCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("db", "The store of the enrolled voices: path, check, encrypt");
  command->require_subcommand(1);
  auto add = [&](const char* name, const char* what, int (*run)(const Options&, const Context&)) {
    return AddStoreCommand(*command, context, options, name, what, run);
  };
  add("path", "Where it is", ShowPath);
  add("check", "Read everything and check every checksum", Check);
  add("encrypt", "Encrypt it under a passphrase ($VPR_PASSPHRASE or asked for) or --key-file",
      Encrypt);
  add("decrypt", "Take the encryption off", Decrypt);
  CLI::App* change = add("change-key", "Encrypt it under another key", ChangeKey);
  change
      ->add_option("--new-key-file", options->new_key_file,
                   "The new key (a passphrase: $VPR_NEW_PASSPHRASE or at the prompt)")
      ->type_name("FILE");
}

}  // namespace vpr::cli
