// vpr db: the store of the enrolled voices as a whole.
#include "cli/command.h"
#include "options/store_options.h"
#include "vpr/print/store.h"

namespace vpr::cli {
namespace {

struct Options {
  std::string new_key_file, model;
  bool json = false;
  StoreArguments store;
};

int ShowPath(const Options& options, const Context&) {
  const std::string where = DescribeStore(FindStore(options.store.db));
  Print(options.json ? PlaceJson(where) : PlaceText(where));
  return kExitDone;
}

int Check(const Options& options, const Context& context) {
  const auto store = OpenStore(options.store);
  return Tell(options.json, CheckStore(*store, options.model, *MakeConsoleProgress(context)));
}

int Purge(const Options& options, const Context&) {
  const auto store = OpenStore(options.store);
  const std::vector<std::string> names = store->Purge();
  Print(options.json ? ForgottenJson(names, *store) : ForgottenText(names));
  return kExitDone;
}

int Report(const Options& options, const KeyChange& change) {
  for (const std::string& line : Warnings(change)) Warn(line);
  return Tell(options.json, change);
}

int Encrypt(const Options& options, const Context&) {
  return Report(options, EncryptStore(options.store));
}

int Decrypt(const Options& options, const Context&) {
  return Report(options, DecryptStore(options.store));
}

int ChangeKey(const Options& options, const Context&) {
  return Report(options, ChangeStoreKey(options.store, options.new_key_file));
}

}  // namespace

void AddDbCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App& command =
      AddGroup(app, "db", "The store of the enrolled voices: path, check, purge, encrypt");
  auto command_named = [&](const char* name, const char* what,
                           int (*run)(const Options&, const Context&)) {
    const Declare add = AddCommand(command, context, name, what, options, run);
    AddStoreOptions(add.command, options->store);
    add.Flag("--json", options->json, "As JSON");
    return add;
  };
  command_named("path", "Where it is", ShowPath);
  const Declare check = command_named(
      "check", "Read everything, check every checksum and tell how alike the enrolled people are",
      Check);
  check("-m,--model", options->model, "FILE",
        "Model file (default: $VPR_MODEL, else the model that came with vpr)");
  command_named("purge", "Remove everybody whose time is over (vpr enroll --forget-after)", Purge);
  command_named("encrypt",
                "Encrypt it under a passphrase ($VPR_PASSPHRASE or asked for) or --key-file",
                Encrypt);
  command_named("decrypt", "Take the encryption off", Decrypt);
  const Declare change = command_named("change-key", "Encrypt it under another key", ChangeKey);
  change("--new-key-file", options->new_key_file, "FILE",
         "The new key (a passphrase: $VPR_NEW_PASSPHRASE or at the prompt)");
}

}  // namespace vpr::cli
