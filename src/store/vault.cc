#include "store/vault.h"

#include <sodium.h>
#include <sys/stat.h>

#include <algorithm>
#include <bitset>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json_reading.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kKey = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kChecksum = 32;  // hexadecimal digits
constexpr std::size_t kFewestKeyBytes = 32, kMostKeyBytes = 256 << 20;
constexpr char kHeaderPlace[] = "vpr store key";

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
unsigned char* Bytes(Secret& secret) { return reinterpret_cast<unsigned char*>(secret.data()); }

// What other users than its owner and group may do with a file.
enum class KeyFileAccess { kNone, kRead, kWrite };
KeyFileAccess OthersAccess(const std::string& path) {
  struct stat status {};
  if (path.empty() || ::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
    return KeyFileAccess::kNone;
  if ((status.st_mode & S_IWOTH) != 0) return KeyFileAccess::kWrite;
  return (status.st_mode & S_IROTH) != 0 ? KeyFileAccess::kRead : KeyFileAccess::kNone;
}

void Initialize() { VPR_CHECK(sodium_init() >= 0); }

std::string Random(std::size_t size) {
  std::string bytes(size, '\0');
  randombytes_buf(bytes.data(), size);
  return bytes;
}

std::string Hex(std::string_view bytes) {
  std::string hex(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), Bytes(bytes), bytes.size());
  hex.pop_back();
  return hex;
}

std::string FromHex(const std::string& hex) {
  std::string bytes(hex.size() / 2, '\0');
  std::size_t size = 0;
  if (sodium_hex2bin(Bytes(bytes), bytes.size(), hex.data(), hex.size(), nullptr, &size, nullptr) !=
          0 ||
      size != bytes.size() || hex.size() % 2 != 0)
    throw Error(ErrorCode::kCorrupt, "not hexadecimal");
  return bytes;
}

std::string Encrypt(std::string_view text, std::string_view place, const Secret& key) {
  const std::string nonce = Random(kNonce);
  std::string sealed(text.size() + kTag, '\0');
  unsigned long long size = 0;
  crypto_aead_xchacha20poly1305_ietf_encrypt(Bytes(sealed), &size, Bytes(text), text.size(),
                                             Bytes(place), place.size(), nullptr, Bytes(nonce),
                                             Bytes(key.view()));
  sealed.resize(size);
  return nonce + sealed;
}

// The text, which takes the place of `sealed`; none if it cannot be opened.
std::optional<std::string_view> Decrypt(std::span<char> sealed, std::string_view place,
                                        const Secret& key) {
  if (sealed.size() < kNonce + kTag) return std::nullopt;
  auto* const nonce = reinterpret_cast<unsigned char*>(sealed.data());
  unsigned char* const body = nonce + kNonce;
  unsigned long long size = 0;
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(body, &size, nullptr, body, sealed.size() - kNonce,
                                                 Bytes(place), place.size(), nonce,
                                                 Bytes(key.view())) != 0)
    return std::nullopt;
  return std::string_view(sealed.data() + kNonce, size);
}

std::string Checksum(std::string_view text, std::string_view place) {
  FingerprintStream stream;
  stream.Add(place);
  stream.Add(std::string_view("\0", 1));
  stream.Add(text);
  return stream.Digest();
}

void Wipe(std::string& bytes) { sodium_memzero(bytes.data(), bytes.size()); }

// What a file holds, overwritten when it goes.
struct KeyFile {
  explicit KeyFile(const std::string& path) : content(ReadFile(path, kMostKeyBytes)) {
    if (content.size() < kFewestKeyBytes)
      throw Error(ErrorCode::kInvalidArgument,
                  Format("key file '%s' holds %zu bytes, at least %zu are needed; make one with: "
                         "(umask 077; head -c 32 /dev/urandom > FILE)",
                         Printable(path).c_str(), content.size(), kFewestKeyBytes));
  }
  ~KeyFile() { Wipe(content); }
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;
  std::string content;
};

// How many different bytes there are.
std::size_t Different(std::string_view bytes) {
  std::bitset<256> seen;
  for (char byte : bytes) seen.set(static_cast<unsigned char>(byte));
  return seen.count();
}

std::size_t Characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0u) != 0x80u;
  }));
}

// The user's key, into `derived`. `kdf` holds what it is derived with; the header is not trusted:
// with a salt of another length libsodium would leave a key of zeros. `file`: of a key file.
void DeriveUserKey(const StoreKey& key, const KeyFile* file, const Json& kdf, Secret& derived) {
  const std::string salt = FromHex(kdf.at("salt").get<std::string>());
  if (salt.size() != crypto_pwhash_SALTBYTES) throw Error(ErrorCode::kCorrupt, "salt");
  if (file != nullptr) {
    VPR_CHECK(crypto_generichash(Bytes(derived), derived.size(), Bytes(file->content),
                                 file->content.size(), Bytes(salt), salt.size()) == 0);
    return;
  }
  const auto cost = [&kdf](const char* name) {
    try {
      return WholeNumber<std::size_t>(kdf.at(name), name);
    } catch (const Error& error) {
      throw Error(ErrorCode::kCorrupt, error.what());
    }
  };
  const std::size_t operations = cost("operations"), memory = cost("memory");
  if (operations < crypto_pwhash_OPSLIMIT_MIN || operations > crypto_pwhash_OPSLIMIT_SENSITIVE ||
      memory < crypto_pwhash_MEMLIMIT_MIN || memory > crypto_pwhash_MEMLIMIT_SENSITIVE)
    throw Error(ErrorCode::kCorrupt, "cost");
  if (crypto_pwhash(Bytes(derived), derived.size(), key.passphrase.data(), key.passphrase.size(),
                    Bytes(salt), operations, memory, crypto_pwhash_ALG_ARGON2ID13) != 0)
    throw Error(ErrorCode::kIo,
                Format("not enough memory to derive the key: %zu MiB are needed", memory >> 20));
}

// Refuses a new key that can be found by trying (see StoreKey), and returns what else is unwise.
std::string CheckKeyFile(const std::string& path, const KeyFile& file) {
  constexpr std::size_t kFewestDifferent = 8;
  const std::string name = "key file '" + Printable(path) + "'";
  if (const std::size_t different = Different(file.content); different < kFewestDifferent)
    throw Error(ErrorCode::kInvalidArgument,
                Format("%s holds only %zu different bytes, which somebody will try; make one with: "
                       "(umask 077; head -c 32 /dev/urandom > FILE)",
                       name.c_str(), different));
  const KeyFileAccess access = OthersAccess(path);
  if (access == KeyFileAccess::kWrite)
    throw Error(ErrorCode::kInvalidArgument,
                name +
                    " may be written to by other users, so it is no secret; make a new one with: "
                    "(umask 077; head -c 32 /dev/urandom > FILE)");
  return access == KeyFileAccess::kRead
             ? name + " may be read by every user of this machine; chmod 600 makes it private"
             : "";
}

std::string CheckPassphrase(std::string_view passphrase) {
  constexpr std::size_t kFewest = 6, kFewestDifferent = 4, kGood = 12;
  const std::size_t characters = Characters(passphrase);
  if (characters < kFewest || Different(passphrase) < kFewestDifferent)
    throw Error(ErrorCode::kInvalidArgument,
                Format("the passphrase is too easy to guess; it needs at least %zu characters, %zu "
                       "of them different",
                       kFewest, kFewestDifferent));
  return characters < kGood
             ? Format(
                   "the passphrase is short, and whoever gets hold of the store can try "
                   "millions; %zu characters or more are better",
                   kGood)
             : "";
}

}  // namespace

std::string KeyFileWarning(const StoreKey& key) {
  return OthersAccess(key.key_file) == KeyFileAccess::kWrite
             ? "key file '" + Printable(key.key_file) +
                   "' may be written to by other users; chmod 600 makes it private"
             : "";
}

Vault Vault::Create(const StoreKey& key, std::string* unwise) {
  Vault vault;
  Json header = {{"cipher", "none"}};
  if (!key.empty()) {
    Initialize();
    std::optional<KeyFile> file;
    if (!key.key_file.empty()) file.emplace(key.key_file);
    const std::string warning =
        file ? CheckKeyFile(key.key_file, *file) : CheckPassphrase(key.passphrase.view());
    if (unwise != nullptr) *unwise = warning;
    Json kdf = {{"from", file ? "key file" : "passphrase"},
                {"salt", Hex(Random(crypto_pwhash_SALTBYTES))}};
    if (!file) {
      kdf["algorithm"] = "Argon2id 1.3";
      kdf["operations"] = crypto_pwhash_OPSLIMIT_MODERATE;
      kdf["memory"] = crypto_pwhash_MEMLIMIT_MODERATE;
    }
    Secret user_key(kKey);
    DeriveUserKey(key, file ? &*file : nullptr, kdf, user_key);
    Secret keys(kKey + crypto_generichash_KEYBYTES);
    randombytes_buf(keys.data(), keys.size());
    vault.data_key_ = keys.view().substr(0, kKey);
    vault.lookup_key_ = keys.view().substr(kKey);
    header = {{"cipher", "XChaCha20-Poly1305"},
              {"key", kdf},
              {"sealed_keys", Hex(Encrypt(keys.view(), kHeaderPlace, user_key))}};
  }
  const std::string text = header.dump();
  vault.header_ = Checksum(text, kHeaderPlace) + text;
  return vault;
}

Vault Vault::Open(std::string_view header, const StoreKey& key, const std::string& name) {
  const std::string failed = "cannot open store '" + Printable(name) + "': ";
  const Error damaged(ErrorCode::kCorrupt, failed + "its header is damaged");
  if (header.size() < kChecksum ||
      header.substr(0, kChecksum) != Checksum(header.substr(kChecksum), kHeaderPlace))
    throw damaged;
  Vault vault;
  vault.header_ = header;
  try {
    const Json json = Json::parse(header.substr(kChecksum));
    if (json.at("cipher") == "none") {
      if (!key.empty())
        throw Error(ErrorCode::kIncompatible,
                    failed +
                        "it is not encrypted, but a key was given (--key-file, $VPR_KEY_FILE or "
                        "$VPR_PASSPHRASE); encrypt it with: vpr db encrypt");
      return vault;
    }
    if (json.at("cipher") != "XChaCha20-Poly1305")
      throw Error(ErrorCode::kIncompatible, failed + "it is encrypted with " +
                                                json.at("cipher").get<std::string>() +
                                                ", which this version does not know");
    Initialize();
    const Json& kdf = json.at("key");
    const bool file = kdf.at("from") == "key file";
    if (file ? key.key_file.empty() : key.passphrase.empty())
      throw Error(file ? ErrorCode::kNeedsKeyFile : ErrorCode::kNeedsPassphrase,
                  failed + (file ? "it is encrypted under a key file; name it with --key-file or "
                                   "$VPR_KEY_FILE"
                                 : "it is encrypted under a passphrase; give it in $VPR_PASSPHRASE "
                                   "or at the prompt of a terminal"));
    std::string sealed = FromHex(json.at("sealed_keys").get<std::string>());
    Secret user_key(kKey);
    std::optional<KeyFile> content;
    if (file) content.emplace(key.key_file);
    DeriveUserKey(key, content ? &*content : nullptr, kdf, user_key);
    const auto keys = Decrypt(sealed, kHeaderPlace, user_key);
    if (!keys || keys->size() != kKey + crypto_generichash_KEYBYTES)
      throw Error(ErrorCode::kIncompatible,
                  failed + (file ? "wrong key file" : "wrong passphrase"));
    vault.data_key_ = keys->substr(0, kKey);
    vault.lookup_key_ = keys->substr(kKey);
    Wipe(sealed);
    return vault;
  } catch (const Json::exception&) {
    throw damaged;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCorrupt) throw damaged;
    throw;
  }
}

std::string Vault::Seal(std::string_view text, std::string_view place) const {
  if (encrypted()) return Encrypt(text, place, data_key_);
  return Checksum(text, place) + std::string(text);
}

std::string_view Vault::OpenInPlace(std::span<char> sealed, std::string_view place) const {
  const Error damaged(ErrorCode::kCorrupt, std::string(place) + " is damaged");
  if (encrypted()) {
    const auto text = Decrypt(sealed, place, data_key_);
    if (!text) throw damaged;
    return *text;
  }
  const std::string_view all(sealed.data(), sealed.size());
  if (all.size() < kChecksum || all.substr(0, kChecksum) != Checksum(all.substr(kChecksum), place))
    throw damaged;
  return all.substr(kChecksum);
}

std::string Vault::LookupKey(std::string_view name) const {
  if (!encrypted()) return std::string(name);
  std::string hash(crypto_generichash_BYTES, '\0');
  crypto_generichash(Bytes(hash), hash.size(), Bytes(name), name.size(), Bytes(lookup_key_.view()),
                     lookup_key_.size());
  return hash;
}

}  // namespace vpr
