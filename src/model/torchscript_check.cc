#include "model/torchscript_check.h"

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "model/torchscript_operators.h"
#include "model/zip_archive.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

// Networks of a thousand layers keep far below these.
constexpr std::uint64_t kMostCode = 16 << 20, kMostPickle = 256 << 20;
constexpr std::size_t kMostBrackets = 100, kMostOperations = 1000, kMostIndent = 200;
constexpr int kMostNesting = 200;

Error Refused(const std::string& what) { return Error(ErrorCode::kIncompatible, what); }

bool IsWordStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsWord(char c) { return IsWordStart(c) || (c >= '0' && c <= '9'); }

bool IsAllowed(std::string_view name) {
  return std::binary_search(std::begin(kScriptOperators), std::end(kScriptOperators), name);
}

// What does something although it is no operator.
bool IsForbiddenWord(std::string_view word) {
  static constexpr std::string_view kWords[] = {
      "__getstate__", "__setstate__", "awaitable", "classes",    "elif",
      "fork",         "print",        "rpc_async", "rpc_remote", "rpc_sync"};
  return std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords);
}

// Reads the subset of Python that LibTorch writes: no comments, no strings over several lines, no
// joined lines. So there is no doubt where a string ends, whoever reads it.
class CodeReader {
 public:
  CodeReader(std::string_view code, const IsOperator& is_operator)
      : code_(code), is_operator_(is_operator) {}

  void Check() {
    while (at_ < code_.size()) {
      const char c = code_[at_];
      if (IsWordStart(c)) {
        Word();
      } else if (c == '"' || c == '\'') {
        String();
      } else {
        Sign(c);
      }
    }
  }

 private:
  char Peek(std::size_t i) const { return at_ + i < code_.size() ? code_[at_ + i] : '\n'; }

  std::string_view TakeWord() {
    const std::size_t begin = at_;
    while (at_ < code_.size() && IsWord(code_[at_])) ++at_;
    return code_.substr(begin, at_ - begin);
  }

  void Word() {
    const bool number_before = at_ > 0 && IsWord(code_[at_ - 1]);  // 1e5, 0x10
    const std::string_view word = TakeWord();
    after_string_ = false;
    if (number_before) return;
    CheckName(word);
    if (word == "not" || word == "and" || word == "or" || word == "if" || word == "else")
      Operation();
    // Other namespaces hold operators that the list does not know.
    if (word == "ops" && !code_.substr(at_).starts_with(".prim.") &&
        !code_.substr(at_).starts_with(".aten."))
      throw Refused("its code uses operators other than aten's and prim's");
    if (word == "getattr") GetAttribute();
  }

  void CheckName(std::string_view name) const {
    if (IsForbiddenWord(name) || (!IsAllowed(name) && is_operator_(std::string(name))))
      throw Refused("its code uses '" + Printable(name) +
                    "', which is not on the list of what a network may use");
  }

  // getattr(object, "name"): the name counts as one that stands there.
  void GetAttribute() {
    if (Peek(0) != '(') throw Refused("its code uses 'getattr' without calling it");
    const std::size_t quote = code_.find('"', at_);
    const std::size_t end =
        quote == std::string_view::npos ? quote : code_.find_first_of("\"\n", quote + 1);
    if (end == std::string_view::npos || code_[end] != '"')
      throw Refused("its code uses 'getattr' without a name");
    const std::string_view object = code_.substr(at_ + 1, quote - at_ - 1);
    const std::string_view name = code_.substr(quote + 1, end - quote - 1);
    if (object.find_first_of("(\n'") != std::string_view::npos ||
        !std::all_of(name.begin(), name.end(), IsWord) || end + 1 >= code_.size() ||
        code_[end + 1] != ')')
      throw Refused("its code uses 'getattr' with something else than a name");
    if (name == "ops") throw Refused("its code uses 'getattr' to reach operators");
    CheckName(name);
  }

  void String() {
    if (after_string_) throw Refused("its code joins strings");
    const char quote = code_[at_++];
    for (; Peek(0) != quote; ++at_) {
      if (Peek(0) == '\\') ++at_;
      if (Peek(0) == '\n') throw Refused("its code has a string that does not end");
    }
    ++at_;
    after_string_ = true;
  }

  void Sign(char c) {
    ++at_;
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      if (brackets_ == 0) {
        operations_ = 0;
        after_string_ = false;
        std::size_t blanks = 0;
        while (Peek(blanks) == ' ') ++blanks;
        if (blanks > kMostIndent) throw Refused("its code nests too deep");
      }
      return;
    }
    if (c == ' ') return;
    after_string_ = false;
    if (byte < 0x20 || byte >= 0x7F || c == '#' || c == '\\' || c == ';' || c == '`')
      throw Refused("its code is not as LibTorch writes it");
    if (c == '(' || c == '[' || c == '{') {
      if (++brackets_ > kMostBrackets) throw Refused("its code nests too deep");
    } else if (c == ')' || c == ']' || c == '}') {
      if (brackets_ == 0) throw Refused("its code closes a bracket that is not open");
      --brackets_;
    }
    // A chain of them is a tree as deep as the chain is long.
    if (std::string_view("+-*/%@&|^~<>=!.([").find(c) != std::string_view::npos) Operation();
  }

  void Operation() {
    // Within brackets a comma begins something new, a list of numbers may be long.
    if (++operations_ > kMostOperations * (brackets_ > 0 ? 10 : 1))
      throw Refused("its code has a statement that is too long");
  }

  std::string_view code_;
  const IsOperator& is_operator_;
  std::size_t at_ = 0, brackets_ = 0, operations_ = 0;
  bool after_string_ = false;
};

// Follows a pickle's stack with depths in place of values.
class PickleReader {
 public:
  explicit PickleReader(std::string_view pickle) : pickle_(pickle) {}

  void Check() {
    for (;;) {
      const auto opcode = static_cast<unsigned char>(Take(1)[0]);
      if (opcode == '.') return;
      Step(opcode);
    }
  }

 private:
  // What is remembered or lies in another does not grow any more (LibTorch remembers what is done),
  // so that the depth of whatever holds it stays true.
  struct Value {
    int depth = 0;
    bool mark = false, grows = false;
  };

  std::string_view Take(std::uint64_t size) {
    if (size > pickle_.size() - at_) throw Damaged("it is cut off");
    const std::string_view bytes = pickle_.substr(at_, size);
    at_ += size;
    return bytes;
  }
  std::uint64_t Number(std::size_t size) {
    const std::string_view bytes = Take(size);
    std::uint64_t value = 0;
    for (std::size_t i = size; i > 0; --i)
      value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
    return value;
  }
  std::string_view Line() {
    const std::size_t end = pickle_.find('\n', at_);
    if (end == std::string_view::npos) throw Damaged("it is cut off");
    const std::string_view line = Take(end - at_);
    Take(1);
    return line;
  }

  static Error Damaged(const std::string& what) {
    return Error(ErrorCode::kCorrupt, "a pickle in it is damaged: " + what);
  }

  void Push(int depth, bool grows = false) {
    if (depth > kMostNesting) throw Refused("a pickle in it nests too deep");
    stack_.push_back({depth, false, grows});
  }
  Value Pop() {
    if (stack_.empty() || stack_.back().mark) throw Damaged("a value is missing");
    const Value value = stack_.back();
    stack_.pop_back();
    return value;
  }
  // Down to the last mark, which goes too; the greatest depth.
  int PopMarked() {
    int depth = -1;
    while (!stack_.empty() && !stack_.back().mark) depth = std::max(depth, Pop().depth);
    if (stack_.empty()) throw Damaged("a mark is missing");
    stack_.pop_back();
    return depth;
  }
  void PopTo(int count) {
    int depth = -1;
    for (int i = 0; i < count; ++i) depth = std::max(depth, Pop().depth);
    Push(depth + 1);
  }
  void Grow(int depth) {
    if (stack_.empty() || stack_.back().mark) throw Damaged("a value is missing");
    if (!stack_.back().grows) throw Refused("a pickle in it changes what it has finished");
    const int now = std::max(stack_.back().depth, depth + 1);
    stack_.pop_back();
    Push(now, true);
  }

  void Remember(std::uint64_t key) {
    if (stack_.empty() || stack_.back().mark) throw Damaged("a value is missing");
    stack_.back().grows = false;
    memo_[key] = stack_.back().depth;
  }
  void Recall(std::uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) throw Damaged("it recalls what was never remembered");
    Push(found->second);
  }

  void Global(std::string_view module, std::string_view name) const {
    const std::string full = std::string(module) + "." + std::string(name);
    static constexpr std::string_view kKnown[] = {
        "collections.OrderedDict",
        "torch.BFloat16Storage",
        "torch.BoolStorage",
        "torch.ByteStorage",
        "torch.CharStorage",
        "torch.DoubleStorage",
        "torch.FloatStorage",
        "torch.HalfStorage",
        "torch.IntStorage",
        "torch.LongStorage",
        "torch.ShortStorage",
        "torch._utils._rebuild_tensor_v2",
        "torch.device",
        "torch.jit._pickle.build_boollist",
        "torch.jit._pickle.build_doublelist",
        "torch.jit._pickle.build_intlist",
        "torch.jit._pickle.build_tensorlist",
        "torch.jit._pickle.restore_type_tag",
    };
    const bool own = full.starts_with("__torch__.") && !full.starts_with("__torch__.torch.classes");
    if (!own && std::find(std::begin(kKnown), std::end(kKnown), full) == std::end(kKnown))
      throw Refused("a pickle in it makes '" + Printable(full) +
                    "', which is not on the list of what a network may hold");
  }

  void Text(std::string_view text) {
    // It may be a type, List[List[...]], which LibTorch reads by recursion.
    if (std::count(text.begin(), text.end(), '[') > kMostNesting)
      throw Refused("a pickle in it nests too deep");
    Push(0);
  }

  void Step(unsigned char opcode) {
    switch (opcode) {
      case 0x80:  // PROTO
        Take(1);
        break;
      case '(':
        stack_.push_back({0, true, false});
        break;
      case 'N':
      case 0x88:  // NEWTRUE
      case 0x89:  // NEWFALSE
        Push(0);
        break;
      case 'K':
        Take(1), Push(0);
        break;
      case 'M':
        Take(2), Push(0);
        break;
      case 'J':
        Take(4), Push(0);
        break;
      case 'G':
        Take(8), Push(0);
        break;
      case 0x8A:  // LONG1
        Take(Number(1)), Push(0);
        break;
      case 0x8C:  // SHORT_BINUNICODE
        Text(Take(Number(1)));
        break;
      case 'X':
        Text(Take(Number(4)));
        break;
      case ']':
      case '}':
        Push(0, true);
        break;
      case ')':
        Push(0);
        break;
      case 0x85:  // TUPLE1 to TUPLE3
      case 0x86:
      case 0x87:
        PopTo(opcode - 0x84);
        break;
      case 't':
      case 'l':
      case 'd':
        Push(PopMarked() + 1);
        break;
      case 'a':
        Grow(Pop().depth);
        break;
      case 's': {
        const int value = Pop().depth;
        Grow(std::max(value, Pop().depth));
        break;
      }
      case 'e':
      case 'u':
        Grow(PopMarked());
        break;
      case 'c': {
        const std::string_view module = Line();
        Global(module, Line());
        Push(0);
        break;
      }
      case 'R':
      case 0x81: {  // REDUCE, NEWOBJ: a callable and its arguments
        const int arguments = Pop().depth;
        Pop();
        Push(arguments + 1, true);
        break;
      }
      case 'b':
        Grow(Pop().depth);
        break;
      case 'Q':
        Push(Pop().depth + 1);
        break;
      case 'q':
        Remember(Number(1));
        break;
      case 'r':
        Remember(Number(4));
        break;
      case 'h':
        Recall(Number(1));
        break;
      case 'j':
        Recall(Number(4));
        break;
      default:
        throw Refused(Format("a pickle in it has opcode 0x%02x, which LibTorch does not write",
                             unsigned{opcode}));
    }
  }

  std::string_view pickle_;
  std::size_t at_ = 0;
  std::vector<Value> stack_;
  std::unordered_map<std::uint64_t, int> memo_;  // depths
};

}  // namespace

void CheckScriptCode(std::string_view code, const IsOperator& is_operator) {
  CodeReader(code, is_operator).Check();
}

void CheckScriptPickle(std::string_view pickle) { PickleReader(pickle).Check(); }

std::string CheckedTorchScript(std::string_view archive, const IsOperator& is_operator) {
  if (!LooksLikeZip(archive))
    throw Error(ErrorCode::kCorrupt, "it is no ZIP archive, as torch.jit.save writes one");
  const std::vector<ZipEntry> entries = ReadZip(archive);
  if (entries.empty()) throw Error(ErrorCode::kCorrupt, "it is empty");
  const std::string top = entries[0].name.substr(0, entries[0].name.find('/') + 1);
  auto has = [&](std::string_view begin, std::string_view end) {
    return std::any_of(entries.begin(), entries.end(), [&](const ZipEntry& entry) {
      return entry.name.starts_with(top + std::string(begin)) && entry.name.ends_with(end);
    });
  };
  if (!has("data.pkl", "") || !has("code/", ".py"))
    throw Error(ErrorCode::kCorrupt, has("data.pkl", "")
                                         ? "it holds weights without a network's code"
                                         : "it has no 'data.pkl', as torch.jit.save writes one");
  ZipWriter checked;
  std::uint64_t code_bytes = 0;
  for (const ZipEntry& entry : entries) {
    if (!entry.name.starts_with(top))
      throw Error(ErrorCode::kCorrupt, "its files have no common folder");
    const std::string name = entry.name.substr(top.size());
    const std::string kept = "archive/" + name;
    if (name == "data.pkl" || name == "constants.pkl") {
      const std::string pickle = ZipContent(entry, kMostPickle);
      CheckScriptPickle(pickle);
      checked.Add(kept, pickle, entry.crc);
    } else if (name.starts_with("code/") && name.ends_with(".py")) {
      const std::string text = ZipContent(entry, kMostCode - code_bytes);
      code_bytes += text.size();
      CheckScriptCode(text, is_operator);
      checked.Add(kept, text, entry.crc);
    } else if (name.starts_with("data/") || name.starts_with("constants/")) {
      if (entry.deflated)
        throw Error(ErrorCode::kCorrupt, "'" + Printable(name) + "' is compressed");
      checked.Add(kept, entry.stored, entry.crc);
    } else if (name == "version" || name == "byteorder") {
      checked.Add(kept, ZipContent(entry, 100), entry.crc);
    }
    // The rest, such as where in the source a line stood, does not change what is computed.
  }
  return checked.Finish();
}

}  // namespace vpr
