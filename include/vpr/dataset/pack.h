// From recordings to packed data sets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/progress.h"
#include "vpr/base/shard.h"
#include "vpr/dataset/packed_dataset.h"

namespace vpr {

struct PackOptions {
  std::vector<std::string> sources;  // folders and lists; keys are prefixed with the source's name
                                     // if there is more than one
  std::string layout = "auto";
  std::string audio_root;  // where relative paths of lists lie that are not below the list's own
                           // folder; empty: the working directory
  std::string prefix;      // output
  PayloadKind payload = PayloadKind::kPcm16;
  int crops = 20;            // kMel64: at most so many random crops of a file longer than 2.04 s
  double trim_top_db = 40;   // 0: no trimming. 20 and 30 dB cut into words and cost accuracy:
                             // docs/accuracy.md
  double min_seconds = 0.3;  // shorter speech is skipped
  int dev_speakers = 0;      // so many speakers, chosen by seed, go to PREFIX-dev instead
  int test_every = 0;        // every n-th utterance goes to PREFIX-test instead (closed set)
  std::uint64_t seed = 1;
  int threads = 0;   // 0: all
  ReadOptions read;  // their rate is always 16 kHz
  Shard shard;  // of the recordings in the order of their keys; what is held out is drawn before
};

struct Skipped {
  std::string path;
  std::string reason;  // one line that names the file
};

struct PackReport {
  DatasetInfo train;
  DatasetInfo held_out;  // utterances == 0 if no split was asked for
  std::string held_out_prefix;
  std::vector<Skipped> skipped;  // in the order of the source
};

// Decodes, trims and packs on all threads in constant memory. A file that cannot be used is skipped
// and reported; if none can be used nothing is written and train.utterances is 0. The files written
// do not depend on the number of threads. A shard may lie wholly in the part held out, or outside
// it: then there is only that set, and an older one in the other's place is gone. Throws
// kInvalidArgument (options), kUnusable (no recording in the shard, or nothing for one of the parts
// of a whole), what ListUtterances throws, kInterrupted if stopped (nothing is written then), kIo.
PackReport Pack(const PackOptions& options, Progress& progress, const StopRequested& stop);

// Joins packed data sets: `prefix` holds the records of all parts in the order given, PREFIX-dev
// (or PREFIX-test) those of the parts' own where there are any. The shards 1/N .. N/N of one list
// give, byte for byte, what packing the whole list gives. Throws kInvalidArgument for parts of
// different kind or trimming, for a key that is in two of them and for parts of which some hold out
// speakers and some utterances, what PackedDataset and its VerifyPayloads throw, kInterrupted if
// stopped (nothing is written then), kIo.
PackReport JoinPacked(const std::vector<std::string>& parts, const std::string& prefix,
                      Progress& progress, const StopRequested& stop);

struct VerifiedSet {
  std::string prefix;
  DatasetInfo info;
  bool sealed = false;  // its PREFIX.json has a fingerprint to compare with
  std::string failure;  // one line that names the file; empty: whole
};

// Reads every byte of packed data sets, and of the parts held out from them (PREFIX-dev,
// PREFIX-test), and compares with their checksums. Throws kInterrupted if stopped.
std::vector<VerifiedSet> VerifyPacked(const std::vector<std::string>& prefixes, Progress& progress,
                                      const StopRequested& stop);

}  // namespace vpr
