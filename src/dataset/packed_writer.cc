#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "dataset/packed_format.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/base/version.h"
#include "vpr/dataset/packed_dataset.h"

namespace vpr {
namespace {

constexpr const char* kEndings[] = {".data", ".label", ".json", ".header"};

// Temporary files of earlier runs with this prefix whose process is gone (killed):
// "X.tmp.PID.RANDOM".
void RemoveStaleFiles(const std::string& prefix) {
  namespace fs = std::filesystem;
  fs::path folder = fs::path(prefix).parent_path();
  std::string base = fs::path(prefix).filename().string();
  std::error_code error;
  for (fs::directory_iterator entry(folder.empty() ? "." : folder, error), end;
       !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename().string();
    for (const char* ending : kEndings) {
      std::string stem = base + ending + ".tmp.";
      if (!name.starts_with(stem)) continue;
      long pid = 0;
      const char* text_end = name.data() + name.size();
      auto [stop, bad] = std::from_chars(name.data() + stem.size(), text_end, pid);
      if (bad != std::errc() || stop == text_end || *stop != '.' || pid <= 0) continue;
      if (::kill(static_cast<pid_t>(pid), 0) == 0 || errno != ESRCH) continue;
      std::error_code ignored;  // somebody else may have removed it
      fs::remove(entry->path(), ignored);
    }
  }
}

void CheckName(const char* what, std::string_view text) {
  if (text.empty())
    throw Error(ErrorCode::kInvalidArgument, std::string("empty ") + what + " in a data set");
  if (!IsUtf8(text) ||
      text.find_first_of(std::string_view("\t\n\r\0", 4)) != std::string_view::npos)
    throw Error(ErrorCode::kInvalidArgument, std::string("cannot use '") + Printable(text) +
                                                 "' as a " + what +
                                                 ": expected UTF-8 without tabs and line ends");
  if (text.size() > std::numeric_limits<std::uint32_t>::max())
    throw Error(ErrorCode::kInvalidArgument, std::string("a ") + what + " is longer than 4 GiB");
}

}  // namespace

struct PackedWriter::Impl {
  Impl(const std::string& prefix_in, const DatasetInfo& info_in)
      : prefix((RemoveStaleFiles(prefix_in), prefix_in)),
        info(info_in),
        data(prefix + ".data"),
        header(prefix + ".header"),
        label(prefix + ".label"),
        json(prefix + ".json") {
    info.seconds = 0;
    info.utterances = 0;
  }

  // Writes the last file and brings all to the disk, under their temporary names.
  void Seal() {
    VPR_CHECK(missing == 0);
    if (info.utterances == 0)
      throw Error(ErrorCode::kUnusable,
                  "cannot write data set '" + Printable(prefix) + "': it would hold no utterance");
    info.speakers = speakers.size();
    info.seconds = std::round(info.seconds * 1e7) / 1e7;  // without the dust of many additions
    info.fingerprint = fingerprint.Digest();
    nlohmann::ordered_json root;
    root["format"] = packed::kFormatName;
    root["version"] = packed::kFormatVersion;
    root["vpr"] = Version();
    root["payload"] = ToString(info.payload);
    root["sample_rate"] = kSampleRate;
    root["trim_top_db"] = info.trim_top_db;
    root["source"] = Printable(info.source);
    root["utterances"] = info.utterances;
    root["speakers"] = info.speakers;
    root["seconds"] = info.seconds;
    root["fingerprint"] = info.fingerprint;
    root["files"]["data"] = {{"bytes", data.size()}};
    root["files"]["header"] = {{"bytes", header.size()}, {"xxh3", header_seal.Digest()}};
    root["files"]["label"] = {{"bytes", label.size()}, {"xxh3", label_seal.Digest()}};
    json.Write(root.dump(2) + "\n");
    for (AtomicFile* file : {&data, &label, &json, &header}) file->Sync();
  }

  void RemoveOldHeader() const {
    const std::string& path = header.path();
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      throw Error(ErrorCode::kIo, "cannot replace '" + Printable(path) + "': " +
                                      std::error_code(errno, std::generic_category()).message());
  }

  std::string prefix;
  DatasetInfo info;
  AtomicFile data, header, label, json;
  FingerprintStream fingerprint, header_seal, label_seal;
  std::set<std::string, std::less<>> speakers;
  std::uint64_t missing = 0;  // bytes of the record under way
};

PackedWriter::PackedWriter(const std::string& prefix, const DatasetInfo& info)
    : impl_(std::make_unique<Impl>(prefix, info)) {}

PackedWriter::~PackedWriter() = default;

void PackedWriter::Add(std::string_view key, std::string_view label,
                       std::span<const std::uint8_t> payload, double seconds) {
  Begin(key, label, payload.size(), seconds);
  Append(payload);
}

void PackedWriter::Begin(std::string_view key, std::string_view label, std::uint64_t size,
                         double seconds) {
  VPR_CHECK(impl_->missing == 0);
  CheckName("key", key);
  CheckName("label", label);
  bool fits = impl_->info.payload == PayloadKind::kMel64
                  ? size == kMel64Bytes
                  : size > 0 && size % 2 == 0 && size <= std::numeric_limits<std::uint32_t>::max();
  if (!fits)
    throw Error(ErrorCode::kInvalidArgument,
                Format("cannot store %llu bytes as %s: ", static_cast<unsigned long long>(size),
                       ToString(impl_->info.payload)) +
                    "'" + Printable(key) + "' has too little or too much audio");
  auto key_length = static_cast<std::uint32_t>(key.size());
  auto length = static_cast<std::uint32_t>(size);
  impl_->data.Write(&key_length, sizeof key_length);
  impl_->data.Write(key);
  impl_->data.Write(&length, sizeof length);
  std::uint64_t offset = impl_->data.size();

  std::string line(key);
  line += Format("\t%llu\t%lu\n", static_cast<unsigned long long>(offset),
                 static_cast<unsigned long>(length));
  impl_->header.Write(line);
  impl_->header_seal.Add(line);
  line.assign(key).append("\t").append(label).append("\n");
  impl_->label.Write(line);
  impl_->label_seal.Add(line);

  packed::AddField(impl_->fingerprint, key);
  packed::AddField(impl_->fingerprint, label);
  packed::BeginField(impl_->fingerprint, length);
  if (!impl_->speakers.contains(label)) impl_->speakers.emplace(label);
  ++impl_->info.utterances;
  impl_->info.seconds += seconds;
  impl_->missing = size;
}

void PackedWriter::Append(std::span<const std::uint8_t> bytes) {
  VPR_CHECK(bytes.size() <= impl_->missing);
  impl_->missing -= bytes.size();
  impl_->data.Write(bytes.data(), bytes.size());
  impl_->fingerprint.Add(bytes.data(), bytes.size());
}

namespace {

// While the files of a set change hands it has no header, so that no reader takes a mixture for it,
// not even after a power failure: each step is on the disk before the next.
template <typename Impls>
void Publish(const Impls& sets, bool may_be_empty = false) {
  Impls written = sets;
  if (may_be_empty) std::erase_if(written, [](auto* set) { return set->info.utterances == 0; });
  if (written.empty()) written = sets;  // Seal() says that there is nothing
  for (auto* set : written) set->Seal();
  packed::FolderLock lock(sets.front()->prefix, true);
  for (auto* set : sets) set->RemoveOldHeader();
  lock.Sync();
  for (auto* set : written) {
    set->data.Rename();
    set->label.Rename();
    set->json.Rename();
  }
  for (auto* set : written) set->header.Rename();
}

}  // namespace

DatasetInfo PackedWriter::Commit() {
  Publish(std::vector<Impl*>{impl_.get()});
  return impl_->info;
}

void PackedWriter::CommitBoth(PackedWriter& first, PackedWriter& second, DatasetInfo& first_info,
                              DatasetInfo& second_info, bool may_be_empty) {
  Publish(std::vector<Impl*>{first.impl_.get(), second.impl_.get()}, may_be_empty);
  first_info = first.impl_->info;
  second_info = second.impl_->info;
}

}  // namespace vpr
