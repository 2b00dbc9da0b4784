// Sealing what a store holds, so that damage, and with a key every curious eye, is kept out.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "vpr/store/voice_store.h"

namespace vpr {

// With a key: XChaCha20-Poly1305 (libsodium) under a random key of the store, which is itself
// sealed under the user's: Argon2id of a passphrase, BLAKE2b of a key file. Without: an XXH3
// checksum. Either way a sealed text is bound to its `place` ("speaker 5"): it cannot be opened in
// another.
class Vault {
 public:
  Vault() = default;  // without a key
  // A new one; without a key if `key` is empty. Throws kInvalidArgument for a key that is refused;
  // `unwise` becomes what to warn of, as one line.
  static Vault Create(const StoreKey& key, std::string* unwise = nullptr);
  // From what Header() gave. `name` is used in messages. Throws kNeedsPassphrase
  // or kNeedsKeyFile for a missing key, kIncompatible for a wrong one and for one that is not
  // needed; kCorrupt.
  static Vault Open(std::string_view header, const StoreKey& key, const std::string& name);

  std::string Header() const { return header_; }  // to be kept with what it seals
  bool encrypted() const { return !data_key_.empty(); }

  std::string Seal(std::string_view text, std::string_view place) const;
  // Throws kCorrupt if it is not what Seal gave for this place; the message says only that.
  std::string Open(std::string_view sealed, std::string_view place) const {
    std::string bytes(sealed);
    return std::string(OpenInPlace(bytes, place));
  }
  // The same without copying; the text is a part of `sealed`, which is overwritten.
  std::string_view OpenInPlace(std::span<char> sealed, std::string_view place) const;

  // What stands for a name where it is looked up: itself, or a keyed hash of it (BLAKE2b).
  std::string LookupKey(std::string_view name) const;

 private:
  std::string header_;
  Secret data_key_, lookup_key_;
};

// What is wrong with the file of a key that is not new, as one line; empty: nothing.
std::string KeyFileWarning(const StoreKey& key);

}  // namespace vpr
