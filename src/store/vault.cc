#include "store/vault.h"

#include <sodium.h>

#include <nlohmann/json.hpp>
#include <optional>

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

std::string Encrypt(std::string_view text, std::string_view place, const std::string& key) {
  const std::string nonce = Random(kNonce);
  std::string sealed(text.size() + kTag, '\0');
  unsigned long long size = 0;
  crypto_aead_xchacha20poly1305_ietf_encrypt(Bytes(sealed), &size, Bytes(text), text.size(),
                                             Bytes(place), place.size(), nullptr, Bytes(nonce),
                                             Bytes(key));
  sealed.resize(size);
  return nonce + sealed;
}

// The text, which takes the place of `sealed`; none if it cannot be opened.
std::optional<std::string_view> Decrypt(std::span<char> sealed, std::string_view place,
                                        const std::string& key) {
  if (sealed.size() < kNonce + kTag) return std::nullopt;
  auto* const nonce = reinterpret_cast<unsigned char*>(sealed.data());
  unsigned char* const body = nonce + kNonce;
  unsigned long long size = 0;
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(body, &size, nullptr, body, sealed.size() - kNonce,
                                                 Bytes(place), place.size(), nonce,
                                                 Bytes(key)) != 0)
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

// Overwritten when it goes.
struct Secret {
  explicit Secret(std::size_t size) : bytes(size, '\0') {}
  ~Secret() { Wipe(bytes); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  std::string bytes;
};

// The user's key, into `derived`. `kdf` holds what it is derived with; the header is not trusted:
// with a salt of another length libsodium would leave a key of zeros.
void DeriveUserKey(const StoreKey& key, const Json& kdf, std::string& derived) {
  const std::string salt = FromHex(kdf.at("salt").get<std::string>());
  if (salt.size() != crypto_pwhash_SALTBYTES) throw Error(ErrorCode::kCorrupt, "salt");
  if (kdf.at("from") == "key file") {
    const std::string content = ReadFile(key.key_file, kMostKeyBytes);
    if (content.size() < kFewestKeyBytes)
      throw Error(ErrorCode::kInvalidArgument,
                  Format("key file '%s' holds %zu bytes, at least %zu are needed; make one with: "
                         "head -c 32 /dev/urandom > FILE",
                         Printable(key.key_file).c_str(), content.size(), kFewestKeyBytes));
    VPR_CHECK(crypto_generichash(Bytes(derived), derived.size(), Bytes(content), content.size(),
                                 Bytes(salt), salt.size()) == 0);
    return;
  }
  const auto operations = kdf.at("operations").get<unsigned long long>();
  const auto memory = kdf.at("memory").get<std::size_t>();
  if (operations < crypto_pwhash_OPSLIMIT_MIN || operations > crypto_pwhash_OPSLIMIT_SENSITIVE ||
      memory < crypto_pwhash_MEMLIMIT_MIN || memory > crypto_pwhash_MEMLIMIT_SENSITIVE)
    throw Error(ErrorCode::kCorrupt, "cost");
  if (crypto_pwhash(Bytes(derived), derived.size(), key.passphrase.data(), key.passphrase.size(),
                    Bytes(salt), operations, memory, crypto_pwhash_ALG_ARGON2ID13) != 0)
    throw Error(ErrorCode::kIo,
                Format("not enough memory to derive the key: %zu MiB are needed", memory >> 20));
}

}  // namespace

Vault::~Vault() {
  Wipe(data_key_);
  Wipe(lookup_key_);
}

Vault Vault::Create(const StoreKey& key) {
  Vault vault;
  Json header = {{"cipher", "none"}};
  if (!key.empty()) {
    Initialize();
    const bool file = !key.key_file.empty();
    Json kdf = {{"from", file ? "key file" : "passphrase"},
                {"salt", Hex(Random(crypto_pwhash_SALTBYTES))}};
    if (!file) {
      kdf["algorithm"] = "Argon2id 1.3";
      kdf["operations"] = crypto_pwhash_OPSLIMIT_MODERATE;
      kdf["memory"] = crypto_pwhash_MEMLIMIT_MODERATE;
    }
    Secret user_key(kKey);
    DeriveUserKey(key, kdf, user_key.bytes);
    vault.data_key_ = Random(kKey);
    vault.lookup_key_ = Random(crypto_generichash_KEYBYTES);
    header = {{"cipher", "XChaCha20-Poly1305"},
              {"key", kdf},
              {"sealed_keys",
               Hex(Encrypt(vault.data_key_ + vault.lookup_key_, kHeaderPlace, user_key.bytes))}};
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
                        "it is not encrypted, but a key was given; encrypt it with: vpr db "
                        "encrypt");
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
    DeriveUserKey(key, kdf, user_key.bytes);
    const auto keys = Decrypt(sealed, kHeaderPlace, user_key.bytes);
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
  crypto_generichash(Bytes(hash), hash.size(), Bytes(name), name.size(), Bytes(lookup_key_),
                     lookup_key_.size());
  return hash;
}

}  // namespace vpr
