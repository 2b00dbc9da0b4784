#include "store/vault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  WriteFileAtomically(key.key_file, std::string(32, fill));
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
  passphrase.passphrase += "s";
  EXPECT_THAT(open(by_phrase, passphrase), HasSubstr("wrong passphrase"));
  EXPECT_THAT(open(by_phrase, {}), HasSubstr("under a passphrase"));
  EXPECT_THAT(open(Vault::Create({}), passphrase), HasSubstr("not encrypted"));
  StoreKey short_key = FileKey('c');
  WriteFileAtomically(short_key.key_file, "short");
  EXPECT_THAT(FailureOf([&] { Vault::Create(short_key); }), HasSubstr("at least 32"));
}

}  // namespace
}  // namespace vpr
