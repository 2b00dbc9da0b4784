#include "model/state_dict.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/half.h"
#include "base/printable_name.h"
#include "model/pickle_bytes.h"
#include "model/zip_archive.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

// A network of ten thousand tensors keeps far below these.
constexpr std::uint64_t kMostPickle = 16 << 20;
constexpr std::size_t kMostValues = 2'000'000, kMostDimensions = 8;
constexpr std::int64_t kMostExtent = std::int64_t{1} << 31;

Error Refused(const std::string& what) { return Error(ErrorCode::kIncompatible, what); }

enum class ElementType { kFloat, kHalf, kBFloat16, kDouble, kLong, kInt, kShort, kChar, kByte };

struct StorageType {
  std::string_view name;
  ElementType type;
  std::size_t bytes;
};
constexpr StorageType kStorageTypes[] = {{"torch.FloatStorage", ElementType::kFloat, 4},
                                         {"torch.HalfStorage", ElementType::kHalf, 2},
                                         {"torch.BFloat16Storage", ElementType::kBFloat16, 2},
                                         {"torch.DoubleStorage", ElementType::kDouble, 8},
                                         {"torch.LongStorage", ElementType::kLong, 8},
                                         {"torch.IntStorage", ElementType::kInt, 4},
                                         {"torch.ShortStorage", ElementType::kShort, 2},
                                         {"torch.CharStorage", ElementType::kChar, 1},
                                         {"torch.ByteStorage", ElementType::kByte, 1},
                                         {"torch.BoolStorage", ElementType::kByte, 1}};
// How files begin that PyTorch wrote before 1.6: a pickle of a number that stands for that.
constexpr std::string_view kOldMagic("\x80\x02\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.", 15);
constexpr std::int64_t kOldVersion = 1001;
constexpr std::string_view kDictionary = "collections.OrderedDict",
                           kMakeTensor = "torch._utils._rebuild_tensor_v2",
                           kParameter = "torch._utils._rebuild_parameter";

// What a pickle makes. Others are named by their number, so that one can be in many places.
struct Value {
  enum class Kind {
    kMark,
    kNone,
    kNumber,    // integer; also true and false
    kReal,      // of no interest
    kText,      // text
    kSequence,  // items: a tuple or list
    kDict,      // items: key, value, key, ...
    kGlobal,    // text: "module.name"
    kStorage,   // text: key; integer: number of elements; items: the global of its type
    kTensor,    // items: storage, offset, shape, strides
  };
  Kind kind = Kind::kNone;
  std::int64_t integer = 0;
  std::string_view text;
  std::vector<std::size_t> items;
};
using Kind = Value::Kind;

class Unpickler : private PickleBytes {
 public:
  explicit Unpickler(std::string_view pickle) : PickleBytes(pickle) {}

  // The number of the value that the pickle is of.
  std::size_t Run() {
    for (;;) {
      const auto opcode = static_cast<unsigned char>(Take(1)[0]);
      if (opcode == '.') return Pop();
      Step(opcode);
    }
  }

  const Value& operator[](std::size_t value) const { return values_[value]; }
  std::size_t size() const { return values_.size(); }
  using PickleBytes::at;  // where the pickle ended

  const std::string& GlobalName(std::size_t value) const {
    const auto found = global_names_.find(value);
    if (found == global_names_.end()) throw Damaged("it calls what cannot be called");
    return found->second;
  }

 private:
  void Push(Value value) {
    if (values_.size() >= kMostValues)
      throw Refused(Format("its pickle makes more than %zu values", kMostValues));
    stack_.push_back(values_.size());
    values_.push_back(std::move(value));
  }
  void Push(Kind kind, std::int64_t integer = 0) { Push({kind, integer, {}, {}}); }
  std::size_t Top() const {
    if (stack_.empty() || values_[stack_.back()].kind == Kind::kMark)
      throw Damaged("a value is missing");
    return stack_.back();
  }
  std::size_t Pop() {
    const std::size_t top = Top();
    stack_.pop_back();
    return top;
  }
  // Down to the last mark, which goes too, in the order they came.
  std::vector<std::size_t> PopMarked() {
    std::vector<std::size_t> items;
    while (!stack_.empty() && values_[stack_.back()].kind != Kind::kMark) items.push_back(Pop());
    if (stack_.empty()) throw Damaged("a mark is missing");
    stack_.pop_back();
    std::reverse(items.begin(), items.end());
    return items;
  }
  void Extend(Kind kind, const std::vector<std::size_t>& items) {
    Value& value = values_[Top()];
    if (value.kind != kind || (kind == Kind::kDict && items.size() % 2 != 0))
      throw Damaged("it adds to what it cannot be added to");
    value.items.insert(value.items.end(), items.begin(), items.end());
  }

  void Global() {
    const std::string_view module = Line(), name = Line();
    const std::string full = std::string(module) + "." + std::string(name);
    const bool known = full == kDictionary || full == kMakeTensor || full == kParameter ||
                       std::any_of(std::begin(kStorageTypes), std::end(kStorageTypes),
                                   [&](const StorageType& type) { return type.name == full; });
    if (!known)
      throw Refused("it makes a '" + PrintableName(full) +
                    "': a file of weights holds tensors and nothing else");
    global_names_.emplace(values_.size(), full);
    Push(Kind::kGlobal);
  }

  const std::vector<std::size_t>& Items(std::size_t value, std::size_t least) const {
    if (values_[value].kind != Kind::kSequence || values_[value].items.size() < least)
      throw Damaged("a tuple is missing or too short");
    return values_[value].items;
  }

  // A callable and its arguments: what it would have made.
  void Reduce() {
    const std::size_t arguments = Pop();
    const std::string& callable = GlobalName(Pop());
    if (callable == kDictionary) {
      Items(arguments, 0);
      Push(Kind::kDict);
    } else if (callable == kMakeTensor) {
      const std::vector<std::size_t>& items = Items(arguments, 4);
      Value tensor{Kind::kTensor, 0, {}, {items.begin(), items.begin() + 4}};
      if (values_[items[0]].kind != Kind::kStorage) throw Damaged("a tensor has no storage");
      Push(std::move(tensor));
    } else if (callable == kParameter) {
      const std::size_t tensor = Items(arguments, 1)[0];
      if (values_[tensor].kind != Kind::kTensor) throw Damaged("a parameter is no tensor");
      stack_.push_back(tensor);
    } else {
      throw Damaged("it calls a type of storage");
    }
  }

  // ("storage", type, key, location, number of elements)
  void Persistent() {
    const std::vector<std::size_t>& items = Items(Pop(), 5);
    const Value &what = values_[items[0]], &key = values_[items[2]], &count = values_[items[4]];
    if (what.kind != Kind::kText || what.text != "storage" || key.kind != Kind::kText ||
        count.kind != Kind::kNumber || values_[items[1]].kind != Kind::kGlobal)
      throw Damaged("a storage is not as expected");
    Push({Kind::kStorage, count.integer, key.text, {items[1]}});
  }

  void Step(unsigned char opcode) {
    switch (opcode) {
      case 0x80:  // PROTO
        Take(1);
        break;
      case 0x95:  // FRAME
        Take(8);
        break;
      case '(':
        Push(Kind::kMark);
        break;
      case 'N':
        Push(Kind::kNone);
        break;
      case 0x88:  // NEWTRUE
      case 0x89:  // NEWFALSE
        Push(Kind::kNumber, opcode == 0x88 ? 1 : 0);
        break;
      case 'K':
        Push(Kind::kNumber, static_cast<std::int64_t>(Number(1)));
        break;
      case 'M':
        Push(Kind::kNumber, static_cast<std::int64_t>(Number(2)));
        break;
      case 'J':
        Push(Kind::kNumber, static_cast<std::int32_t>(Number(4)));
        break;
      case 0x8A: {  // LONG1
        const std::uint64_t size = Number(1);
        if (size > 8) throw Refused("its pickle has a number of more than 64 bits");
        const std::uint64_t bits = Number(size);
        const int unused = 64 - 8 * static_cast<int>(size);
        Push(Kind::kNumber, size == 0 ? 0 : static_cast<std::int64_t>(bits << unused) >> unused);
        break;
      }
      case 'G':
        Take(8), Push(Kind::kReal);
        break;
      case 0x8C:  // SHORT_BINUNICODE
        Push({Kind::kText, 0, Take(Number(1)), {}});
        break;
      case 'X':
        Push({Kind::kText, 0, Take(Number(4)), {}});
        break;
      case ']':
      case ')':
        Push(Kind::kSequence);
        break;
      case '}':
        Push(Kind::kDict);
        break;
      case 0x85:  // TUPLE1 to TUPLE3
      case 0x86:
      case 0x87: {
        std::vector<std::size_t> items;
        for (int i = 0; i < opcode - 0x84; ++i) items.push_back(Pop());
        std::reverse(items.begin(), items.end());
        Push({Kind::kSequence, 0, {}, std::move(items)});
        break;
      }
      case 't':
      case 'l': {
        std::vector<std::size_t> items = PopMarked();
        Push({Kind::kSequence, 0, {}, std::move(items)});
        break;
      }
      case 'a': {
        const std::size_t item = Pop();
        Extend(Kind::kSequence, {item});
        break;
      }
      case 'e':
        Extend(Kind::kSequence, PopMarked());
        break;
      case 's': {
        const std::size_t value = Pop(), key = Pop();
        Extend(Kind::kDict, {key, value});
        break;
      }
      case 'u':
        Extend(Kind::kDict, PopMarked());
        break;
      case 'c':
        Global();
        break;
      case 'R':
        Reduce();
        break;
      case 'b':  // BUILD: the versions of a dictionary's modules
        Pop();
        if (values_[Top()].kind != Kind::kDict)
          throw Refused("its pickle sets attributes of what is no dictionary");
        break;
      case 'Q':
        Persistent();
        break;
      case 'q':
        memo_[Number(1)] = Top();
        break;
      case 'r':
        memo_[Number(4)] = Top();
        break;
      case 0x94: {  // MEMOIZE
        const std::size_t key = memo_.size();
        memo_[key] = Top();
        break;
      }
      case 'h':
        Recall(Number(1));
        break;
      case 'j':
        Recall(Number(4));
        break;
      default:
        throw Refused(Format("its pickle has opcode 0x%02x, which a file of weights has not",
                             unsigned{opcode}));
    }
  }

  void Recall(std::uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) throw Damaged("it recalls what was never remembered");
    stack_.push_back(found->second);
    if (stack_.size() > kMostValues)
      throw Refused(Format("its pickle makes more than %zu values", kMostValues));
  }

  std::vector<Value> values_;
  std::vector<std::size_t> stack_;
  std::unordered_map<std::uint64_t, std::size_t> memo_;
  std::unordered_map<std::size_t, std::string> global_names_;
};

float Element(const char* at, ElementType type) {
  auto as = [&]<typename T>(T value) {
    std::memcpy(&value, at, sizeof(value));
    return value;
  };
  switch (type) {
    case ElementType::kFloat:
      return as(float{});
    case ElementType::kHalf:
      return FromHalf(as(std::uint16_t{}));
    case ElementType::kBFloat16:
      return std::bit_cast<float>(std::uint32_t{as(std::uint16_t{})} << 16);
    case ElementType::kDouble:
      return static_cast<float>(as(double{}));
    case ElementType::kLong:
      return static_cast<float>(as(std::int64_t{}));
    case ElementType::kInt:
      return static_cast<float>(as(std::int32_t{}));
    case ElementType::kShort:
      return static_cast<float>(as(std::int16_t{}));
    case ElementType::kChar:
      return static_cast<float>(as(std::int8_t{}));
    case ElementType::kByte:
      return static_cast<float>(as(std::uint8_t{}));
  }
  return 0;
}

const StorageType& TypeOf(const Unpickler& values, const Value& storage) {
  const std::string& name = values.GlobalName(storage.items[0]);
  const auto type = std::find_if(std::begin(kStorageTypes), std::end(kStorageTypes),
                                 [&](const StorageType& one) { return one.name == name; });
  if (type == std::end(kStorageTypes))
    throw Error(ErrorCode::kCorrupt, "a tensor in it has a storage of no type");
  return *type;
}

class Reader {
 public:
  explicit Reader(std::string_view archive) : archive_(archive) {}

  std::vector<Tensor> Read() {
    if (archive_.starts_with(kOldMagic)) return ReadOld();
    entries_ = ReadZip(archive_);
    for (const ZipEntry& entry : entries_) {
      const std::size_t slash = entry.name.find('/');
      by_name_[slash == std::string::npos ? entry.name : entry.name.substr(slash + 1)] = &entry;
    }
    if (const ZipEntry* order = Find("byteorder");
        order != nullptr && ZipContent(*order, 100) != "little")
      throw Refused("its numbers are not little-endian");
    if (Find("constants.pkl") != nullptr)
      throw Refused(
          "it is a TorchScript network (torch.jit.save), not a file of weights: \"vpr embed "
          "--features\" runs it");
    const ZipEntry* entry = Find("data.pkl");
    if (entry == nullptr)
      throw Error(ErrorCode::kCorrupt, "it has no 'data.pkl', as torch.save writes one");
    const std::string pickle = ZipContent(*entry, kMostPickle);
    Unpickler values(pickle);
    const std::size_t result = values.Run();
    return Tensors(values, result);
  }

 private:
  // Pickles one after the other: the magic number, the version, what the machine was like, the
  // object, the keys of the storages; then every storage, a number of elements before it.
  std::vector<Tensor> ReadOld() {
    std::string_view rest = archive_.substr(kOldMagic.size());
    auto pickle = [&rest] {
      Unpickler values(rest.substr(0, std::min<std::size_t>(rest.size(), kMostPickle)));
      const std::size_t result = values.Run();
      rest.remove_prefix(values.at());
      return std::pair(std::move(values), result);
    };
    const auto [versions, version] = pickle();
    if (versions[version].kind != Kind::kNumber || versions[version].integer != kOldVersion)
      throw Refused("it has a version that is not understood");
    const auto [system, about] = pickle();
    const std::vector<std::size_t>& items = system[about].items;
    for (std::size_t i = 0; system[about].kind == Kind::kDict && i < items.size(); i += 2) {
      if (system[items[i]].text == "little_endian" && system[items[i + 1]].integer != 1)
        throw Refused("its numbers are not little-endian");
    }
    const auto [values, result] = pickle();
    std::unordered_map<std::string_view, const Value*> storages;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i].kind == Kind::kStorage) storages[values[i].text] = &values[i];
    }
    const auto [lists, keys] = pickle();
    if (lists[keys].kind != Kind::kSequence) throw Refused("it has no list of its storages");
    for (std::size_t key : lists[keys].items) {
      const auto storage = storages.find(lists[key].text);
      if (storage == storages.end())
        throw Error(ErrorCode::kCorrupt, "it has a storage that no tensor is in");
      const std::size_t bytes = TypeOf(values, *storage->second).bytes;
      std::uint64_t count = 0;
      if (rest.size() < sizeof(count)) throw Error(ErrorCode::kCorrupt, "it is cut off");
      std::memcpy(&count, rest.data(), sizeof(count));
      rest.remove_prefix(sizeof(count));
      if (count > rest.size() / bytes) throw Error(ErrorCode::kCorrupt, "it is cut off");
      old_[std::string(storage->first)] = rest.substr(0, count * bytes);
      rest.remove_prefix(count * bytes);
    }
    return Tensors(values, result);
  }

  std::vector<Tensor> Tensors(const Unpickler& values, std::size_t result) {
    const Value* dict = &values[result];
    if (dict->kind != Kind::kDict)
      throw Refused("it holds one object, not a dictionary of tensors");
    if (!HasTensors(values, *dict)) dict = &Inner(values, *dict);
    std::vector<Tensor> tensors;
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < dict->items.size(); i += 2) {
      const Value &key = values[dict->items[i]], &value = values[dict->items[i + 1]];
      if (key.kind != Kind::kText) throw Refused("a name in its dictionary is no text");
      if (value.kind != Kind::kTensor)
        throw Refused("its '" + PrintableName(key.text) + "' is no tensor");
      if (!names.insert(key.text).second)
        throw Refused("its tensor '" + PrintableName(key.text) + "' is in it twice");
      tensors.push_back(Load(values, std::string(key.text), value));
    }
    return tensors;
  }

  // The bytes of a storage; nothing: there is none.
  std::optional<std::string_view> Stored(const std::string& key) {
    if (const auto found = old_.find(key); found != old_.end()) return found->second;
    const ZipEntry* entry = Find("data/" + key);
    if (entry == nullptr) return std::nullopt;
    if (entry->deflated) throw Error(ErrorCode::kCorrupt, "its data is compressed");
    if (checked_.insert(entry).second) ZipContent(*entry, entry->size);  // its checksum
    return entry->stored;
  }

  const ZipEntry* Find(const std::string& name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  static bool HasTensors(const Unpickler& values, const Value& dict) {
    for (std::size_t i = 1; i < dict.items.size(); i += 2) {
      if (values[dict.items[i]].kind == Kind::kTensor) return true;
    }
    return false;
  }

  static const Value& Inner(const Unpickler& values, const Value& dict) {
    const Value* found = nullptr;
    for (std::size_t i = 1; i < dict.items.size(); i += 2) {
      const Value& value = values[dict.items[i]];
      if (value.kind != Kind::kDict || !HasTensors(values, value)) continue;
      if (found != nullptr) throw Refused("it holds several dictionaries of tensors");
      found = &value;
    }
    if (found == nullptr) throw Refused("it holds no tensors");
    return *found;
  }

  Tensor Load(const Unpickler& values, const std::string& name, const Value& value) {
    auto fail = [&](const std::string& what) {
      return Error(ErrorCode::kCorrupt, "its tensor '" + PrintableName(name) + "' " + what);
    };
    auto integer = [&](std::size_t of) {
      const Value& number = values[of];
      if (number.kind != Kind::kNumber || number.integer < 0 || number.integer > kMostExtent)
        throw fail("has a size that is impossible");
      return static_cast<std::uint64_t>(number.integer);
    };
    const Value& storage = values[value.items[0]];
    const StorageType& type = TypeOf(values, storage);
    const std::optional<std::string_view> bytes = Stored(std::string(storage.text));
    if (!bytes) throw fail("has no data");
    const std::uint64_t stored = bytes->size() / type.bytes;
    const Value &shape = values[value.items[2]], &strides = values[value.items[3]];
    if (shape.kind != Kind::kSequence || strides.kind != Kind::kSequence ||
        shape.items.size() != strides.items.size())
      throw fail("has no shape");
    if (shape.items.size() > kMostDimensions)
      throw fail(Format("has %zu dimensions", shape.items.size()));
    Tensor tensor;
    tensor.name = name;
    std::uint64_t count = 1, last = integer(value.items[1]);
    std::vector<std::uint64_t> steps;
    for (std::size_t d = 0; d < shape.items.size(); ++d) {
      const std::uint64_t extent = integer(shape.items[d]);
      steps.push_back(integer(strides.items[d]));
      tensor.shape.push_back(static_cast<std::int64_t>(extent));
      // No tensor has more values than its storage.
      if (extent == 0 || count > stored / extent) throw fail("does not fit its data");
      count *= extent;
      last += (extent - 1) * steps.back();  // below 2^62 and 8 of them; each is checked
      if (last >= stored) throw fail("does not fit its data");
    }
    if (last >= stored) throw fail("does not fit its data");
    values_ += count;
    if (values_ > archive_.size()) throw Refused("its tensors share their data too often");
    std::uint64_t offset = integer(value.items[1]);
    std::vector<std::uint64_t> at(steps.size());
    tensor.data.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      tensor.data.push_back(Element(bytes->data() + offset * type.bytes, type.type));
      for (std::size_t d = steps.size(); d-- > 0;) {
        offset += steps[d];
        if (++at[d] < static_cast<std::uint64_t>(tensor.shape[d])) break;
        offset -= at[d] * steps[d];
        at[d] = 0;
      }
    }
    if (!std::all_of(tensor.data.begin(), tensor.data.end(),
                     [](float one) { return std::isfinite(one); }))
      throw Refused("its tensor '" + PrintableName(name) + "' has values that are no numbers");
    return tensor;
  }

  std::string_view archive_;
  std::vector<ZipEntry> entries_;
  std::unordered_map<std::string, const ZipEntry*> by_name_;
  std::set<const ZipEntry*> checked_;
  std::unordered_map<std::string, std::string_view> old_;  // of an old file: its storages, by key
  std::uint64_t values_ = 0;                               // in all tensors so far
};

}  // namespace

std::vector<Tensor> ReadStateDict(std::string_view archive) {
  if (!LooksLikeZip(archive) && !archive.starts_with(kOldMagic))
    throw Error(ErrorCode::kCorrupt,
                "it is no ZIP archive, as torch.save writes one, nor what it wrote before "
                "PyTorch 1.6");
  return Reader(archive).Read();
}

}  // namespace vpr
