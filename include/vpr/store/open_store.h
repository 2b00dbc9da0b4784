// How a program opens the store of whoever runs it: its place and its key as they were given, as
// the environment has them, or asked for.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "vpr/store/voice_store.h"

namespace vpr {

struct StoreRequest {
  std::string db, key_file;  // as given; empty: $VPR_DB and its kin, $VPR_KEY_FILE
  // Asks whoever runs the program; nothing if there is nobody to be asked.
  std::function<std::optional<Secret>(const std::string& prompt)> ask = {};
  std::function<void(const std::string& line)> warn = {};  // StoreOptions::warn
};

// From `key_file`, $VPR_KEY_FILE, $VPR_PASSPHRASE; empty if there is none of them. A passphrase is
// taken out of the environment, so that neither programs that are started nor /proc/PID/environ
// have it any longer. Throws kInvalidArgument for two at once.
StoreKey GivenKey(const StoreRequest& request);

// Opens it with the key given; asks for the passphrase if one is needed. `create`: makes it if it
// is not there, encrypted if `encrypt` or a key is given. Throws what VoiceStore::Open throws.
std::unique_ptr<VoiceStore> OpenStore(const StoreRequest& request, bool create = false,
                                      bool encrypt = false);
// The same of one that need not be there: nothing, if there is none and `db` did not ask for it.
std::unique_ptr<VoiceStore> OpenStoreIfThere(const StoreRequest& request);

// Whether it is a database on a server, where nothing is overwritten.
bool IsOnServer(const VoiceStore& store);

// A change of a store's key.
struct KeyChange {
  enum class Kind { kEncrypted, kDecrypted, kChanged };
  Kind kind = Kind::kChanged;
  std::string db;  // VoiceStore::Describe
  bool encrypted = false;
  bool overwritten = false;  // VoiceStore::RemovedIsOverwritten: nothing is left of what was before
  bool on_server = false;    // IsOnServer
};

// Throw kIncompatible for a store that is encrypted already, or is not; kInvalidArgument without a
// key: the first takes the one given, the third `new_key_file` or $VPR_NEW_PASSPHRASE, and both ask
// twice for a passphrase otherwise.
KeyChange EncryptStore(const StoreRequest& request);
KeyChange DecryptStore(const StoreRequest& request);
KeyChange ChangeStoreKey(const StoreRequest& request, const std::string& new_key_file);

}  // namespace vpr
