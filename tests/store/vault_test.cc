#include "store/vault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string_view>

#include "support/failure_of.h"
#include "support/temp_path.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"

namespace vpr {
namespace {

using test::FailureOf;
using ::testing::HasSubstr;
using ::testing::Not;

StoreKey FileKey(char fill) {
  StoreKey key;
  key.key_file = test::TempPath(std::string("key_") + fill);
  std::string content(32, fill);
  for (std::size_t i = 0; i < 8; ++i) content[i] = static_cast<char>(i);
  AtomicFile file(key.key_file, AtomicFile::kPrivate);
  file.Write(content);
  file.Commit();
  return key;
}

TEST(Vault, SealsAndOpens) {
  for (const StoreKey& key : {StoreKey(), FileKey('a')}) {
    const Vault vault = Vault::Create(key);
    EXPECT_EQ(vault.encrypted(), !key.empty());
    const Vault again = Vault::Open(vault.Header(), key, "s");
    for (const std::string& text : {std::string(), std::string("李达康"), std::string(5000, 'x')}) {
      EXPECT_EQ(again.Open(vault.Seal(text, "p"), "p"), text);
      EXPECT_THROW(again.Open(vault.Seal(text, "p"), "q"), Error);  // moved to another place
    }
    EXPECT_EQ(vault.LookupKey("Ada"), again.LookupKey("Ada"));
    EXPECT_NE(vault.LookupKey("Ada"), vault.LookupKey("ada"));
  }
}

TEST(Vault, NoTextIsLeftInWhatIsEncrypted) {
  const Vault vault = Vault::Create(FileKey('a'));
  const std::string sealed = vault.Seal("a secret name", "p");
  EXPECT_THAT(sealed, Not(HasSubstr("secret")));
  EXPECT_THAT(vault.LookupKey("a secret name"), Not(HasSubstr("secret")));
  EXPECT_NE(sealed, vault.Seal("a secret name", "p"));  // another nonce each time
}

TEST(Vault, EveryFlippedBitIsNoticed) {
  for (const StoreKey& key : {StoreKey(), FileKey('a')}) {
    const Vault vault = Vault::Create(key);
    const std::string sealed = vault.Seal("embedding", "p");
    for (std::size_t i = 0; i < sealed.size(); ++i) {
      std::string flipped = sealed;
      flipped[i] = static_cast<char>(flipped[i] ^ 4);
      EXPECT_THROW(vault.Open(flipped, "p"), Error) << i;
    }
    for (std::size_t length = 0; length < sealed.size(); ++length)
      EXPECT_THROW(vault.Open(sealed.substr(0, length), "p"), Error) << length;
    std::string header = vault.Header();
    header[header.size() / 2] = static_cast<char>(header[header.size() / 2] ^ 1);
    EXPECT_THAT(FailureOf([&] { Vault::Open(header, key, "s"); }), HasSubstr("damaged"));
  }
}

TEST(Vault, SaysWhichKeyIsWrong) {
  StoreKey passphrase;
  passphrase.passphrase = "correct horse";
  const Vault by_file = Vault::Create(FileKey('a')), by_phrase = Vault::Create(passphrase);
  auto open = [](const Vault& vault, const StoreKey& key) {
    return FailureOf([&] { Vault::Open(vault.Header(), key, "s"); });
  };
  EXPECT_EQ(open(by_phrase, passphrase), "");
  EXPECT_THAT(open(by_file, FileKey('b')), HasSubstr("wrong key file"));
  EXPECT_THAT(open(by_file, passphrase), HasSubstr("under a key file"));
  EXPECT_THAT(open(by_file, {}), HasSubstr("under a key file"));
  passphrase.passphrase = "correct horses";
  EXPECT_THAT(open(by_phrase, passphrase), HasSubstr("wrong passphrase"));
  EXPECT_THAT(open(by_phrase, {}), HasSubstr("under a passphrase"));
  EXPECT_THAT(open(Vault::Create({}), passphrase), HasSubstr("not encrypted"));
  StoreKey short_key = FileKey('c');
  WriteFileAtomically(short_key.key_file, "short");
  EXPECT_THAT(FailureOf([&] { Vault::Create(short_key); }), HasSubstr("at least 32"));
}

TEST(Vault, RefusesNewKeysThatCanBeGuessed) {
  const auto with = [](std::string_view passphrase) {
    StoreKey key;
    key.passphrase = passphrase;
    std::string unwise;
    const std::string refused = FailureOf([&] { Vault::Create(key, &unwise); });
    return refused.empty() ? unwise : refused;
  };
  for (const char* easy : {"a", "abcde", "aaaaaaaaaaaaaaaaaaaa", "abababababab", "李达康李"})
    EXPECT_THAT(with(easy), HasSubstr("too easy to guess")) << easy;
  for (const char* brief : {"secret", "correct hor", "李达康李达康 ü"})
    EXPECT_THAT(with(brief), HasSubstr("12 characters or more are better")) << brief;
  EXPECT_EQ(with("correct horse"), "");

  const auto from_file = [](const std::string& content, mode_t mode) {
    StoreKey key;
    key.key_file = test::TempPath("new key");
    WriteFileAtomically(key.key_file, content);
    EXPECT_EQ(::chmod(key.key_file.c_str(), mode), 0);
    std::string unwise;
    const std::string refused = FailureOf([&] { Vault::Create(key, &unwise); });
    return std::pair(refused, unwise);
  };
  const std::string good = "0123456789 and enough that is different";
  EXPECT_EQ(from_file(good, 0600), std::pair(std::string(), std::string()));
  EXPECT_EQ(from_file(good, 0640), std::pair(std::string(), std::string()));
  EXPECT_THAT(from_file(good, 0644).second, HasSubstr("chmod 600"));
  EXPECT_THAT(from_file(good, 0666).first, HasSubstr("written to by other users"));
  EXPECT_THAT(from_file(std::string(64, '\0'), 0600).first, HasSubstr("1 different bytes"));
  EXPECT_THAT(from_file(std::string(30, 'x') + "abcdef", 0600).first,
              HasSubstr("7 different bytes"));
}

// Headers as versions before 0.2 made them, under the passphrase "x" and under a key file of 32
// zeros, computed with PyNaCl 1.6 and xxhash 4.1 (the salt, the random keys and the nonce count up,
// and the passphrase's cost is the lowest):
//   import json, nacl.bindings as n, xxhash
//   place, salt = b"vpr store key", bytes(range(16))
//   def header(kdf, key):
//     nonce = bytes(range(100, 124))
//     sealed = nonce + n.crypto_aead_xchacha20poly1305_ietf_encrypt(bytes(range(64)), place, nonce,
//     key) text = json.dumps({"cipher": "XChaCha20-Poly1305", "key": kdf, "sealed_keys":
//     sealed.hex()},
//                       separators=(",", ":"))
//     return xxhash.xxh3_128_hexdigest(place + b"\0" + text.encode()) + text
//   print(header({"from": "passphrase", "salt": salt.hex(), "operations": 1, "memory": 8192},
//                n.crypto_pwhash_alg(32, b"x", salt, 1, 8192, n.crypto_pwhash_ALG_ARGON2ID13)))
//   print(header({"from": "key file", "salt": salt.hex()},
//                n.crypto_generichash.generichash_blake2b_salt_personal(bytes(32), digest_size=32,
//                key=salt)))
constexpr char kUnderX[] =
    R"(a2a2d2793774905e953d174a8c4b7470)"
    R"({"cipher":"XChaCha20-Poly1305","key":{"from":"passphrase","salt":"0001)"
    R"(02030405060708090a0b0c0d0e0f","operations":1,"memory":8192},"sealed_ke)"
    R"(ys":"6465666768696a6b6c6d6e6f707172737475767778797a7b23b23327cd7f329ad)"
    R"(84bead6b852e4ac16bd259a2502dbb3ec39a1ff77f205d11c5c270280cdecaa50a0407)"
    R"(60da1040bdf21d462752f144ce4e5b872da0da5bdbc781ac5110e6083bc87bf710380c)"
    R"(550"})";
constexpr char kUnderZeros[] =
    R"(d98b38618a5c2aa9a84dd8c726aa216a)"
    R"({"cipher":"XChaCha20-Poly1305","key":{"from":"key file","salt":"000102)"
    R"(030405060708090a0b0c0d0e0f"},"sealed_keys":"6465666768696a6b6c6d6e6f70)"
    R"(7172737475767778797a7b2bfbb3e52a80b21fad73bf36b3b98d9e677ebef0667c5cdd)"
    R"(1f5b99c70503c15adc279e03c168c26f5c6e61d36cdd48bb7eda782ce801828234ae64)"
    R"(a5cfeb73d5cc4350cc23712e858119486abfd9b5b1"})";

TEST(Vault, OpensWithWhateverItWasMadeWith) {
  StoreKey phrase;
  phrase.passphrase = "x";
  EXPECT_EQ(FailureOf([&] { Vault::Open(kUnderX, phrase, "s"); }), "");
  phrase.passphrase = "y";
  EXPECT_THAT(FailureOf([&] { Vault::Open(kUnderX, phrase, "s"); }), HasSubstr("wrong passphrase"));
  StoreKey file;
  file.key_file = test::TempPath("zeros");
  WriteFileAtomically(file.key_file, std::string(32, '\0'));
  ASSERT_EQ(::chmod(file.key_file.c_str(), 0666), 0);
  EXPECT_EQ(FailureOf([&] { Vault::Open(kUnderZeros, file, "s"); }), "");
  EXPECT_THAT(KeyFileWarning(file), HasSubstr("chmod 600"));
  ASSERT_EQ(::chmod(file.key_file.c_str(), 0644), 0);
  EXPECT_EQ(KeyFileWarning(file), "");
}

TEST(SecretTest, CopiesMovesAndCompares) {
  Secret a("hidden"), b(a);
  EXPECT_EQ(a.view(), "hidden");
  EXPECT_TRUE(a == b);
  b = Secret(std::string_view("other\0one", 9));
  EXPECT_FALSE(a == b);
  EXPECT_EQ(b.size(), 9u);
  Secret c(std::move(a));
  EXPECT_EQ(c.view(), "hidden");
  EXPECT_TRUE(a.empty());  // NOLINT: that is what is tested
  a = c;
  a = *&a;
  EXPECT_EQ(a.view(), "hidden");
  EXPECT_TRUE(Secret().empty());
  EXPECT_TRUE(Secret("").empty());
  EXPECT_EQ(Secret(std::size_t{3}).view(), std::string_view("\0\0\0", 3));
}

// What the kernel says of the pages that hold it.
TEST(SecretTest, IsLocked) {
  const Secret secret("hidden");
  std::ifstream maps("/proc/self/smaps");
  if (!maps) GTEST_SKIP() << "SKIPPED: no /proc/self/smaps";
  const auto at = reinterpret_cast<std::uintptr_t>(secret.data());
  std::string line, flags;
  for (bool inside = false; flags.empty() && std::getline(maps, line);) {
    unsigned long begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) inside = begin <= at && at < end;
    if (inside && line.starts_with("VmFlags:")) flags = line;
  }
  ASSERT_FALSE(flags.empty());
  if (flags.find(" lo") == std::string::npos)
    GTEST_SKIP() << "SKIPPED: this system lets us lock no memory";
  EXPECT_THAT(flags, HasSubstr(" dd"));  // not in core dumps
}

}  // namespace
}  // namespace vpr
