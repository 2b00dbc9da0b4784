#include "vpr/dataset/packed_dataset.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>

#include "base/json_reading.h"
#include "dataset/packed_format.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace packed {

FolderLock::FolderLock(const std::string& prefix, bool exclusive) {
  std::string folder = std::filesystem::path(prefix).parent_path().string();
  fd_ = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd_ < 0) return;
  while (::flock(fd_, exclusive ? LOCK_EX : LOCK_SH) != 0 && errno == EINTR) {
  }
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

void FolderLock::Sync() {
  if (fd_ >= 0 && ::fsync(fd_) != 0 && errno != EINVAL && errno != EROFS)
    throw Error(ErrorCode::kIo, "cannot bring the folder of the data set to the disk: " +
                                    std::error_code(errno, std::generic_category()).message());
}

}  // namespace packed

namespace {

[[noreturn]] void Bad(const std::string& path, const std::string& what) {
  throw Error(ErrorCode::kCorrupt, "cannot use data set file '" + Printable(path) + "': " + what);
}

[[noreturn]] void BadLine(const std::string& path, std::uint64_t line, const std::string& what) {
  Bad(path, Format("line %llu: ", static_cast<unsigned long long>(line)) + what);
}

std::string Number(std::uint64_t value) { return std::to_string(value); }

// Lines of a mapped file one after another; nothing is stored.
class LineCursor {
 public:
  explicit LineCursor(std::string_view text) : rest_(text) {}
  bool Next(std::string_view& line) {
    if (rest_.empty()) return false;
    std::size_t end = rest_.find('\n');
    line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number_;
    return true;
  }
  std::uint64_t number() const { return number_; }

 private:
  std::string_view rest_;
  std::uint64_t number_ = 0;
};

std::optional<std::uint64_t> ParseUnsigned(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

// Record numbers by key: open addressing, eight bytes a slot, keys compared where they lie.
class KeyTable {
 public:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  explicit KeyTable(std::size_t count) : slots_(std::bit_ceil(count + count / 3 + 1)) {}

  // The record of an equal key, else inserts `record` and returns kNone.
  template <typename KeyOf>
  std::uint32_t Insert(std::string_view key, std::uint32_t record, const KeyOf& key_of) {
    auto [slot, found] = Locate(key, key_of);
    if (found) return slots_[slot].record_plus_one - 1;
    slots_[slot] = {Tag(key), record + 1};
    return kNone;
  }

  template <typename KeyOf>
  std::uint32_t Find(std::string_view key, const KeyOf& key_of) const {
    auto [slot, found] = Locate(key, key_of);
    return found ? slots_[slot].record_plus_one - 1 : kNone;
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t record_plus_one = 0;  // 0: free
  };

  static std::uint64_t Hash(std::string_view key) { return XXH3_64bits(key.data(), key.size()); }
  static std::uint32_t Tag(std::string_view key) {
    return static_cast<std::uint32_t>(Hash(key) >> 32);
  }

  template <typename KeyOf>
  std::pair<std::size_t, bool> Locate(std::string_view key, const KeyOf& key_of) const {
    std::uint64_t hash = Hash(key);
    std::uint32_t tag = Tag(key);
    std::size_t mask = slots_.size() - 1;
    for (std::size_t slot = hash & mask;; slot = (slot + 1) & mask) {
      const Slot& candidate = slots_[slot];
      if (candidate.record_plus_one == 0) return {slot, false};
      if (candidate.tag == tag && key_of(candidate.record_plus_one - 1) == key) return {slot, true};
    }
  }

  std::vector<Slot> slots_;
};

MappedFile OpenPart(const std::string& prefix, const char* ending) {
  std::string path = prefix + ending;
  try {
    return MappedFile(path);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    throw Error(
        ErrorCode::kNotFound,
        "cannot open data set '" + Printable(prefix) + "': '" + Printable(path) +
            "' is missing: packing was interrupted or has not been done; run vpr pack again");
  }
}

struct FileSeal {
  std::uint64_t bytes = 0;
  std::string xxh3;  // empty: not given
};

void CheckSeal(const MappedFile& file, const FileSeal& seal, const std::string& json_path) {
  if (file.bytes().size() != seal.bytes)
    Bad(file.path(), "found " + Number(file.bytes().size()) + " bytes, '" + Printable(json_path) +
                         "' says " + Number(seal.bytes) + "; it was truncated or changed");
  if (!seal.xxh3.empty() && Fingerprint(file.text()) != seal.xxh3)
    Bad(file.path(), "its contents are not those '" + Printable(json_path) +
                         "' was written for; it was damaged or changed");
}

struct Description {
  DatasetInfo info;
  FileSeal data, header, label;
};

Description ReadDescription(const MappedFile& file) {
  using nlohmann::json;
  try {
    json root = json::parse(file.text());
    if (root.at("format").get<std::string>() != packed::kFormatName)
      Bad(file.path(), std::string("expected \"format\": \"") + packed::kFormatName + "\"");
    const auto whole = [&file](const json& from, const char* name) {
      try {
        return WholeNumber<std::uint64_t>(from.at(name), name);
      } catch (const Error& error) {
        Bad(file.path(), error.what());
      }
    };
    const std::uint64_t version = whole(root, "version");
    if (version != packed::kFormatVersion)
      throw Error(
          ErrorCode::kIncompatible,
          "cannot use data set file '" + Printable(file.path()) + "': format version " +
              Number(version) +
              Format(", this vpr reads version %d; run vpr pack again", packed::kFormatVersion));
    const std::uint64_t rate = whole(root, "sample_rate");
    if (rate != kSampleRate)
      Bad(file.path(), "sample rate " + Number(rate) + Format(", expected %d", kSampleRate));
    Description description;
    DatasetInfo& info = description.info;
    info.payload = ParsePayloadKind(root.at("payload").get<std::string>());
    info.source = root.at("source").get<std::string>();
    info.trim_top_db = root.at("trim_top_db").get<double>();
    info.seconds = root.at("seconds").get<double>();
    info.utterances = whole(root, "utterances");
    info.speakers = whole(root, "speakers");
    info.fingerprint = root.at("fingerprint").get<std::string>();
    auto seal = [&](const char* name, bool sealed) {
      const json& part = root.at("files").at(name);
      return FileSeal{whole(part, "bytes"),
                      sealed ? part.at("xxh3").get<std::string>() : std::string()};
    };
    description.data = seal("data", false);
    description.header = seal("header", true);
    description.label = seal("label", true);
    return description;
  } catch (const json::exception& error) {
    Bad(file.path(), "not the description of a data set: " + JsonReason(error));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidArgument) throw;
    Bad(file.path(), error.what());
  }
}

}  // namespace

const char* ToString(PayloadKind kind) { return kind == PayloadKind::kPcm16 ? "pcm16" : "mel64"; }

PayloadKind ParsePayloadKind(const std::string& name) {
  if (name == "pcm16") return PayloadKind::kPcm16;
  if (name == "mel64") return PayloadKind::kMel64;
  throw Error(ErrorCode::kInvalidArgument,
              "unknown payload '" + Printable(name) + "', expected pcm16 or mel64");
}

struct PackedDataset::Files {
  MappedFile header, data, labels;
  std::optional<MappedFile> json;
};

PackedDataset::Files PackedDataset::Open(const std::string& prefix) {
  packed::FolderLock lock(prefix, false);
  // The header first: where it is missing the set is not there, whatever else is.
  Files files{OpenPart(prefix, ".header"), OpenPart(prefix, ".data"), OpenPart(prefix, ".label"),
              std::nullopt};
  if (std::filesystem::exists(prefix + ".json")) files.json.emplace(prefix + ".json");
  return files;
}

PackedDataset::PackedDataset(const std::string& prefix) : PackedDataset(prefix, Open(prefix)) {}

PackedDataset::PackedDataset(const std::string& prefix, Files files)
    : prefix_(prefix), data_(std::move(files.data)) {
  const MappedFile &header = files.header, &labels = files.labels;
  const std::optional<MappedFile>& json = files.json;
  has_info_ = json.has_value();
  if (json) {
    Description description = ReadDescription(*json);
    CheckSeal(data_, description.data, json->path());
    CheckSeal(header, description.header, json->path());
    CheckSeal(labels, description.label, json->path());
    info_ = std::move(description.info);
  }
  ReadHeader(header);
  ReadLabels(labels);
  if (json) {
    if (info_.utterances != records_.size())
      Bad(json->path(), "it says " + Number(info_.utterances) + " utterances, found " +
                            Number(records_.size()) + " in '" + Printable(header.path()) + "'");
    if (info_.speakers != label_names_.size())
      Bad(json->path(), "it says " + Number(info_.speakers) + " speakers, found " +
                            Number(label_names_.size()) + " in '" + Printable(labels.path()) + "'");
  } else {
    info_.payload = PayloadKind::kMel64;
    info_.utterances = records_.size();
    info_.speakers = label_names_.size();
    info_.seconds = static_cast<double>(records_.size()) * kMel64Samples / kSampleRate;
    FingerprintStream stream;
    stream.Add(header.text());
    stream.Add(labels.text());
    info_.fingerprint = stream.Digest();
  }
}

void PackedDataset::ReadHeader(const MappedFile& header) {
  const std::string& path = header.path();
  const std::uint8_t* data = data_.bytes().data();
  const std::uint64_t data_size = data_.bytes().size();
  std::string_view text = header.text();
  records_.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1);
  LineCursor lines(text);
  std::uint64_t end_of_last = 0;
  for (std::string_view line; lines.Next(line);) {
    std::uint64_t number = lines.number();
    std::size_t second = line.rfind('\t');
    std::size_t first =
        second == std::string_view::npos || second == 0 ? second : line.rfind('\t', second - 1);
    if (second == std::string_view::npos || first == std::string_view::npos || first == 0)
      BadLine(
          path, number,
          "found '" + Printable(line) + "', expected key<TAB>payload offset<TAB>payload length");
    std::string_view key = line.substr(0, first);
    auto offset = ParseUnsigned(line.substr(first + 1, second - first - 1));
    auto length = ParseUnsigned(line.substr(second + 1));
    if (!offset || !length)
      BadLine(path, number,
              "found '" + Printable(line.substr(first + 1)) + "', expected two whole numbers");
    // All comparisons by subtraction from what is known to be larger: the sums could overflow.
    if (*offset > data_size || *length > data_size - *offset)
      BadLine(path, number,
              "a payload of " + Number(*length) + " bytes at " + Number(*offset) +
                  " goes beyond the end of '" + Printable(data_.path()) + "' at " +
                  Number(data_size));
    std::uint64_t before = 8 + static_cast<std::uint64_t>(key.size());
    if (*offset < before)
      BadLine(path, number,
              "payload offset " + Number(*offset) + " leaves no room for the key before it");
    const std::uint64_t begin = *offset - before;
    std::uint32_t key_length = packed::ReadU32(data + begin);
    if (key_length != key.size())
      Bad(data_.path(), "at byte " + Number(begin) + ": key length " + Number(key_length) +
                            ", expected " + Number(key.size()) + " as in line " + Number(number) +
                            " of '" + Printable(path) + "'");
    if (std::memcmp(data + begin + 4, key.data(), key.size()) != 0)
      Bad(data_.path(),
          "at byte " + Number(begin + 4) + ": key '" +
              Printable({reinterpret_cast<const char*>(data + begin + 4), key.size()}) +
              "', expected '" + Printable(key) + "' as in line " + Number(number) + " of '" +
              Printable(path) + "'");
    std::uint32_t payload_length = packed::ReadU32(data + *offset - 4);
    if (payload_length != *length)
      Bad(data_.path(), "at byte " + Number(*offset - 4) + ": payload length " +
                            Number(payload_length) + ", expected " + Number(*length) +
                            " as in line " + Number(number) + " of '" + Printable(path) + "'");
    if (has_info_ && begin != end_of_last)
      BadLine(path, number,
              "its record begins at byte " + Number(begin) + " of '" + Printable(data_.path()) +
                  "', expected " + Number(end_of_last) + ", the end of the record before it");
    if (!has_info_ && *length != kMel64Bytes)
      BadLine(path, number,
              "found a payload of " + Number(*length) + " bytes; without '" +
                  Printable(prefix_ + ".json") + "' every payload must be a mel64 spectrogram of " +
                  Number(kMel64Bytes) + " bytes");
    if (has_info_ && info_.payload == PayloadKind::kMel64 && *length != kMel64Bytes)
      BadLine(path, number,
              "found a payload of " + Number(*length) + " bytes, expected " + Number(kMel64Bytes) +
                  " in a mel64 set");
    if (has_info_ && info_.payload == PayloadKind::kPcm16 && (*length == 0 || *length % 2 != 0))
      BadLine(path, number,
              "found a payload of " + Number(*length) +
                  " bytes, expected two for each sample in a pcm16 set");
    end_of_last = *offset + *length;
    if (records_.size() >= KeyTable::kNone - 1)
      Bad(path, "more than " + Number(KeyTable::kNone - 1) + " records");
    records_.push_back({*offset, payload_length, -1});
    if (!has_info_) key_lengths_.push_back(key_length);
  }
  if (records_.empty()) Bad(path, "it holds no records");
  if (has_info_ && end_of_last != data_size)
    Bad(data_.path(), Number(data_size - end_of_last) + " bytes follow the last record in '" +
                          Printable(path) + "'");
}

void PackedDataset::ReadLabels(const MappedFile& labels) {
  const std::string& path = labels.path();
  auto key_of = [this](std::uint32_t i) { return key(i); };
  // Made when it is needed: keys that rise are all different, and labels in the header's order, as
  // ours are, need not be looked for.
  std::optional<KeyTable> table;
  auto make_table = [&] {
    table.emplace(records_.size());
    for (std::uint32_t i = 0; i < records_.size(); ++i) {
      std::uint32_t same = table->Insert(key(i), i, key_of);
      if (same != KeyTable::kNone)
        BadLine(prefix_ + ".header", std::uint64_t{i} + 1,
                "key '" + Printable(key(i)) + "' is already in line " +
                    Number(std::uint64_t{same} + 1));
    }
  };
  for (std::size_t i = 1; i < records_.size() && !table; ++i) {
    if (key(i - 1) >= key(i)) make_table();
  }

  // Labels get provisional numbers in order of appearance, then their ranks.
  std::unordered_map<std::string_view, std::int32_t> numbers;
  LineCursor lines(labels.text());
  for (std::string_view line; lines.Next(line);) {
    std::uint64_t number = lines.number();
    std::size_t tab = line.rfind('\t');
    if (tab == std::string_view::npos || tab == 0 || tab + 1 == line.size())
      BadLine(path, number, "found '" + Printable(line) + "', expected key<TAB>label");
    std::string_view line_key = line.substr(0, tab), label = line.substr(tab + 1);
    std::uint32_t record = KeyTable::kNone;
    if (number <= records_.size() && key(number - 1) == line_key) {
      record = static_cast<std::uint32_t>(number - 1);
    } else {
      if (!table) make_table();
      record = table->Find(line_key, key_of);
    }
    if (record == KeyTable::kNone)
      BadLine(
          path, number,
          "key '" + Printable(line_key) + "' is not in '" + Printable(prefix_ + ".header") + "'");
    if (records_[record].label >= 0)
      BadLine(path, number, "key '" + Printable(line_key) + "' is labelled a second time");
    auto [entry, added] = numbers.try_emplace(label, static_cast<std::int32_t>(numbers.size()));
    records_[record].label = entry->second;
  }
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (records_[i].label < 0)
      Bad(path, "no label for key '" + Printable(key(i)) + "' of line " + Number(i + 1) + " of '" +
                    Printable(prefix_ + ".header") + "'");
  }

  std::vector<std::string_view> names;
  for (const auto& [name, number] : numbers) names.push_back(name);
  std::sort(names.begin(), names.end());
  std::vector<std::int32_t> ranks(names.size());
  for (std::size_t rank = 0; rank < names.size(); ++rank)
    ranks[static_cast<std::size_t>(numbers.at(names[rank]))] = static_cast<std::int32_t>(rank);
  for (Record& record : records_) record.label = ranks[static_cast<std::size_t>(record.label)];
  label_names_.assign(names.begin(), names.end());
}

void PackedDataset::VerifyPayloads() const {
  if (!has_info_) return;
  FingerprintStream stream;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    packed::AddField(stream, key(i));
    packed::AddField(stream, label_names_[static_cast<std::size_t>(label(i))]);
    packed::AddField(stream, payload(i).data(), records_[i].length);
  }
  if (std::string found = stream.Digest(); found != info_.fingerprint)
    Bad(data_.path(), "its fingerprint is " + found + ", '" + Printable(prefix_ + ".json") +
                          "' says " + Printable(info_.fingerprint) +
                          "; a payload was damaged or changed");
}

std::string_view PackedDataset::key(std::size_t i) const {
  const std::uint64_t end = records_[i].offset - 4;
  if (!has_info_) return data_.text().substr(end - key_lengths_[i], key_lengths_[i]);
  const std::uint64_t begin = 4 + (i == 0 ? 0 : records_[i - 1].offset + records_[i - 1].length);
  return data_.text().substr(begin, end - begin);
}

std::span<const std::uint8_t> PackedDataset::payload(std::size_t i) const {
  return data_.bytes().subspan(records_[i].offset, records_[i].length);
}

std::size_t PackedDataset::NumSamples(std::size_t i) const {
  VPR_CHECK(info_.payload == PayloadKind::kPcm16);
  return records_[i].length / 2;
}

void PackedDataset::ReadSamples(std::size_t i, std::size_t begin, std::size_t count,
                                float* out) const {
  std::size_t samples = NumSamples(i);
  VPR_CHECK(begin <= samples && count <= samples - begin);
  const std::uint8_t* bytes = payload(i).data() + 2 * begin;
  for (std::size_t n = 0; n < count; ++n) {
    std::int16_t value;
    std::memcpy(&value, bytes + 2 * n, 2);
    out[n] = static_cast<float>(value) * (1.0f / 32768.0f);
  }
}

double PackedDataset::Seconds(std::size_t i) const {
  const std::size_t samples = info_.payload == PayloadKind::kMel64 ? kMel64Samples : NumSamples(i);
  return static_cast<double>(samples) / kSampleRate;
}

Matrix PackedDataset::ReadMel(std::size_t i) const {
  VPR_CHECK(info_.payload == PayloadKind::kMel64);
  Matrix mel(kMel64Bands, kMel64Frames);
  const std::uint8_t* bytes = payload(i).data();
  for (std::size_t n = 0; n < mel.data.size(); ++n) {
    double value;
    std::memcpy(&value, bytes + sizeof value * n, sizeof value);
    mel.data[n] = static_cast<float>(value);
  }
  return mel;
}

}  // namespace vpr
