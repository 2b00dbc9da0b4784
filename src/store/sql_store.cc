#include "store/sql_store.h"

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <set>

#include "store/record.h"
#include "store/vault.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/base/unicode.h"

namespace vpr {
namespace {

// Rolled back unless committed.
class Transaction {
 public:
  Transaction(SqlConnection& connection, bool write) : connection_(connection) {
    connection.Begin(write);
  }
  ~Transaction() {
    if (!done_) connection_.Rollback();
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void Commit() {
    connection_.Commit();
    done_ = true;
  }

 private:
  SqlConnection& connection_;
  bool done_ = false;
};

class SqlStore : public VoiceStore {
 public:
  SqlStore(std::unique_ptr<SqlConnection> connection, const StoreOptions& options)
      : warn_(options.warn), sql_(std::move(connection)) {
    if (!sql_->initialized()) {
      if (!options.create)
        throw Error(ErrorCode::kNotFound, "no voices are enrolled in '" +
                                              Printable(sql_->Describe()) +
                                              "'; enroll somebody with: vpr enroll NAME FILE...");
      std::string unwise;
      sql_->Initialize(Vault::Create(options.key, &unwise).Header());
      Warn(unwise);
    }
    const std::int64_t version = Number("SELECT version FROM store");
    if (version < 1 || version > kStoreVersion)
      throw Error(
          ErrorCode::kIncompatible,
          Format("cannot use store '%s': it has version %lld, this program knows versions 1 to %d",
                 Printable(sql_->Describe()).c_str(), static_cast<long long>(version),
                 kStoreVersion));
    vault_ = Vault::Open(ReadHeader(), options.key, sql_->Describe());
    Migrate();
    Warn(KeyFileWarning(options.key));
    Scrub();
    sql_->HasChanged();
  }

  std::string Describe() const override { return sql_->Describe(); }
  bool encrypted() const override { return vault_.encrypted(); }
  bool HasChanged() override { return sql_->HasChanged(); }

  std::size_t NumSpeakers() override {
    const std::int64_t all = Number("SELECT speakers FROM store");
    return static_cast<std::size_t>(
        all - Number("SELECT count(*) FROM speakers WHERE forget_at > 0 AND forget_at <= $1",
                     {UtcSeconds()}));
  }

  void ForEach(bool with_audio, const std::function<void(EnrolledSpeaker&&)>& use) override {
    Transaction transaction(*sql_, false);
    CheckKey();
    const Counts counts = ReadSpeakers("", {}, with_audio, [&](EnrolledSpeaker&& speaker) {
      if (!speaker.IsDue(now_)) use(std::move(speaker));
    });
    Compare(counts);
  }

  std::optional<EnrolledSpeaker> Find(const std::string& name, bool with_audio) override {
    Transaction transaction(*sql_, false);
    CheckKey();
    std::optional<EnrolledSpeaker> speaker;
    if (const std::int64_t id = IdOf(name); id != 0)
      ReadSpeakers("WHERE s.id = $1", {id}, with_audio,
                   [&](EnrolledSpeaker&& found) { speaker = std::move(found); });
    return speaker;
  }

  Imported Import(std::span<const Enrollment> people, bool merge,
                  const std::function<void(std::size_t)>& on_person) override {
    for (const Enrollment& one : people) CheckTexts(one);
    Transaction transaction(*sql_, true);
    CheckKey();
    bool replaces = !RemoveDue().empty();
    CheckDimensions(people);
    Imported imported;
    std::map<std::int64_t, std::string> fresh;  // people of this import, as it spells them
    std::vector<std::string> taken;             // by others
    for (std::size_t i = 0; i < people.size(); ++i) {
      Enrollment one = people[i];
      // An old copy does not bring back who was to be forgotten.
      if (one.forget_at.value_or(0) != 0 && *one.forget_at <= now_) continue;
      const std::int64_t id = IdOf(one.name);
      if (const auto same = fresh.find(id); same != fresh.end() && same->second != one.name)
        throw Error(ErrorCode::kInvalidArgument,
                    "'" + Printable(one.name) +
                        "' is there twice, in spellings that look the same; " +
                        "nothing was imported; rename one of them where they were exported");
      EnrolledSpeaker before;
      if (id != 0) {
        ReadSpeakers("WHERE s.id = $1", {id}, false,
                     [&](EnrolledSpeaker&& speaker) { before = std::move(speaker); });
        LeaveOutKnown(before.utterances, one.utterances);
        if (!one.utterances.empty() && !merge && !fresh.contains(id)) taken.push_back(one.name);
        const bool leave = !merge && !fresh.contains(id);
        if (leave || one.note == before.note) one.note.reset();
        if (leave || one.consent == before.consent) one.consent.reset();
        if (leave || one.forget_at == before.forget_at) one.forget_at.reset();
        replaces = replaces || Replaces(one, before);
      } else {
        LeaveOutKnown({}, one.utterances);
      }
      if (id == 0 || HasTexts(one) || !one.utterances.empty()) {
        const std::int64_t now = EnrollOne(id, one);
        if (id == 0) fresh.emplace(now, people[i].name);
        imported.people += id == 0 ? 1 : 0;
        imported.utterances += one.utterances.size();
      }
      if (on_person) on_person(i + 1);
    }
    if (!taken.empty())
      throw Error(
          ErrorCode::kInvalidArgument,
          Format(
              "'%s'%s enrolled already, with other utterances; nothing was imported; "
              "--merge adds the utterances",
              Printable(taken[0]).c_str(),
              taken.size() == 1 ? " is" : Format(" and %zu more are", taken.size() - 1).c_str()));
    if (replaces) {
      CommitRemoval(transaction);
    } else {
      sql_->Changed();
      transaction.Commit();
    }
    return imported;
  }

  std::vector<std::string> EnrollAll(std::span<const Enrollment> enrollments) override {
    for (const Enrollment& one : enrollments) CheckTexts(one);
    Transaction transaction(*sql_, true);
    CheckKey();
    std::vector<std::string> left_out;
    bool replaces = !RemoveDue().empty();
    for (const Enrollment& one : enrollments) {
      const std::int64_t id = IdOf(one.name);
      if (id != 0 && one.only_new) {
        left_out.push_back(one.name);
      } else {
        if (id != 0 && HasTexts(one)) replaces = replaces || Replaces(one, SpeakerOf(id));
        EnrollOne(id, one);
      }
    }
    if (replaces) {
      CommitRemoval(transaction);
    } else {
      sql_->Changed();
      transaction.Commit();
    }
    return left_out;
  }

  void Rename(const std::string& from, const std::string& to) override {
    CheckSpeakerName(to);
    Transaction transaction(*sql_, true);
    CheckKey();
    RemoveDue();  // one of them may have the name
    EnrolledSpeaker speaker = SpeakerOf(MustFind(from));
    if (const std::int64_t other = IdOf(to); other != 0 && other != speaker.id)
      throw Error(ErrorCode::kInvalidArgument,
                  "cannot rename '" + Printable(from) + "': '" + Printable(to) + "' is taken");
    speaker.name = NormalName(to);
    WriteSpeaker(speaker);
    Revise(speaker.id);
    CommitRemoval(transaction);  // of the old name
  }

  void SetNote(const std::string& name, const std::string& note) override {
    CheckNote(note);
    Transaction transaction(*sql_, true);
    CheckKey();
    EnrolledSpeaker speaker = SpeakerOf(MustFind(name));
    speaker.note = note;
    WriteSpeaker(speaker);
    CommitRemoval(transaction);  // of the old note
  }

  void SetConsent(const std::string& name, const std::optional<std::string>& consent,
                  std::optional<std::int64_t> forget_at) override {
    if (consent) CheckNote(*consent);
    Transaction transaction(*sql_, true);
    CheckKey();
    EnrolledSpeaker speaker = SpeakerOf(MustFind(name));
    Enrollment change;
    change.consent = consent;
    change.forget_at = forget_at;
    SetTexts(change, speaker);
    WriteSpeaker(speaker);
    if (forget_at) Revise(speaker.id);
    CommitRemoval(transaction);  // of the old text
  }

  std::vector<std::string> Purge() override {
    if (Number("SELECT count(*) FROM speakers WHERE forget_at > 0 AND forget_at <= $1",
               {UtcSeconds()}) == 0)
      return {};
    Transaction transaction(*sql_, true);
    CheckKey();
    std::vector<std::string> names = RemoveDue();
    CommitRemoval(transaction);
    return names;
  }

  void RemoveAll(std::span<const std::string> names) override {
    Transaction transaction(*sql_, true);
    CheckKey();
    for (const std::string& name : names) RemoveOne(MustFind(name));
    CommitRemoval(transaction);
  }

  bool RemovedIsOverwritten() override {
    return sql_->overwrites() && Number("SELECT scrub FROM store") == 0;
  }

  void RemoveUtterances(const std::string& name, std::span<const std::int64_t> ids) override {
    Transaction transaction(*sql_, true);
    CheckKey();
    const std::int64_t speaker = MustFind(name);
    for (std::int64_t id : ids) {
      if (sql_->Run("DELETE FROM utterances WHERE id = $1 AND speaker = $2", {id, speaker}) == 0)
        throw Error(ErrorCode::kNotFound,
                    Format("'%s' has no utterance %lld", Printable(name).c_str(),
                           static_cast<long long>(id)));
      sql_->Run("UPDATE store SET utterances = utterances - 1");
    }
    Revise(speaker);
    CommitRemoval(transaction);
  }

  std::size_t ReplaceEmbeddings(const std::vector<EnrolledUtterance>& utterances) override {
    Transaction transaction(*sql_, true);
    CheckKey();
    std::size_t replaced = 0;
    for (const EnrolledUtterance& utterance : utterances) {
      std::int64_t speaker = 0;
      EnrolledUtterance changed;
      sql_->Run("SELECT speaker, data FROM utterances WHERE id = $1", {utterance.id},
                [&](const SqlRow& row) {
                  speaker = row.Integer(0);
                  changed = ReadUtterance(utterance.id, speaker, row.Bytes(1));
                });
      if (speaker == 0) continue;
      ++replaced;
      changed.embedding = utterance.embedding;
      changed.network = utterance.network;
      changed.speech_seconds = utterance.speech_seconds;
      for (const auto& [name, value] : kConditionFields) changed.*value = utterance.*value;
      WriteUtterance(utterance.id, speaker, changed);
      Revise(speaker);
    }
    CommitRemoval(transaction);  // of the old embeddings
    return replaced;
  }

  void ForEachTemplate(const std::string& maker, const TemplateReader& reader) override {
    Transaction transaction(*sql_, false);
    CheckKey();
    const StoreMoment moment = ReadMoment();
    const std::int64_t expected = moment.speakers;
    if (expected < 0 || expected > moment.last_id)
      throw Damaged(Format("it holds %lld speakers at most, %lld are expected",
                           static_cast<long long>(moment.last_id),
                           static_cast<long long>(expected)));
    reader.expect(moment);
    const auto readers = ReadersOfThisMoment(expected);
    std::mutex mutex;
    std::int64_t last = -1, count = 0;
    const std::size_t threads = std::max<std::size_t>(readers.size(), 1);
    ParallelFor(threads, static_cast<int>(threads), [&](std::size_t thread) {
      SqlConnection& sql = readers.empty() ? *sql_ : *readers[thread];
      LargeVector<char> sealed;
      try {
        for (;;) {
          std::int64_t block = -1, speakers = 0;
          {
            std::lock_guard lock(mutex);
            sql.Run(
                "SELECT block, speakers FROM templates WHERE block > $1 AND maker = $2 "
                "ORDER BY block LIMIT 1",
                {last, maker}, [&](const SqlRow& row) {
                  block = row.Integer(0);
                  speakers = row.Integer(1);
                });
            if (block < 0) return;
            last = block;
            count += speakers;
          }
          sql.ReadTemplates(block, sealed);
          reader.block(OpenInPlace(sealed, TemplatePlace(block, speakers)));
        }
      } catch (...) {
        std::lock_guard lock(mutex);
        last = std::numeric_limits<std::int64_t>::max();  // no more for the others either
        throw;
      }
    });
    if (count != expected)
      count += ReadSpeakers(Format("LEFT JOIN templates AS t ON t.block = s.id / %lld AND t.maker "
                                   "= $1 WHERE t.block IS NULL",
                                   static_cast<long long>(TemplateBlock::kBlock)),
                            {maker}, false, reader.without)
                   .speakers;
    if (count != expected)
      throw Damaged(Format("it holds %lld speakers, %lld are expected",
                           static_cast<long long>(count), static_cast<long long>(expected)));
  }

  std::optional<StoreChanges> ChangesSince(const StoreMoment& then, std::size_t most) override {
    Transaction transaction(*sql_, false);
    CheckKey();
    StoreChanges changes;
    changes.moment = ReadMoment();
    const std::int64_t changed =
        Number("SELECT count(*) FROM speakers WHERE revision > $1", {then.revision});
    if (changes.moment.revision < then.revision || changed > static_cast<std::int64_t>(most))
      return std::nullopt;
    std::int64_t made = 0;
    ReadSpeakers("WHERE s.id IN (SELECT id FROM speakers WHERE revision > $1)", {then.revision},
                 false, [&](EnrolledSpeaker&& speaker) {
                   made += speaker.id > then.last_id ? 1 : 0;
                   changes.changed.push_back(std::move(speaker));
                 });
    changes.removed = then.speakers + made != changes.moment.speakers;
    if (changes.removed)
      sql_->Run("SELECT id FROM speakers ORDER BY id", {},
                [&](const SqlRow& row) { changes.ids.push_back(row.Integer(0)); });
    return changes;
  }

  void SaveTemplates(const std::string& maker, const TemplateBlock& block) override {
    const std::string sealed = vault_.Seal(block.data, TemplatePlace(block.number, block.speakers));
    Transaction transaction(*sql_, true);
    CheckKey();
    const std::int64_t first = block.number * TemplateBlock::kBlock;
    bool same = false;
    sql_->Run("SELECT count(*), max(revision) FROM speakers WHERE id >= $1 AND id < $2",
              {first, first + TemplateBlock::kBlock}, [&](const SqlRow& row) {
                same = row.Integer(0) == block.speakers && row.Integer(1) == block.revision;
              });
    if (!same) return;
    sql_->Run("DELETE FROM templates WHERE block = $1", {block.number});
    sql_->Run("INSERT INTO templates (block, maker, speakers, data) VALUES ($1, $2, $3, $4)",
              {block.number, maker, block.speakers, sealed});
    sql_->Run("UPDATE store SET revision = revision + 1");
    transaction.Commit();
  }

  void ChangeKey(const StoreKey& key) override {
    std::string unwise;
    const Vault fresh = Vault::Create(key, &unwise);
    Warn(unwise);
    Transaction transaction(*sql_, true);
    CheckKey();
    CheckRecords();  // what is damaged is not given a fresh seal
    struct Row {
      std::int64_t id, speaker;
    };
    auto ids = [&](const char* select) {
      std::vector<Row> rows;
      sql_->Run(select, {}, [&](const SqlRow& row) {
        rows.push_back({row.Integer(0), row.Integer(1)});
      });
      return rows;
    };
    auto reseal = [&](const std::string& table, const char* id_column, std::int64_t id,
                      const std::string& place) {
      std::string text;
      sql_->Run("SELECT data FROM " + table + " WHERE " + id_column + " = $1", {id},
                [&](const SqlRow& row) { text = Open(row.Bytes(0), place); });
      sql_->Run("UPDATE " + table + " SET data = $1 WHERE " + id_column + " = $2",
                {fresh.Seal(text, place), id});
      return text;
    };
    sql_->Run("DELETE FROM templates");
    for (const Row& row : ids("SELECT id, 0 FROM speakers")) {
      const EnrolledSpeaker speaker =
          DecodeSpeaker(reseal("speakers", "id", row.id, SpeakerPlace(row.id)));
      sql_->Run("UPDATE speakers SET key = $1 WHERE id = $2",
                {fresh.LookupKey(speaker.name), row.id});
    }
    for (const Row& row : ids("SELECT id, speaker FROM utterances"))
      reseal("utterances", "id", row.id, UtterancePlace(row.id, row.speaker));
    for (const Row& row : ids("SELECT utterance, 0 FROM audio"))
      reseal("audio", "utterance", row.id, AudioPlace(row.id));
    sql_->Run("UPDATE store SET header = $1, revision = revision + 1", {fresh.Header()});
    CommitRemoval(transaction);
    vault_ = fresh;
  }

  void Check(const std::function<void(std::string_view)>& templates) override {
    sql_->CheckIntegrity();
    Transaction transaction(*sql_, false);
    CheckRecords(templates);
  }

  void DropTemplates() override {
    try {
      Transaction transaction(*sql_, true);
      CheckKey();
      sql_->Run("DELETE FROM templates");
      sql_->Run("UPDATE store SET revision = revision + 1");
      transaction.Commit();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kIo) throw;
    }
  }

 private:
  // A store of an earlier version becomes one of this, in one transaction, when its key is known to
  // be right. Version 1 had no templates and no revisions; the first of version 2 kept templates by
  // person and no revision of the store; no version 2 knew when a voice is to be forgotten.
  void Migrate() {
    auto current = [&] { return Number("SELECT version FROM store") == kStoreVersion; };
    if (current()) return;
    if (!sql_->writable())
      throw Error(
          ErrorCode::kIncompatible,
          "cannot use store '" + Printable(sql_->Describe()) +
              "': it is of an earlier version and cannot be written to, to bring it to this "
              "one; use a copy");
    Transaction transaction(*sql_, true);
    if (current()) return;  // another process was first
    if (!sql_->HasColumn("speakers", "revision"))
      sql_->Run("ALTER TABLE speakers ADD COLUMN revision BIGINT NOT NULL DEFAULT 0");
    if (!sql_->HasColumn("store", "revision")) {
      sql_->Run("ALTER TABLE store ADD COLUMN revision BIGINT NOT NULL DEFAULT 0");
      sql_->Run("UPDATE speakers SET revision = id");
      sql_->Run("CREATE UNIQUE INDEX speakers_by_revision ON speakers (revision)");
      sql_->Run("UPDATE store SET revision = (SELECT COALESCE(MAX(id), 0) FROM speakers)");
    }
    if (sql_->HasColumn("templates", "maker")) sql_->Run("DROP TABLE templates");
    sql_->MakeTemplates();
    sql_->Run("ALTER TABLE speakers ADD COLUMN forget_at BIGINT NOT NULL DEFAULT 0");
    sql_->Run("CREATE INDEX speakers_by_forget_at ON speakers (forget_at) WHERE forget_at > 0");
    sql_->Run("UPDATE store SET version = $1", {std::int64_t{kStoreVersion}});
    sql_->Changed();
    transaction.Commit();
  }

  void Warn(const std::string& of) const {
    if (warn_ && !of.empty()) warn_(of);
  }

  static void CheckNote(const std::string& note) {
    if (!IsUtf8(note))
      throw Error(ErrorCode::kInvalidArgument, "'" + Printable(note) +
                                                   "' cannot be a note: it is "
                                                   "not UTF-8");
  }

  static void CheckTexts(const Enrollment& one) {
    CheckSpeakerName(one.name);
    if (one.note) CheckNote(*one.note);
    if (one.consent) CheckNote(*one.consent);
  }

  static bool HasTexts(const Enrollment& one) { return one.note || one.consent || one.forget_at; }

  // Whether it leaves something that shall not be found any more.
  static bool Replaces(const Enrollment& one, const EnrolledSpeaker& before) {
    return (one.note && !before.note.empty() && one.note != before.note) ||
           (one.consent && !before.consent.empty() && one.consent != before.consent);
  }

  static void SetTexts(const Enrollment& one, EnrolledSpeaker& speaker) {
    if (one.note) speaker.note = *one.note;
    if (one.consent) {
      speaker.consent = *one.consent;
      speaker.consented_at = one.consent->empty()       ? ""
                             : one.consented_at.empty() ? UtcNow()
                                                        : one.consented_at;
    }
    if (one.forget_at) speaker.forget_at = *one.forget_at;
  }

  StoreMoment ReadMoment() {
    StoreMoment moment;
    sql_->Run("SELECT revision, speakers FROM store", {}, [&](const SqlRow& row) {
      moment.revision = row.Integer(0);
      moment.speakers = row.Integer(1);
    });
    moment.last_id = Number("SELECT max(id) FROM speakers");
    return moment;
  }

  std::int64_t Number(const std::string& sql, SqlValues values = {}) {
    std::int64_t number = 0;
    sql_->Run(sql, values, [&](const SqlRow& row) { number = row.Integer(0); });
    return number;
  }

  Error Damaged(const std::string& what) const {
    return Error(ErrorCode::kCorrupt, "store '" + Printable(sql_->Describe()) +
                                          "' is damaged: " + what + "; restore it from a copy");
  }

  // What the transaction replaces or removes shall not be found any more.
  void CommitRemoval(Transaction& transaction) {
    sql_->Run("UPDATE store SET scrub = scrub + 1");
    sql_->Changed();
    transaction.Commit();
    Scrub();
  }

  // What was changed is changed, even if this cannot be done now.
  void Scrub() {
    try {
      const std::int64_t seen = Number("SELECT scrub FROM store");
      if (seen != 0) sql_->Scrub(seen);
    } catch (const Error&) {
    }
  }

  std::string ReadHeader() {
    std::string header;
    if (sql_->Run("SELECT header FROM store", {},
                  [&](const SqlRow& row) { header = row.Bytes(0); }) != 1)
      throw Damaged("it has no header");
    return header;
  }

  // At the begin of a transaction: another process may have changed it.
  void CheckKey() {
    now_ = UtcSeconds();
    if (ReadHeader() != vault_.Header())
      throw Error(ErrorCode::kIncompatible, "the key of store '" + Printable(sql_->Describe()) +
                                                "' was changed meanwhile; open it again");
  }

  // Returns the speaker's id.
  std::int64_t EnrollOne(std::int64_t id, const Enrollment& enrollment) {
    if (id == 0) {
      EnrolledSpeaker speaker;
      speaker.name = NormalName(enrollment.name);
      SetTexts(enrollment, speaker);
      speaker.enrolled_at = enrollment.enrolled_at.empty() ? UtcNow() : enrollment.enrolled_at;
      speaker.id = id = Number(
          "INSERT INTO speakers (revision, key, data) VALUES ((SELECT revision + 1 FROM store), "
          "$1, "
          "$2) RETURNING id",
          {vault_.LookupKey(speaker.name), std::string_view("")});
      WriteSpeaker(speaker);
      sql_->Run("UPDATE store SET speakers = speakers + 1");
    } else if (HasTexts(enrollment)) {
      EnrolledSpeaker speaker = SpeakerOf(id);
      SetTexts(enrollment, speaker);
      WriteSpeaker(speaker);
    }
    for (const EnrolledUtterance& utterance : enrollment.utterances) {
      const std::int64_t row =
          Number("INSERT INTO utterances (speaker, data) VALUES ($1, $2) RETURNING id",
                 {id, std::string_view("")});
      WriteUtterance(row, id, utterance);
      if (!utterance.audio.empty())
        sql_->Run("INSERT INTO audio (utterance, data) VALUES ($1, $2)",
                  {row, vault_.Seal(utterance.audio, AudioPlace(row))});
    }
    sql_->Run("UPDATE store SET utterances = utterances + $1",
              {static_cast<std::int64_t>(enrollment.utterances.size())});
    Revise(id);
    return id;
  }

  void RemoveOne(std::int64_t id) {
    sql_->Run(
        "UPDATE store SET speakers = speakers - 1, utterances = utterances - "
        "(SELECT count(*) FROM utterances WHERE speaker = $1)",
        {id});
    Revise(id);
    sql_->Run("DELETE FROM speakers WHERE id = $1", {id});
  }

  // In a transaction that writes; returns the names.
  std::vector<std::string> RemoveDue() {
    std::vector<std::int64_t> ids;
    sql_->Run("SELECT id FROM speakers WHERE forget_at > 0 AND forget_at <= $1 ORDER BY id", {now_},
              [&](const SqlRow& row) { ids.push_back(row.Integer(0)); });
    std::vector<std::string> names;
    for (const std::int64_t id : ids) {
      names.push_back(SpeakerOf(id).name);
      RemoveOne(id);
    }
    return names;
  }

  // Takes out of `fresh` what is among `before`, or in it twice.
  static void LeaveOutKnown(const std::vector<EnrolledUtterance>& before,
                            std::vector<EnrolledUtterance>& fresh) {
    using Key = std::pair<std::string_view, std::string_view>;
    const auto key = [](const EnrolledUtterance& utterance) {
      return Key(utterance.network, {reinterpret_cast<const char*>(utterance.embedding.data()),
                                     utterance.embedding.size() * sizeof(float)});
    };
    std::set<Key> known;
    for (const EnrolledUtterance& utterance : before) known.insert(key(utterance));
    std::vector<EnrolledUtterance> kept;
    kept.reserve(fresh.size());  // the keys are views of them
    for (EnrolledUtterance& utterance : fresh) {
      if (known.contains(key(utterance))) continue;
      kept.push_back(std::move(utterance));
      known.insert(key(kept.back()));
    }
    fresh = std::move(kept);
  }

  // A network makes embeddings of one length: others would be in the way of all who are compared.
  void CheckDimensions(std::span<const Enrollment> people) {
    std::map<std::string, std::size_t> lengths;
    const auto refuse = [](const std::string& whose, const std::string& network, std::size_t found,
                           std::size_t expected) {
      throw Error(ErrorCode::kInvalidArgument,
                  Format("an embedding of %s has %zu numbers, others of network %.8s have %zu; "
                         "nothing was imported",
                         whose.c_str(), found, Printable(network).c_str(), expected));
    };
    for (const Enrollment& one : people) {
      for (const EnrolledUtterance& utterance : one.utterances) {
        const std::size_t length = utterance.embedding.size();
        const auto known = lengths.try_emplace(utterance.network, length).first;
        if (known->second != length)
          refuse("'" + Printable(one.name) + "'", utterance.network, length, known->second);
      }
    }
    // Of each network the first that the store has.
    std::set<std::string> open;
    for (const auto& [network, length] : lengths) open.insert(network);
    std::int64_t last = 0;
    for (bool more = true; more && !open.empty();) {
      more = false;
      sql_->Run(
          "SELECT id, speaker, data FROM utterances WHERE id > $1 ORDER BY id LIMIT 256", {last},
          [&](const SqlRow& row) {
            more = true;
            last = row.Integer(0);
            const EnrolledUtterance utterance = ReadUtterance(last, row.Integer(1), row.Bytes(2));
            const std::size_t length = utterance.embedding.size();
            if (open.erase(utterance.network) > 0 && lengths[utterance.network] != length)
              refuse("what is imported", utterance.network, lengths[utterance.network], length);
          });
    }
  }

  // Connections, for a thread each, that see the templates this transaction sees: all have the same
  // revision. None where one thread is as fast, or somebody changes the store just now.
  std::vector<std::unique_ptr<SqlConnection>> ReadersOfThisMoment(std::int64_t speakers) {
    constexpr std::int64_t kWorthAThread = 2000, kMost = 4;
    if (speakers < 2 * kWorthAThread) return {};
    // One, too: it asks for what follows early.
    const std::int64_t wanted =
        std::min({kMost, std::int64_t{HardwareThreads()}, speakers / kWorthAThread});
    const std::string moment = Moment(*sql_);
    auto readers = sql_->Readers(static_cast<std::size_t>(wanted));
    try {
      for (const auto& reader : readers) {
        reader->Begin(false);
        if (Moment(*reader) != moment) return {};
      }
    } catch (const Error&) {
      return {};  // somebody holds the tables
    }
    return readers;
  }
  static std::string Moment(SqlConnection& sql) {
    std::string moment;
    sql.Run("SELECT revision, header FROM store", {}, [&](const SqlRow& row) {
      moment = std::to_string(row.Integer(0)) + " " + std::string(row.Bytes(1));
    });
    return moment;
  }

  // A speaker has changed, or goes: what was made of it is no longer true.
  void Revise(std::int64_t speaker) {
    sql_->Run("DELETE FROM templates WHERE block = $1", {speaker / TemplateBlock::kBlock});
    sql_->Run("UPDATE store SET revision = revision + 1");
    sql_->Run("UPDATE speakers SET revision = (SELECT revision FROM store) WHERE id = $1",
              {speaker});
  }

  struct Counts {
    std::int64_t speakers = 0, utterances = 0;
  };

  // The speakers s with their utterances, by id; `which`: the rest of a FROM clause.
  Counts ReadSpeakers(const std::string& which, SqlValues values, bool with_audio,
                      const std::function<void(EnrolledSpeaker&&)>& use) {
    Counts counts;
    EnrolledSpeaker speaker;  // under way; id 0: none
    const std::string columns = with_audio ? ", a.data" : "";
    const std::string audio = with_audio ? "LEFT JOIN audio AS a ON a.utterance = u.id " : "";
    sql_->Run(
        "SELECT s.id, s.key, s.data, s.forget_at, s.revision, u.id, u.data" + columns +
            " FROM speakers AS s LEFT JOIN utterances AS u ON u.speaker = s.id " + audio + which +
            " ORDER BY s.id, u.id",
        values, [&](const SqlRow& row) {
          if (row.Integer(0) != speaker.id) {
            if (speaker.id != 0) use(std::move(speaker));
            speaker = ReadSpeaker(row);
            speaker.revision = row.Integer(4);
            ++counts.speakers;
          }
          if (row.IsNull(5)) return;
          speaker.utterances.push_back(ReadUtterance(row.Integer(5), speaker.id, row.Bytes(6)));
          if (with_audio && !row.IsNull(7))
            speaker.utterances.back().audio =
                Open(row.Bytes(7), AudioPlace(speaker.utterances.back().id));
          ++counts.utterances;
        });
    if (speaker.id != 0) use(std::move(speaker));
    return counts;
  }

  void Compare(const Counts& counts) {
    sql_->Run("SELECT speakers, utterances FROM store", {}, [&](const SqlRow& row) {
      if (row.Integer(0) != counts.speakers || row.Integer(1) != counts.utterances)
        throw Damaged(Format(
            "it holds %lld speakers and %lld utterances, %lld and %lld are "
            "expected",
            static_cast<long long>(counts.speakers), static_cast<long long>(counts.utterances),
            static_cast<long long>(row.Integer(0)), static_cast<long long>(row.Integer(1))));
    });
  }

  void CheckRecords(const std::function<void(std::string_view)>& templates = {}) {
    Counts counts;
    sql_->Run("SELECT id, key, data, forget_at FROM speakers", {}, [&](const SqlRow& row) {
      ReadSpeaker(row);
      ++counts.speakers;
    });
    sql_->Run("SELECT id, speaker, data FROM utterances", {}, [&](const SqlRow& row) {
      ReadUtterance(row.Integer(0), row.Integer(1), row.Bytes(2));
      ++counts.utterances;
    });
    sql_->Run("SELECT block, speakers, data FROM templates", {}, [&](const SqlRow& row) {
      const std::string block = Open(row.Bytes(2), TemplatePlace(row.Integer(0), row.Integer(1)));
      try {
        if (templates) templates(block);
      } catch (const Error& error) {
        throw Damaged(error.what());
      }
    });
    sql_->Run("SELECT utterance, data FROM audio", {},
              [&](const SqlRow& row) { Open(row.Bytes(1), AudioPlace(row.Integer(0))); });
    Compare(counts);
  }

  std::string Open(std::string_view sealed, const std::string& place) const {
    std::string bytes(sealed);
    return std::string(OpenInPlace(bytes, place));
  }

  // Of a store that does not change meanwhile, also on another thread.
  std::string_view OpenInPlace(std::span<char> sealed, const std::string& place) const {
    try {
      return vault_.OpenInPlace(sealed, place);
    } catch (const Error& error) {
      throw Damaged(error.what());
    }
  }

  // From columns id, key, data, forget_at.
  EnrolledSpeaker ReadSpeaker(const SqlRow& row) const {
    const std::int64_t id = row.Integer(0);
    EnrolledSpeaker speaker = DecodeSpeaker(Open(row.Bytes(2), SpeakerPlace(id)));
    speaker.id = id;
    if (row.Bytes(1) != vault_.LookupKey(speaker.name))
      throw Damaged(Format("speaker %lld has another key than name", static_cast<long long>(id)));
    if (row.Integer(3) != speaker.forget_at)
      throw Damaged(
          Format("speaker %lld is to be forgotten at two times", static_cast<long long>(id)));
    return speaker;
  }

  EnrolledUtterance ReadUtterance(std::int64_t id, std::int64_t speaker,
                                  std::string_view sealed) const {
    EnrolledUtterance utterance = DecodeUtterance(Open(sealed, UtterancePlace(id, speaker)));
    utterance.id = id;
    return utterance;
  }

  void WriteSpeaker(const EnrolledSpeaker& speaker) {
    sql_->Run("UPDATE speakers SET key = $1, data = $2, forget_at = $3 WHERE id = $4",
              {vault_.LookupKey(speaker.name),
               vault_.Seal(EncodeSpeaker(speaker), SpeakerPlace(speaker.id)), speaker.forget_at,
               speaker.id});
  }

  void WriteUtterance(std::int64_t id, std::int64_t speaker, const EnrolledUtterance& utterance) {
    sql_->Run("UPDATE utterances SET data = $1 WHERE id = $2",
              {vault_.Seal(EncodeUtterance(utterance), UtterancePlace(id, speaker)), id});
  }

  // Older versions stored names as they were typed: composed or not, with any blanks.
  std::int64_t IdOf(const std::string& name) {
    std::int64_t id = 0;
    for (const std::string& spelling : {NormalName(name), name, ToNfc(name), ToNfd(name)}) {
      if (id == 0)
        id = Number("SELECT id FROM speakers WHERE key = $1 AND (forget_at = 0 OR forget_at > $2)",
                    {vault_.LookupKey(spelling), now_});
    }
    return id;
  }

  std::int64_t MustFind(const std::string& name) {
    const std::int64_t id = IdOf(name);
    if (id == 0)
      throw Error(ErrorCode::kNotFound, "no speaker '" + Printable(name) + "' is enrolled in '" +
                                            Printable(sql_->Describe()) +
                                            "'; see: vpr speakers list");
    return id;
  }

  EnrolledSpeaker SpeakerOf(std::int64_t id) {
    EnrolledSpeaker speaker;
    sql_->Run("SELECT id, key, data, forget_at FROM speakers WHERE id = $1", {id},
              [&](const SqlRow& row) { speaker = ReadSpeaker(row); });
    return speaker;
  }

  std::function<void(const std::string&)> warn_;
  std::unique_ptr<SqlConnection> sql_;
  Vault vault_;
  std::int64_t now_ = 0;  // UtcSeconds of the transaction
};

}  // namespace

std::unique_ptr<VoiceStore> MakeSqlStore(std::unique_ptr<SqlConnection> connection,
                                         const StoreOptions& options) {
  return std::make_unique<SqlStore>(std::move(connection), options);
}

}  // namespace vpr
