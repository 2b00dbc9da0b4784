// What a recogniser writes: its alphabet of tokens, and texts as numbers of tokens.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vpr {

enum class TokenKind {
  kDigits,      // 0 to 9
  kCharacters,  // a to z, 0 to 9, apostrophe and space
  kWords        // whole words of a list
};

// "digits", "characters", "words". Parse throws kInvalidArgument.
const char* ToString(TokenKind kind);
TokenKind ParseTokenKind(const std::string& name);

// Token 0 is CTC's blank, the last one the end of the sentence (also its beginning, for a decoder
// that needs one). So characters are 40 tokens, as in Pan et al., "Leveraging unimodal
// self-supervised learning for multimodal audio-visual speech recognition" (ACL 2022).
class TokenTable {
 public:
  static constexpr int kBlank = 0;

  static TokenTable Digits();
  static TokenTable Characters();
  // Throws kInvalidArgument for a word that is empty, there twice or has a blank in it, and for
  // none or more than 100,000.
  static TokenTable Words(const std::vector<std::string>& words);
  // The table of this kind; `words` only for kWords.
  static TokenTable Make(TokenKind kind, const std::vector<std::string>& words);

  TokenKind kind() const { return kind_; }
  int size() const { return static_cast<int>(names_.size()); }
  int end() const { return size() - 1; }
  // Of the tokens; blank and end are "<blank>" and "<end>".
  const std::vector<std::string>& names() const { return names_; }
  // What a text can be made of: all names but blank and end.
  std::vector<std::string> symbols() const;

  // A text as tokens. Digits are written as such or as English words ("4 7", "47", "four seven");
  // characters are lower case, other blanks are single spaces; words are separated by blanks.
  // Throws kInvalidArgument for what the table has no token for.
  std::vector<int> Encode(std::string_view text) const;
  // Digits and words with a space between.
  std::string Decode(std::span<const int> tokens) const;

 private:
  TokenTable(TokenKind kind, std::vector<std::string> symbols);
  TokenKind kind_;
  std::vector<std::string> names_;
};

}  // namespace vpr
