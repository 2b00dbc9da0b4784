#include "vpr/transcribe/tokens.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr std::array<const char*, 3> kKinds = {"digits", "characters", "words"};
constexpr std::array<const char*, 10> kDigitWords = {"zero", "one", "two",   "three", "four",
                                                     "five", "six", "seven", "eight", "nine"};
constexpr std::size_t kMostWords = 100'000;

Error NoToken(std::string_view what, std::string_view text) {
  return Error(ErrorCode::kInvalidArgument, "there is no token for '" + Printable(what) + "' in '" +
                                                Printable(text.substr(0, 200)) + "'");
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

}  // namespace

const char* ToString(TokenKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

TokenKind ParseTokenKind(const std::string& name) {
  for (std::size_t i = 0; i < kKinds.size(); ++i)
    if (name == kKinds[i]) return static_cast<TokenKind>(i);
  throw Error(ErrorCode::kInvalidArgument,
              "tokens '" + Printable(name) + "' are unknown; there are digits, characters, words");
}

TokenTable::TokenTable(TokenKind kind, std::vector<std::string> symbols) : kind_(kind) {
  names_ = {"<blank>"};
  for (std::string& symbol : symbols) names_.push_back(std::move(symbol));
  names_.push_back("<end>");
}

TokenTable TokenTable::Digits() {
  std::vector<std::string> symbols;
  for (char c = '0'; c <= '9'; ++c) symbols.emplace_back(1, c);
  return {TokenKind::kDigits, std::move(symbols)};
}

TokenTable TokenTable::Characters() {
  std::vector<std::string> symbols;
  for (char c = 'a'; c <= 'z'; ++c) symbols.emplace_back(1, c);
  for (char c = '0'; c <= '9'; ++c) symbols.emplace_back(1, c);
  symbols.insert(symbols.end(), {"'", " "});
  return {TokenKind::kCharacters, std::move(symbols)};
}

TokenTable TokenTable::Words(const std::vector<std::string>& words) {
  if (words.empty() || words.size() > kMostWords)
    throw Error(ErrorCode::kInvalidArgument,
                Format("a table of words takes 1 to %zu, found %zu", kMostWords, words.size()));
  std::unordered_set<std::string> seen;
  for (const std::string& word : words) {
    const auto parts = SplitBlanks(word);
    if (parts.size() != 1 || parts[0] != word || !IsUtf8(word) || !seen.insert(word).second)
      throw Error(ErrorCode::kInvalidArgument, "'" + Printable(word.substr(0, 200)) +
                                                   "' cannot be a word of the table: it is empty, "
                                                   "has a blank in it or is there twice");
  }
  return {TokenKind::kWords, words};
}

TokenTable TokenTable::Make(TokenKind kind, const std::vector<std::string>& words) {
  if (kind == TokenKind::kDigits) return Digits();
  return kind == TokenKind::kCharacters ? Characters() : Words(words);
}

std::vector<std::string> TokenTable::symbols() const {
  return {names_.begin() + 1, names_.end() - 1};
}

std::vector<int> TokenTable::Encode(std::string_view text) const {
  std::vector<int> tokens;
  auto append = [&](std::string_view symbol) {
    const auto found = std::find(names_.begin() + 1, names_.end() - 1, symbol);
    if (found == names_.end() - 1) throw NoToken(symbol, text);
    tokens.push_back(static_cast<int>(found - names_.begin()));
  };
  const std::vector<std::string_view> words = SplitBlanks(text);
  switch (kind_) {
    case TokenKind::kDigits:
      for (std::string_view word : words) {
        const auto named = std::find(kDigitWords.begin(), kDigitWords.end(), LowerCase(word));
        if (named != kDigitWords.end()) {
          tokens.push_back(static_cast<int>(named - kDigitWords.begin()) + 1);
          continue;
        }
        for (char c : word) {
          if (c < '0' || c > '9') throw NoToken(word, text);
          tokens.push_back(c - '0' + 1);
        }
      }
      break;
    case TokenKind::kCharacters:
      for (std::string_view word : words) {
        if (!tokens.empty()) append(" ");
        const std::string lower = LowerCase(word);
        for (std::size_t i = 0; i < lower.size(); ++i) append(std::string_view(lower).substr(i, 1));
      }
      break;
    case TokenKind::kWords:
      for (std::string_view word : words) append(word);
      break;
  }
  return tokens;
}

std::string TokenTable::Decode(std::span<const int> tokens) const {
  std::string text;
  for (int token : tokens) {
    VPR_CHECK(token > kBlank && token < end());
    if (kind_ != TokenKind::kCharacters && !text.empty()) text += ' ';
    text += names_[static_cast<std::size_t>(token)];
  }
  return text;
}

}  // namespace vpr
