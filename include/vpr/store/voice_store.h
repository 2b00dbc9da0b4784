// Where enrolled voices are kept: speakers, their utterances' embeddings, and, if asked for, the
// audio. It stores what it is given; what an embedding is and which are compared is not its
// business. docs/formats.md gives the tables.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vpr/base/utc.h"
#include "vpr/store/secret.h"

namespace vpr {

// Where and how an utterance was recorded, for people and for later checks.
struct EnrolledUtterance {
  std::int64_t id = 0;        // given by the store, never reused
  std::string source;         // path as given, "microphone"
  std::string enrolled_at;    // "2026-11-21T16:40:05Z"
  std::string network;        // ModelInfo::network_fingerprint of what made the embedding
  double speech_seconds = 0;  // of speech the embedding was made of
  double snr_db = 0;          // SpeechQuality
  // SpeechConditions; NaN: not known, as of what older versions enrolled.
  double high_band_db = std::numeric_limits<double>::quiet_NaN();
  double dynamics_db = std::numeric_limits<double>::quiet_NaN();
  double clipped = std::numeric_limits<double>::quiet_NaN();
  std::vector<float> embedding;
  std::string audio;  // the recording as FLAC (16 kHz, mono); empty: not kept
};

struct EnrolledSpeaker {
  std::int64_t id = 0;  // given by the store, never reused
  std::string name;     // UTF-8, unique, in normalization form C; see CheckSpeakerName
  std::string note;
  std::string enrolled_at;
  std::vector<EnrolledUtterance> utterances;  // by id
  // Higher after every change of name, utterances or `forget_at`, in the whole store.
  std::int64_t revision = 0;
  std::string consent;       // what the person agreed to, in words; empty: nothing is known
  std::string consented_at;  // as enrolled_at
  std::int64_t forget_at =
      0;  // UtcSeconds from which on the voice is forgotten; 0: never by itself

  bool IsDue(std::int64_t now) const { return forget_at != 0 && forget_at <= now; }
};

struct Enrollment {
  std::string name;
  std::vector<EnrolledUtterance> utterances;
  std::optional<std::string> note;  // if given, replaces the old one
  std::string enrolled_at = {};     // of a speaker who is made; empty: now
  bool only_new = false;            // left out if there is such a speaker
  // If given, these replace what there was.
  std::optional<std::string> consent = {};
  std::string consented_at = {};  // of `consent`; empty: now
  std::optional<std::int64_t> forget_at = {};
};

// A moment of a store, to ask later what has changed since.
struct StoreMoment {
  std::int64_t revision = 0;  // of the whole store
  std::int64_t speakers = 0;  // all, also those who are due
  std::int64_t last_id = 0;   // nobody had a higher one
};

struct StoreChanges {
  StoreMoment moment;                    // now
  std::vector<EnrolledSpeaker> changed;  // made or changed since, by id; also those who are due
  bool removed = false;                  // somebody was, of those who were there
  std::vector<std::int64_t> ids;         // if so: of all who are there, rising
};

// What a gallery makes of speakers' utterances, kept so that it need not be made at every start:
// one for every kBlock ids that follow each other, since a million small records read slowly.
struct TemplateBlock {
  static constexpr std::int64_t kBlock = 256;

  std::int64_t number = 0;    // EnrolledSpeaker::id / kBlock
  std::int64_t speakers = 0;  // how many it is of, all of those ids
  std::int64_t revision = 0;  // the highest of them
  std::string data;           // any bytes
};

// Takes what VoiceStore::ForEachTemplate gives.
struct TemplateReader {
  // First: of this many in all, at this moment.
  std::function<void(const StoreMoment& moment)> expect;
  // A block's TemplateBlock::data, which lives until it returns. Called by several threads at once
  // and in any order, since checking, decrypting and taking apart a million takes longer than
  // reading them.
  std::function<void(std::string_view data)> block;
  // Then, on the calling thread and by id, a speaker of whom there are none, with the utterances.
  std::function<void(EnrolledSpeaker&&)> without;
};

// How an encrypted store is opened: with a passphrase or with a key file. Neither: not encrypted.
//
// A new key is refused where somebody who has the store would find it by trying: a passphrase of
// fewer than 6 characters or fewer than 4 different ones, a key file of fewer than 8 different
// bytes, or one that other users may write to. Warned of is a passphrase of fewer than 12
// characters and a key file that other users may read. A store that has its key already is opened
// with whatever it is.
struct StoreKey {
  Secret passphrase;
  std::string key_file;  // path; any file of 32 bytes or more

  bool empty() const { return passphrase.empty() && key_file.empty(); }
};

struct StoreOptions {
  // Path of an SQLite file, or postgresql://USER@HOST:PORT/DATABASE; see FindStore.
  std::string where;
  StoreKey key;
  bool create = false;  // make it if it is not there; with a key: encrypted
  // Called with one line about what is wrong with an SQLite file or a key file but keeps nobody
  // from using it: permissions, which are mended if they can be.
  std::function<void(const std::string&)> warn = {};
};

// Every change is one transaction: when the call returns it is on the disk, and a crash at any
// moment before leaves the store as it was. Several processes may use a store at once; a write
// waits for another one's up to 30 s. One object is for one thread.
//
// An SQLite file is made so that only its owner can read it. Refused with kIo is what another user
// may have laid out for us: a link of theirs, or their file where everybody may make one.
//
// A speaker who is due (EnrolledSpeaker::IsDue) is as if not there for all but the templates, where
// the gallery sees to it, and goes with the next Purge, EnrollAll, Import or Rename.
//
// Throws kNotFound (no such store, no such speaker), kIo, kCorrupt (damaged, or not a store),
// kIncompatible (another version; a wrong key; a key where nothing is encrypted), kNeedsPassphrase,
// kNeedsKeyFile, kInvalidArgument (names, a name that is taken).
class VoiceStore {
 public:
  static std::unique_ptr<VoiceStore> Open(const StoreOptions& options);
  virtual ~VoiceStore() = default;

  virtual std::string Describe() const = 0;  // "/home/a/.local/share/vpr/voices.db"
  virtual bool encrypted() const = 0;

  // Whether another process has changed it since this was asked last, or since it was opened.
  virtual bool HasChanged() = 0;

  virtual std::size_t NumSpeakers() = 0;
  // In the order of their ids; with_audio: EnrolledUtterance::audio too. It is one transaction:
  // `use` must not call the store.
  virtual void ForEach(bool with_audio, const std::function<void(EnrolledSpeaker&&)>& use) = 0;
  virtual std::optional<EnrolledSpeaker> Find(const std::string& name, bool with_audio = false) = 0;

  // Adds the utterances to the speakers of these names, who are made if there are none; all or
  // none. A transaction takes as long as a hundred people in it. Returns the names left out
  // (Enrollment::only_new).
  virtual std::vector<std::string> EnrollAll(std::span<const Enrollment> enrollments) = 0;
  void Enroll(const std::string& name, const std::vector<EnrolledUtterance>& utterances,
              const std::optional<std::string>& note) {
    const Enrollment one{name, utterances, note};
    EnrollAll({&one, 1});
  }
  // Takes in what was exported, in one transaction: all of it, or nothing if it throws. Utterances
  // that a speaker has already (the same network's same embedding) are not added again, so that
  // doing it twice changes nothing. kInvalidArgument for a name that is enrolled with others,
  // unless `merge`, and for embeddings of another length than the same network's have. `on_person`
  // is called after each; what it throws ends it.
  struct Imported {
    std::size_t people = 0, utterances = 0;  // that were not there before
    bool operator==(const Imported&) const = default;
  };
  virtual Imported Import(std::span<const Enrollment> people, bool merge,
                          const std::function<void(std::size_t done)>& on_person) = 0;
  virtual void Rename(const std::string& from, const std::string& to) = 0;
  virtual void SetNote(const std::string& name, const std::string& note) = 0;
  // What is given replaces what there was.
  virtual void SetConsent(const std::string& name, const std::optional<std::string>& consent,
                          std::optional<std::int64_t> forget_at) = 0;
  // Removes, as RemoveAll does, everybody who is due; returns their names.
  virtual std::vector<std::string> Purge() = 0;
  // Removes, all or none, gives the space back and, in SQLite, overwrites it.
  virtual void RemoveAll(std::span<const std::string> names) = 0;
  void Remove(const std::string& name) { RemoveAll({&name, 1}); }
  // Whether all that was ever removed is overwritten: not in PostgreSQL, nor as long as another
  // process's reading keeps it from being done.
  virtual bool RemovedIsOverwritten() = 0;
  virtual void RemoveUtterances(const std::string& name, std::span<const std::int64_t> ids) = 0;
  // New embeddings for utterances that are there already (re-embed), in one transaction. Returns
  // how many there were: those removed meanwhile are left out.
  virtual std::size_t ReplaceEmbeddings(const std::vector<EnrolledUtterance>& utterances) = 0;

  // Everybody as one moment has them: the blocks that `maker` made, and the speakers of the other
  // blocks. A change of name, utterances or key drops the block. What `reader` throws ends it.
  virtual void ForEachTemplate(const std::string& maker, const TemplateReader& reader) = 0;
  // What has changed since a moment that ForEachTemplate or this told of; nothing if that is more
  // than `most` speakers, or cannot be told.
  virtual std::optional<StoreChanges> ChangesSince(const StoreMoment& moment, std::size_t most) = 0;
  // Keeps it, unless one of its speakers has changed since, or others have come.
  virtual void SaveTemplates(const std::string& maker, const TemplateBlock& block) = 0;

  // Encrypts what is there under `key`, or, with an empty one, decrypts it; changes the key of what
  // is encrypted. Throws kInvalidArgument for a key that is refused.
  virtual void ChangeKey(const StoreKey& key) = 0;
  // Reads everything and checks every checksum, and each block of templates with `templates`, which
  // throws kCorrupt for one that cannot be used; throws kCorrupt with what it found.
  virtual void Check(const std::function<void(std::string_view)>& templates) = 0;
  // Makes the store forget all templates: they are made again. Nothing where it cannot be written.
  virtual void DropTemplates() = 0;
};

// The store to use: `given` if not empty, else $VPR_DB, else vpr/voices.db below $XDG_DATA_HOME or
// ~/.local/share. Throws kNotFound if there is no home folder either.
std::string FindStore(const std::string& given);

// A store's address as it may be shown: without a password.
std::string DescribeStore(const std::string& where);

// Throws kInvalidArgument for what is no name: empty, longer than 200 bytes, not UTF-8, with
// control characters (line breaks, tabs, changes of direction) or characters that nobody sees, or
// blanks at an end; "unknown speaker".
void CheckSpeakerName(const std::string& name);

// When a voice is to be forgotten that is enrolled now: "90d" (s, min, h, d, w, y); 0 for "never".
// Throws kInvalidArgument.
std::int64_t ForgetAfter(const std::string& text);

}  // namespace vpr
