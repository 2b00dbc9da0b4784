// Packed data sets: PREFIX.data, PREFIX.header, PREFIX.label and PREFIX.json. docs/formats.md gives
// every byte.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vpr/base/file_io.h"
#include "vpr/base/matrix.h"

namespace vpr {

enum class PayloadKind {
  kPcm16,  // the utterance's speech: 16-bit little-endian PCM, 16 kHz mono
  kMel64   // one 128 x 128 power mel spectrogram [band, frame], float64 (the tutorial's payload)
};
const char* ToString(PayloadKind kind);  // "pcm16", "mel64"
PayloadKind ParsePayloadKind(const std::string& name);

// The label of recordings whose speaker is not known.
inline constexpr char kUnlabelled[] = "-";

inline constexpr std::size_t kMel64Bands = 128;
inline constexpr std::size_t kMel64Frames = 128;
inline constexpr std::size_t kMel64Samples = 32640;  // of the waveform behind one spectrogram
inline constexpr std::size_t kMel64Bytes = kMel64Bands * kMel64Frames * sizeof(double);

// What PREFIX.json says. Data sets without one (the tutorial's) are understood as far as their
// payloads tell: kMel64 if every payload is 131,072 bytes.
struct DatasetInfo {
  PayloadKind payload = PayloadKind::kPcm16;
  std::string source;            // as given to pack; several are separated by blanks
  double trim_top_db = 0;        // 0: not trimmed, or unknown
  double seconds = 0;            // of speech
  std::uint64_t utterances = 0;  // records: for kMel64 the crops
  std::uint64_t speakers = 0;
  // Of all keys, labels and payloads, in order. Without PREFIX.json: of the header and label files.
  std::string fingerprint;
};

// Reads a data set through mmap; memory use does not grow with its size beyond the index of 16
// bytes a record. Thread-safe after construction.
class PackedDataset {
 public:
  // Opens PREFIX and checks it: all files there, every header line well-formed, every record within
  // the data file with matching key and length fields, no key twice, every key labelled once;
  // sizes, and the contents of the header and label files, as PREFIX.json says. Payload bytes are
  // not read: VerifyPayloads() does that. Throws kNotFound, kCorrupt with file, line and what was
  // expected, kIncompatible for a newer format version.
  explicit PackedDataset(const std::string& prefix);

  // Reads every payload and compares with the fingerprint in PREFIX.json (where there is one).
  // Throws kCorrupt.
  void VerifyPayloads() const;

  std::size_t size() const { return records_.size(); }
  const DatasetInfo& info() const { return info_; }
  const std::string& prefix() const { return prefix_; }

  std::string_view key(std::size_t i) const;
  // Class number of the record's label: its rank among the labels sorted by bytes.
  int label(std::size_t i) const { return records_[i].label; }
  const std::vector<std::string>& label_names() const { return label_names_; }

  std::span<const std::uint8_t> payload(std::size_t i) const;

  // kPcm16: number of samples of record i; and samples [begin, begin + count) as floats in [-1, 1).
  std::size_t NumSamples(std::size_t i) const;
  void ReadSamples(std::size_t i, std::size_t begin, std::size_t count, float* out) const;

  // kMel64: [128, 128].
  Matrix ReadMel(std::size_t i) const;

  // Length of the speech of record i.
  double Seconds(std::size_t i) const;

 private:
  struct Record {
    std::uint64_t offset;  // of the payload in PREFIX.data
    std::uint32_t length;
    std::int32_t label;
  };
  struct Files;
  static Files Open(const std::string& prefix);
  PackedDataset(const std::string& prefix, Files files);
  void ReadHeader(const MappedFile& header);
  void ReadLabels(const MappedFile& labels);

  std::string prefix_;
  DatasetInfo info_;
  bool has_info_ = false;  // PREFIX.json exists
  std::vector<Record> records_;
  // Without PREFIX.json. With it, records lie one after another: a key begins where the record
  // before it ends.
  std::vector<std::uint32_t> key_lengths_;
  std::vector<std::string> label_names_;
  MappedFile data_;
};

// Writes a data set. The files take their names together at Commit(), the header last, after an old
// header was removed: a reader finds the old set, the new set, or none, never a mixture. Without
// Commit() nothing is left behind.
class PackedWriter {
 public:
  PackedWriter(const std::string& prefix, const DatasetInfo& info);
  ~PackedWriter();

  // Throws kInvalidArgument for a key or label that is empty, not UTF-8, or holds a tab or line
  // end, and for a payload whose size is not one of its kind.
  void Add(std::string_view key, std::string_view label, std::span<const std::uint8_t> payload,
           double seconds);
  // The same of a payload that comes in pieces, `size` bytes in all: Begin, then Append until it is
  // whole. Nothing else may be added, and nothing committed, until then.
  void Begin(std::string_view key, std::string_view label, std::uint64_t size, double seconds);
  void Append(std::span<const std::uint8_t> bytes);
  // Returns what was written into PREFIX.json. Throws kUnusable if nothing was added, kIo.
  DatasetInfo Commit();
  // Commits two sets that belong together: a reader never finds a new one beside an old one. If one
  // of them `may_be_empty`, and is, then an old set of its name is gone.
  static void CommitBoth(PackedWriter& first, PackedWriter& second, DatasetInfo& first_info,
                         DatasetInfo& second_info, bool may_be_empty = false);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vpr
