#include "model/torchscript_check.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/pickle_bytes.h"
#include "model/torchscript_operators.h"
#include "model/zip_archive.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

// Networks of a thousand layers keep far below these.
constexpr std::uint64_t kMostCode = 16 << 20, kMostPickle = 16 << 20;
constexpr std::size_t kMostBrackets = 100, kMostOperations = 1000, kMostIndent = 200,
                      kMostValues = 1'000'000;
constexpr std::int64_t kMostElements = std::int64_t{1} << 31;
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

struct StorageType {
  std::string_view name;
  std::uint64_t bytes;  // of an element
};
constexpr StorageType kStorageTypes[] = {{"torch.BFloat16Storage", 2}, {"torch.BoolStorage", 1},
                                         {"torch.ByteStorage", 1},     {"torch.CharStorage", 1},
                                         {"torch.DoubleStorage", 8},   {"torch.FloatStorage", 4},
                                         {"torch.HalfStorage", 2},     {"torch.IntStorage", 4},
                                         {"torch.LongStorage", 8},     {"torch.ShortStorage", 2}};
constexpr std::string_view kMakeTensor = "torch._utils._rebuild_tensor_v2", kOwn = "__torch__.";

// Follows a pickle's stack with depths in place of values, and with what LibTorch believes without
// looking: that a storage has the elements, and a tensor lies within the storage, that are claimed.
class PickleReader : private PickleBytes {
 public:
  PickleReader(std::string_view pickle, const StorageSizes& storages)
      : PickleBytes(pickle), storages_(storages) {}

  void Check() {
    for (;;) {
      const auto opcode = static_cast<unsigned char>(Take(1)[0]);
      if (opcode == '.') return;
      Step(opcode);
    }
  }

 private:
  enum class Kind : unsigned char {
    kOther,
    kMark,
    kNumber,   // integer
    kText,     // text
    kTuple,    // items
    kGlobal,   // text: its full name
    kObject,   // one of the archive's own, whose attributes are still to come
    kStorage,  // number: its elements
  };
  // What is remembered or lies in another does not grow any more (LibTorch remembers what is done),
  // so that the depth of whatever holds it stays true.
  struct Value {
    int depth = 0;
    Kind kind = Kind::kOther;
    bool grows = false;
    std::int64_t number = 0;
    std::string_view text;
    std::shared_ptr<const std::vector<Value>> items;
  };

  void Push(Value value) {
    if (value.depth > kMostNesting) throw Refused("a pickle in it nests too deep");
    if (stack_.size() >= kMostValues) throw Refused("a pickle in it holds too many values at once");
    stack_.push_back(std::move(value));
  }
  void Push(int depth, Kind kind = Kind::kOther, bool grows = false) {
    Push({depth, kind, grows, 0, {}, nullptr});
  }
  void PushNumber(std::int64_t number) { Push({0, Kind::kNumber, false, number, {}, nullptr}); }
  const Value& Top() const {
    if (stack_.empty() || stack_.back().kind == Kind::kMark) throw Damaged("a value is missing");
    return stack_.back();
  }
  Value Pop() {
    Value value = Top();
    stack_.pop_back();
    return value;
  }
  // Down to the last mark, which goes too; in the order they came.
  std::vector<Value> PopMarked() {
    std::size_t begin = stack_.size();
    while (begin > 0 && stack_[begin - 1].kind != Kind::kMark) --begin;
    if (begin == 0) throw Damaged("a mark is missing");
    std::vector<Value> values(stack_.begin() + static_cast<std::ptrdiff_t>(begin), stack_.end());
    stack_.resize(begin - 1);
    return values;
  }
  static int DepthOf(const std::vector<Value>& values) {
    int depth = -1;
    for (const Value& value : values) depth = std::max(depth, value.depth);
    return depth;
  }
  void PushTuple(std::vector<Value> items) {
    // A tensor's shape and what makes it are short.
    constexpr std::size_t kMostItems = 16;
    const int depth = DepthOf(items) + 1;
    Value tuple{depth, Kind::kOther, false, 0, {}, nullptr};
    if (items.size() <= kMostItems) {
      tuple.kind = Kind::kTuple;
      tuple.items = std::make_shared<const std::vector<Value>>(std::move(items));
    }
    Push(std::move(tuple));
  }
  void Grow(int depth) {
    if (!Top().grows) throw Refused("a pickle in it changes what it has finished");
    const Value before = Pop();
    Push(std::max(before.depth, depth + 1), before.kind, true);
  }

  void Remember(std::uint64_t key) {
    Top();
    stack_.back().grows = false;
    memo_[key] = stack_.back();
  }
  void Recall(std::uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) throw Damaged("it recalls what was never remembered");
    Push(found->second);
  }

  void Global(std::string_view line) {
    const std::size_t break_at = line.find('\n');
    std::string full(line);
    full[break_at] = '.';
    static constexpr std::string_view kKnown[] = {
        "collections.OrderedDict",
        "torch.device",
        "torch.jit._pickle.build_boollist",
        "torch.jit._pickle.build_doublelist",
        "torch.jit._pickle.build_intlist",
        "torch.jit._pickle.build_tensorlist",
        "torch.jit._pickle.restore_type_tag",
    };
    const bool own = full.starts_with(kOwn) && !full.starts_with("__torch__.torch.classes");
    if (!own && full != kMakeTensor && FindStorageType(full) == nullptr &&
        std::find(std::begin(kKnown), std::end(kKnown), full) == std::end(kKnown))
      throw Refused("a pickle in it makes '" + Printable(full) +
                    "', which is not on the list of what a network may hold");
    if (names_.size() >= kMostValues) throw Refused("a pickle in it names too many things");
    names_.push_back(std::make_unique<const std::string>(std::move(full)));
    Push({0, Kind::kGlobal, false, 0, *names_.back(), nullptr});
  }

  static const StorageType* FindStorageType(std::string_view name) {
    const auto* found = std::find_if(std::begin(kStorageTypes), std::end(kStorageTypes),
                                     [&](const StorageType& type) { return type.name == name; });
    return found == std::end(kStorageTypes) ? nullptr : found;
  }

  void Text(std::string_view text) {
    // It may be a type, List[List[...]], which LibTorch reads by recursion.
    if (std::count(text.begin(), text.end(), '[') > kMostNesting)
      throw Refused("a pickle in it nests too deep");
    Push({0, Kind::kText, false, 0, text, nullptr});
  }

  // What is called must have been named here: LibTorch takes a number for it too.
  void Call() {
    const Value arguments = Pop();
    const Value callable = Pop();
    if (callable.kind != Kind::kGlobal) throw Damaged("it calls what cannot be called");
    if (callable.text == kMakeTensor) CheckTensor(arguments);
    Push(arguments.depth + 1, Kind::kOther, true);
  }
  void NewObject() {
    const Value arguments = Pop();
    const Value callable = Pop();
    if (callable.kind != Kind::kGlobal || !callable.text.starts_with(kOwn))
      throw Damaged("it makes an object of what is no class of its own");
    Push(arguments.depth + 1, Kind::kObject, true);
  }
  void SetAttributes() {
    const int depth = Pop().depth;
    if (Top().kind != Kind::kObject) throw Damaged("it sets attributes of what is no object");
    Grow(depth);
  }

  // ("storage", type, key, device, number of elements)
  void Storage() {
    const Value value = Pop();
    if (value.kind != Kind::kTuple || value.items->size() < 5)
      throw Damaged("a storage is not as expected");
    const std::vector<Value>& items = *value.items;
    const StorageType* type =
        items[1].kind == Kind::kGlobal ? FindStorageType(items[1].text) : nullptr;
    if (items[0].kind != Kind::kText || items[0].text != "storage" || type == nullptr ||
        items[2].kind != Kind::kText || items[3].kind != Kind::kText ||
        items[4].kind != Kind::kNumber || items[4].number < 0)
      throw Damaged("a storage is not as expected");
    const auto elements = static_cast<std::uint64_t>(items[4].number);
    const auto found = storages_.find(std::string(items[2].text));
    const std::uint64_t bytes = found == storages_.end() ? 0 : found->second;
    if (elements > bytes / type->bytes)
      throw Damaged(Format("'%s' has %llu bytes, too few for the numbers that it should hold",
                           Printable(items[2].text).c_str(),
                           static_cast<unsigned long long>(bytes)));
    Push({value.depth + 1, Kind::kStorage, false, items[4].number, {}, nullptr});
  }

  // (storage, offset, shape, strides, ...)
  static void CheckTensor(const Value& arguments) {
    const auto numbers = [](const Value& tuple) {
      return tuple.kind == Kind::kTuple &&
             std::all_of(tuple.items->begin(), tuple.items->end(), [](const Value& item) {
               return item.kind == Kind::kNumber && item.number >= 0;
             });
    };
    if (arguments.kind != Kind::kTuple || arguments.items->size() < 4)
      throw Damaged("a tensor is not as expected");
    const Value &storage = (*arguments.items)[0], &offset = (*arguments.items)[1],
                &shape = (*arguments.items)[2], &strides = (*arguments.items)[3];
    if (storage.kind != Kind::kStorage || offset.kind != Kind::kNumber || offset.number < 0 ||
        !numbers(shape) || !numbers(strides) || shape.items->size() != strides.items->size())
      throw Damaged("a tensor is not as expected");
    std::int64_t elements = 1, last = offset.number;
    bool fits = true, empty = false;
    for (std::size_t i = 0; i < shape.items->size(); ++i) {
      const std::int64_t extent = (*shape.items)[i].number, stride = (*strides.items)[i].number;
      if (extent == 0) {
        empty = true;
        continue;
      }
      std::int64_t step = 0;
      fits = fits && !__builtin_mul_overflow(extent - 1, stride, &step) &&
             !__builtin_add_overflow(last, step, &last) &&
             !__builtin_mul_overflow(elements, extent, &elements) && elements <= kMostElements;
    }
    if (!fits || (empty ? offset.number > storage.number : last >= storage.number))
      throw Damaged("a tensor reaches beyond its storage");
  }

  std::int64_t Signed(std::size_t size) {
    if (size > 8) throw Refused("a pickle in it has a number of more than 64 bits");
    if (size == 0) return 0;
    const int unused = 64 - 8 * static_cast<int>(size);
    return static_cast<std::int64_t>(Number(size) << unused) >> unused;
  }

  void Step(unsigned char opcode) {
    switch (opcode) {
      case 0x80:  // PROTO
        Take(1);
        break;
      case '(':
        Push(0, Kind::kMark);
        break;
      case 'N':
      case 0x88:  // NEWTRUE
      case 0x89:  // NEWFALSE
        Push(0);
        break;
      case 'K':
        PushNumber(static_cast<std::int64_t>(Number(1)));
        break;
      case 'M':
        PushNumber(static_cast<std::int64_t>(Number(2)));
        break;
      case 'J':
        PushNumber(Signed(4));
        break;
      case 'G':
        Take(8), Push(0);
        break;
      case 0x8A:  // LONG1
        PushNumber(Signed(Number(1)));
        break;
      case 0x8C:  // SHORT_BINUNICODE
        Text(Take(Number(1)));
        break;
      case 'X':
        Text(Take(Number(4)));
        break;
      case ']':
      case '}':
        Push(0, Kind::kOther, true);
        break;
      case ')':
        PushTuple({});
        break;
      case 0x85:  // TUPLE1 to TUPLE3
      case 0x86:
      case 0x87: {
        std::vector<Value> items;
        for (int i = 0; i < opcode - 0x84; ++i) items.push_back(Pop());
        std::reverse(items.begin(), items.end());
        PushTuple(std::move(items));
        break;
      }
      case 't':
        PushTuple(PopMarked());
        break;
      case 'l':
      case 'd':
        Push(DepthOf(PopMarked()) + 1);
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
        Grow(DepthOf(PopMarked()));
        break;
      case 'c': {
        const std::size_t begin = at();
        Line(), Line();
        std::string_view name = Since(begin);
        name.remove_suffix(1);
        Global(name);
        break;
      }
      case 'R':
        Call();
        break;
      case 0x81:
        NewObject();
        break;
      case 'b':
        SetAttributes();
        break;
      case 'Q':
        Storage();
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

  const StorageSizes& storages_;
  std::vector<Value> stack_;
  std::unordered_map<std::uint64_t, Value> memo_;
  std::vector<std::unique_ptr<const std::string>> names_;  // of globals
};

}  // namespace

void CheckScriptCode(std::string_view code, const IsOperator& is_operator) {
  CodeReader(code, is_operator).Check();
}

void CheckScriptPickle(std::string_view pickle, const StorageSizes& storages) {
  PickleReader(pickle, storages).Check();
}

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
  // "data.pkl" keeps its numbers in files of "data/".
  const auto storages = [&](const std::string& pickle) {
    const std::string folder = top + pickle.substr(0, pickle.find('.')) + "/";
    StorageSizes sizes;
    for (const ZipEntry& entry : entries)
      if (entry.name.starts_with(folder))
        sizes[entry.name.substr(folder.size())] = entry.stored.size();
    return sizes;
  };
  ZipWriter checked;
  std::uint64_t code_bytes = 0;
  for (const ZipEntry& entry : entries) {
    if (!entry.name.starts_with(top))
      throw Error(ErrorCode::kCorrupt, "its files have no common folder");
    const std::string name = entry.name.substr(top.size());
    const std::string kept = "archive/" + name;
    if (name == "data.pkl" || name == "constants.pkl") {
      const std::string pickle = ZipContent(entry, kMostPickle);
      CheckScriptPickle(pickle, storages(name));
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
