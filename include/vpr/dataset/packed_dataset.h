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

// What PREFIX.json says. Data sets without one (the tutorial's) are understood as far as their
// payloads tell: kMel64 if every payload is 131,072 bytes.
struct DatasetInfo {
  PayloadKind payload = PayloadKind::kPcm16;
  std::string source;         // as given to pack
  double trim_top_db = 0;     // 0: not trimmed, or unknown
  double seconds = 0;         // of speech
  std::uint64_t utterances = 0;
  std::uint64_t speakers = 0;
  std::string fingerprint;    // of all keys, labels and payloads, in order
};

// Reads a data set through mmap; memory use does not grow with its size beyond the index.
// Thread-safe after construction.
class PackedDataset {
 public:
  // Opens PREFIX and checks it: all files there, every header line well-formed, every record within
  // the data file with matching key and length fields, every key labelled once, sizes as PREFIX.json
  // says. Throws kNotFound, kCorrupt with file, line and what was expected.
  explicit PackedDataset(const std::string& prefix);

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

 private:
  struct Record {
    std::uint64_t offset;  // of the payload in PREFIX.data
    std::uint32_t length;
    std::uint32_t key_length;
    std::int32_t label;
  };
  std::string prefix_;
  DatasetInfo info_;
  std::vector<Record> records_;
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

  // Throws kInvalidArgument for a key or label that is empty, not UTF-8, or holds a tab or line end.
  void Add(std::string_view key, std::string_view label, std::span<const std::uint8_t> payload,
           double seconds);
  // Returns what was written into PREFIX.json.
  DatasetInfo Commit();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Samples to 16-bit PCM: round to nearest, clip at full scale. Little-endian bytes.
std::vector<std::uint8_t> EncodePcm16(std::span<const float> samples);

}  // namespace vpr
