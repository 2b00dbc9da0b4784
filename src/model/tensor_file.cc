#include "model/tensor_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <set>

#include "base/json_reading.h"
#include "model/compact_weights.h"
#include "vpr/base/file_io.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

// Layout: magic, u32 format version, u32 zero, u64 length of the JSON, the JSON padded with blanks
// to a multiple of 64, the tensors (float32 or compact, C order, one after the other), 32
// characters of checksum.
constexpr std::size_t kMagicSize = 8;
constexpr std::size_t kPrologue = kMagicSize + 4 + 4 + 8;
constexpr std::size_t kChecksum = 32;

constexpr int kMostReaders = 4;

// A description of ours nests 5 deep; what is done with one goes through it by recursion.
constexpr int kMostNesting = 32;

// How deep brackets nest outside strings.
int Nesting(std::string_view json) {
  int depth = 0, deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return deepest;
}

// Names, labels and notes in a description reach terminals and messages.
void MakePrintable(Json& json) {
  if (json.is_string()) {
    std::string& text = json.get_ref<std::string&>();
    const bool plain =
        std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
    if (!plain) text = Printable(text);
  } else if (json.is_object()) {
    for (auto& [name, value] : json.get_ref<Json::object_t&>()) {
      if (name != Printable(name))
        throw Error(ErrorCode::kCorrupt, "a name in its description has control characters");
      MakePrintable(value);
    }
  } else if (json.is_array()) {
    for (Json& value : json) MakePrintable(value);
  }
}

std::string LittleEndian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
  return text;
}

std::uint64_t FromLittleEndian(std::string_view text) {
  std::uint64_t value = 0;
  for (std::size_t i = text.size(); i > 0; --i)
    value = value << 8 | static_cast<unsigned char>(text[i - 1]);
  return value;
}

// What a file is that begins as these files do, as TensorFileFormat::what has it; else nothing.
std::string_view KindOf(std::string_view content) {
  constexpr std::pair<char, const char*> kKinds[] = {
      {'R', "model"},      {'C', "classifier"}, {'W', "transcriber"},
      {'T', "checkpoint"}, {'S', "score"},      {'S', "speech detector"}};
  if (content.size() < kPrologue || !content.starts_with("\x89VP") ||
      content.substr(4, 4) != "\r\n\x1a\n")
    return {};
  // Two kinds have one letter, but only scores have this in their description.
  const std::uint64_t json_size = FromLittleEndian(content.substr(kMagicSize + 8, 8));
  const bool scores = content.substr(kPrologue, json_size).find("\"scoring\"") != std::string::npos;
  for (const auto& [letter, kind] : kKinds)
    if (content[3] == letter && (letter != 'S' || scores == (std::string_view(kind) == "score")))
      return kind;
  return {};
}

}  // namespace

Error CannotUse(const std::string& path, const TensorFileFormat& format, ErrorCode code,
                const std::string& what) {
  return Error(code,
               std::string("cannot use ") + format.what + " '" + Printable(path) + "': " + what);
}

std::string WriteTensorFile(const std::string& path, const TensorFileFormat& format, Json header,
                            const std::vector<Tensor>& tensors, WeightType weights,
                            std::size_t compact, int version) {
  auto is_compact = [&](std::size_t i) {
    return weights != WeightType::kFloat32 && i < compact && HasWeights(tensors[i]);
  };
  header["tensors"] = Json::array();
  std::uint64_t values = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    header["tensors"].push_back({{"name", tensors[i].name}, {"shape", tensors[i].shape}});
    if (is_compact(i)) header["tensors"].back()["type"] = Name(weights);
    values += tensors[i].data.size();
  }
  std::string json = header.dump(1, ' ', false, Json::error_handler_t::replace);
  json.resize((kPrologue + json.size() + 63) / 64 * 64 - kPrologue, ' ');
  std::string content(format.magic, kMagicSize);
  content.reserve(kPrologue + json.size() + values * sizeof(float) + kChecksum);
  if (version == 0)
    version = weights == WeightType::kFloat32 ? format.version : format.compact_version;
  content += LittleEndian(static_cast<std::uint64_t>(version), 4);
  content += LittleEndian(0, 4);
  content += LittleEndian(json.size(), 8);
  content += json;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (is_compact(i)) {
      AppendCompact(tensors[i], weights, content);
    } else {
      content.append(reinterpret_cast<const char*>(tensors[i].data.data()),
                     tensors[i].data.size() * sizeof(float));
    }
  }
  const std::string fingerprint = Fingerprint(content);
  content += fingerprint;
  WriteFileAtomically(path, content);
  return fingerprint;
}

TensorFile ReadTensorFile(const std::string& path, const TensorFileFormat& format) {
  std::optional<MappedFile> mapped;
  std::string text;  // of what cannot be mapped
  if (IsRegularFile(path)) {
    mapped.emplace(path);
  } else {
    text = ReadFile(path);
  }
  const std::string_view content = mapped ? mapped->text() : std::string_view(text);
  auto fail = [&](ErrorCode code, const std::string& what) {
    return CannotUse(path, format, code, what);
  };
  if (content.empty()) throw fail(ErrorCode::kCorrupt, "the file is empty");
  if (const std::string_view kind = KindOf(content); kind != format.what)
    throw fail(ErrorCode::kCorrupt,
               std::string("it is not a vpr ") + format.what + " file" +
                   (kind.empty() ? std::string() : ", it is a " + std::string(kind)));
  const std::uint64_t version = FromLittleEndian(content.substr(kMagicSize, 4));
  const int newest = std::max(format.compact_version, format.newest_version);
  const bool compact = format.compact_version > 0 &&
                       version >= static_cast<std::uint64_t>(format.compact_version) &&
                       version <= static_cast<std::uint64_t>(newest);
  if (!compact && version != static_cast<std::uint64_t>(format.version))
    throw fail(ErrorCode::kIncompatible,
               Format("it has format version %llu, this program reads ",
                      static_cast<unsigned long long>(version)) +
                   (newest > format.version ? Format("versions %d to %d", format.version, newest)
                                            : Format("version %d", format.version)) +
                   "; train it again or use the program it came with");
  std::uint64_t json_size = FromLittleEndian(content.substr(kMagicSize + 8, 8));
  if (content.size() < kPrologue + kChecksum || json_size > content.size() - kPrologue - kChecksum)
    throw fail(ErrorCode::kCorrupt, Format("it is cut off after %zu bytes", content.size()));
  std::string_view body = content.substr(0, content.size() - kChecksum);
  TensorFile file;
  file.version = static_cast<int>(version);
  file.fingerprint = Fingerprint(body);
  if (content.substr(body.size()) != file.fingerprint)
    throw fail(ErrorCode::kCorrupt, "its checksum is wrong: the file is damaged or cut off");

  struct Place {
    const char* bytes;
    WeightType type;
    std::size_t count, stored;
  };
  std::vector<Place> places;
  std::size_t offset = kPrologue + json_size;
  try {
    const std::string_view json = content.substr(kPrologue, json_size);
    if (Nesting(json) > kMostNesting)
      throw fail(ErrorCode::kCorrupt, "its description nests too deep");
    file.header = Json::parse(json);
    try {
      MakePrintable(file.header);
    } catch (const Error& error) {
      throw fail(error.code(), error.what());
    }
    std::set<std::string> names;
    for (const Json& entry : file.header.at("tensors")) {
      Tensor tensor;
      entry.at("name").get_to(tensor.name);
      ReadWholeList(entry, "shape", tensor.shape);
      if (!names.insert(tensor.name).second)
        throw fail(ErrorCode::kCorrupt, "tensor '" + tensor.name + "' is in it twice");
      const std::uint64_t left = body.size() - offset;
      std::uint64_t count = 1;
      bool fits = true;
      for (std::int64_t extent : tensor.shape) {
        fits = fits && extent >= 0 &&
               (extent == 0 || count <= left / static_cast<std::uint64_t>(extent));
        if (fits) count *= static_cast<std::uint64_t>(extent);
      }
      WeightType type = WeightType::kFloat32;
      if (compact && entry.contains("type")) {
        const auto found = WeightTypeOf(entry.at("type").get<std::string>());
        if (!found || (file.weights != WeightType::kFloat32 && file.weights != *found))
          throw fail(ErrorCode::kCorrupt, "tensor '" + tensor.name + "' has a wrong type");
        type = *found;
      }
      const bool rounded = type != WeightType::kFloat32;
      if (rounded) file.weights = type;
      fits = fits && (!rounded || HasWeights(tensor));
      const std::size_t stored = !fits     ? 0
                                 : rounded ? CompactBytes(tensor, type, count)
                                           : count * sizeof(float);
      if (!fits || stored > left)
        throw fail(ErrorCode::kCorrupt, "tensor '" + tensor.name + "' does not fit in the file");
      places.push_back({body.data() + offset, type, count, stored});
      offset += stored;
      file.tensors.push_back(std::move(tensor));
    }
  } catch (const nlohmann::json::exception& error) {
    throw fail(ErrorCode::kCorrupt,
               std::string("its description is not as expected: ") + JsonReason(error));
  }
  if (offset != body.size())
    throw fail(ErrorCode::kCorrupt,
               Format("%zu bytes are left over after its tensors", body.size() - offset));
  // A command waits for this at every start.
  ParallelFor(places.size(), std::min(HardwareThreads(), kMostReaders), [&](std::size_t i) {
    const Place& place = places[i];
    Tensor& tensor = file.tensors[i];
    tensor.data.resize(place.count);
    if (place.type != WeightType::kFloat32) {
      ReadCompact(place.bytes, place.type, tensor);
    } else if (place.count > 0) {
      std::memcpy(tensor.data.data(), place.bytes, place.stored);
    }
    // One that is no number makes all that is computed with it none.
    if (!std::all_of(tensor.data.begin(), tensor.data.end(),
                     [](float value) { return std::isfinite(value); }))
      throw fail(ErrorCode::kCorrupt,
                 "tensor '" + tensor.name + "' has values that are no numbers");
  });
  return file;
}

}  // namespace vpr
