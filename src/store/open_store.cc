#include "vpr/store/open_store.h"

#include <cstdlib>
#include <cstring>
#include <map>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// It is there once for this program: later calls give the same.
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

std::optional<Secret> Ask(const StoreRequest& request, const std::string& prompt) {
  return request.ask ? request.ask(prompt) : std::nullopt;
}

// `key_file`, the passphrase in a variable, or one that is typed twice.
StoreKey NewKey(const StoreRequest& request, const std::string& key_file,
                const char* passphrase_variable) {
  StoreKey key;
  key.key_file = key_file;
  if (!key_file.empty()) return key;
  key.passphrase = SecretVariable(passphrase_variable);
  if (!key.passphrase.empty()) return key;
  const std::optional<Secret> first = Ask(request, "New passphrase: ");
  if (!first || first->empty())
    throw Error(ErrorCode::kInvalidArgument,
                std::string("no key given; name a key file, or give a passphrase in $") +
                    passphrase_variable + " or at the prompt of a terminal");
  if (const std::optional<Secret> second = Ask(request, "Again: "); !second || !(*second == *first))
    throw Error(ErrorCode::kInvalidArgument, "the two passphrases are not the same");
  key.passphrase = *first;
  return key;
}

KeyChange Changed(KeyChange::Kind kind, VoiceStore& store) {
  return {kind, store.Describe(), store.encrypted(), store.RemovedIsOverwritten(),
          IsOnServer(store)};
}

}  // namespace

StoreKey GivenKey(const StoreRequest& request) {
  StoreKey key;
  key.key_file = request.key_file.empty() ? Variable("VPR_KEY_FILE") : request.key_file;
  if (request.key_file.empty()) key.passphrase = SecretVariable("VPR_PASSPHRASE");
  if (!key.key_file.empty() && !key.passphrase.empty())
    throw Error(ErrorCode::kInvalidArgument,
                "$VPR_KEY_FILE and $VPR_PASSPHRASE are both set; unset one of them");
  return key;
}

std::unique_ptr<VoiceStore> OpenStore(const StoreRequest& request, bool create, bool encrypt) {
  StoreOptions options;
  options.where = FindStore(request.db);
  options.key = GivenKey(request);
  options.create = create;
  options.warn = request.warn;
  if (encrypt && options.key.empty()) options.key = NewKey(request, "", "VPR_PASSPHRASE");
  try {
    return VoiceStore::Open(options);
  } catch (const Error& error) {
    // Whoever did not name it on the command line should know where the name comes from.
    if (error.code() == ErrorCode::kNotFound && request.db.empty() && !Variable("VPR_DB").empty())
      throw Error(error.code(), std::string(error.what()) + " ($VPR_DB names this one)");
    if (error.code() != ErrorCode::kNeedsPassphrase || !options.key.empty()) throw;
    const std::optional<Secret> passphrase =
        Ask(request, "Passphrase of " + Printable(DescribeStore(options.where)) + ": ");
    if (!passphrase) throw;
    options.key.passphrase = *passphrase;
    return VoiceStore::Open(options);
  }
}

std::unique_ptr<VoiceStore> OpenStoreIfThere(const StoreRequest& request) try {
  return OpenStore(request);
} catch (const Error& error) {
  if (error.code() != ErrorCode::kNotFound || !request.db.empty()) throw;
  return nullptr;
}

bool IsOnServer(const VoiceStore& store) { return store.Describe().starts_with("postgres"); }

KeyChange EncryptStore(const StoreRequest& request) {
  StoreOptions open;
  open.where = FindStore(request.db);
  open.warn = request.warn;
  StoreKey key = GivenKey(request);
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
  if (key.empty()) key = NewKey(request, "", "VPR_PASSPHRASE");
  store->ChangeKey(key);
  return Changed(KeyChange::Kind::kEncrypted, *store);
}

KeyChange DecryptStore(const StoreRequest& request) {
  const auto store = OpenStore(request);
  if (!store->encrypted())
    throw Error(ErrorCode::kIncompatible,
                "store '" + Printable(store->Describe()) + "' is not encrypted");
  store->ChangeKey({});
  return Changed(KeyChange::Kind::kDecrypted, *store);
}

KeyChange ChangeStoreKey(const StoreRequest& request, const std::string& new_key_file) {
  const auto store = OpenStore(request);
  if (!store->encrypted())
    throw Error(ErrorCode::kIncompatible, "store '" + Printable(store->Describe()) +
                                              "' is not encrypted; see: vpr db encrypt");
  store->ChangeKey(NewKey(request, new_key_file, "VPR_NEW_PASSPHRASE"));
  return Changed(KeyChange::Kind::kChanged, *store);
}

}  // namespace vpr
