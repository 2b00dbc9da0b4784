// A store in a PostgreSQL database, for many machines at once.
#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "store/postgres.h"
#include "vpr/base/api.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr char kSchema[] = R"(
CREATE TABLE store (
  id BIGINT PRIMARY KEY CHECK (id = 1),
  version BIGINT NOT NULL,
  header BYTEA NOT NULL,
  speakers BIGINT NOT NULL,
  utterances BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  scrub BIGINT NOT NULL);
CREATE TABLE speakers (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  revision BIGINT NOT NULL UNIQUE,
  key BYTEA NOT NULL UNIQUE,
  data BYTEA NOT NULL,
  forget_at BIGINT NOT NULL DEFAULT 0);
CREATE INDEX speakers_by_forget_at ON speakers (forget_at) WHERE forget_at > 0;
CREATE TABLE utterances (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  speaker BIGINT NOT NULL REFERENCES speakers (id) ON DELETE CASCADE,
  data BYTEA NOT NULL);
CREATE INDEX utterances_by_speaker ON utterances (speaker);
CREATE TABLE audio (
  utterance BIGINT PRIMARY KEY REFERENCES utterances (id) ON DELETE CASCADE,
  data BYTEA NOT NULL);
)";

constexpr char kTemplates[] = R"(
CREATE TABLE templates (
  block BIGINT PRIMARY KEY,
  maker BYTEA NOT NULL,
  speakers BIGINT NOT NULL,
  data BYTEA NOT NULL);
ALTER TABLE templates ALTER data SET STORAGE EXTERNAL;
)";

constexpr char kChannel[] = "vpr_changed";
// Any number, the same for all: the lock under which changes are made.
constexpr char kLock[] = "SELECT pg_advisory_xact_lock(8245927301)";

constexpr char kLockTimeout[] = "SET lock_timeout = '30s'";

constexpr Oid kInt8 = 20, kBytea = 17;

using Conninfo = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

// Null for what is no address.
Conninfo ParseConninfo(const std::string& where) {
  return {PQconninfoParse(where.c_str(), nullptr), PQconninfoFree};
}

// Empty if it has none of this name.
std::string_view Part(const Conninfo& parts, std::string_view name) {
  for (const PQconninfoOption* part = parts.get(); part != nullptr && part->keyword != nullptr;
       ++part)
    if (part->keyword == name && part->val != nullptr) return part->val;
  return "";
}

std::string WithoutPasswords(const std::string& where, std::string text) {
  const Conninfo parts = ParseConninfo(where);
  for (const char* name : {"password", "sslpassword"}) {
    const std::string_view secret = Part(parts, name);
    if (secret.empty()) continue;
    for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += 3)
      text.replace(at, secret.size(), "...");
  }
  return text;
}

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

// In the binary format.
class Row : public SqlRow {
 public:
  Row(const PGresult* result, int row) : result_(result), row_(row) {}
  std::int64_t Integer(int column) const override {
    const std::string_view bytes = Bytes(column);
    std::uint64_t value = 0;
    for (char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
    // int4 comes in four bytes, int8 in eight.
    if (bytes.size() == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
    return static_cast<std::int64_t>(value);
  }
  std::string_view Bytes(int column) const override {
    return {PQgetvalue(result_, row_, column),
            static_cast<std::size_t>(PQgetlength(result_, row_, column))};
  }
  bool IsNull(int column) const override { return PQgetisnull(result_, row_, column) == 1; }

 private:
  const PGresult* result_;
  int row_;
};

class Postgres : public SqlConnection {
 public:
  explicit Postgres(const std::string& where)
      : where_(where), owner_(PQconnectdb(CheckAddress(where).c_str())), connection_(owner_.get()) {
    CheckConnected();
    // Never the password.
    name_ = "postgresql://" + Text(PQuser(connection_)) + "@" + Text(PQhost(connection_)) + ":" +
            Text(PQport(connection_)) + "/" + Text(PQdb(connection_));
    PQsetNoticeProcessor(
        connection_, [](void*, const char*) {}, nullptr);
    BeginSession();
  }

  std::string Describe() const override { return name_; }

  std::int64_t Run(const std::string& sql, SqlValues values,
                   const std::function<void(const SqlRow&)>& use) override {
    if (!in_transaction_) ReconnectIfLost();
    std::vector<Oid> types;
    std::vector<const char*> pointers;
    std::vector<int> lengths, formats;
    std::vector<std::string> numbers;
    numbers.reserve(values.size());
    for (const SqlValue& value : values) {
      types.push_back(value.is_number ? kInt8 : kBytea);
      if (value.is_number) {
        std::string big_endian;
        for (int shift = 56; shift >= 0; shift -= 8)
          big_endian += static_cast<char>(static_cast<std::uint64_t>(value.number) >> shift & 0xFF);
        numbers.push_back(std::move(big_endian));
        pointers.push_back(numbers.back().data());
        lengths.push_back(8);
      } else {
        // A null pointer would be NULL.
        pointers.push_back(value.bytes.empty() ? "" : value.bytes.data());
        lengths.push_back(static_cast<int>(value.bytes.size()));
      }
      formats.push_back(1);
    }
    if (PQsendQueryParams(connection_, sql.c_str(), static_cast<int>(types.size()), types.data(),
                          pointers.data(), lengths.data(), formats.data(), 1) != 1)
      throw Error(ErrorCode::kIo, Failed() + Message());
    PQsetSingleRowMode(connection_);
    std::int64_t rows = 0;
    std::optional<std::string> failure;
    std::exception_ptr thrown;  // by `use`: what is still to come must be taken off first
    while (Result result{PQgetResult(connection_)}) {
      switch (PQresultStatus(result.get())) {
        case PGRES_SINGLE_TUPLE:
        case PGRES_TUPLES_OK:
          for (int row = 0; row < PQntuples(result.get()); ++row, ++rows) {
            try {
              if (use && !thrown) use(Row(result.get(), row));
            } catch (...) {
              thrown = std::current_exception();
            }
          }
          break;
        case PGRES_COMMAND_OK:
          rows = std::strtoll(PQcmdTuples(result.get()), nullptr, 10);
          break;
        default:
          failure = PQresultErrorMessage(result.get());
      }
    }
    if (thrown) std::rethrow_exception(thrown);
    if (failure)
      throw Error(
          ErrorCode::kIo,
          Failed() + (failure->empty() ? "no reason given" : std::string(Lines(*failure).front())));
    if (PQstatus(connection_) != CONNECTION_OK)
      throw Error(ErrorCode::kIo, Failed() + "the connection was lost");
    return rows;
  }

  void ReadTemplates(std::int64_t block, LargeVector<char>& data) override {
    Run("SELECT data FROM templates WHERE block = $1", {block}, [&](const SqlRow& row) {
      const std::string_view bytes = row.Bytes(0);
      data.assign(bytes.begin(), bytes.end());
    });
  }

  std::vector<std::unique_ptr<SqlConnection>> Readers(std::size_t count) override {
    std::vector<std::unique_ptr<SqlConnection>> readers;
    try {
      while (readers.size() < count) readers.push_back(std::make_unique<Postgres>(where_));
    } catch (const Error&) {
      // The server gives no more.
    }
    return readers;
  }

  void Begin(bool write) override {
    ReconnectIfLost();
    in_transaction_ = true;
    try {
      BeginNow(write);
    } catch (...) {
      in_transaction_ = false;
      throw;
    }
  }
  void BeginNow(bool write) {
    Run(write ? "BEGIN ISOLATION LEVEL READ COMMITTED"
              : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        {}, {});
    if (!write) return;
    try {
      Run(kLock, {}, {});
    } catch (...) {
      Rollback();
      throw;
    }
  }
  void Commit() override {
    Run("COMMIT", {}, {});
    in_transaction_ = false;
  }
  void Rollback() noexcept override {
    Result(PQexec(connection_, "ROLLBACK"));
    in_transaction_ = false;
  }

  bool initialized() override {
    bool there = false;
    // Not to_regclass: within a transaction that would answer from before the lock was had.
    Run("SELECT count(*) FROM pg_catalog.pg_class WHERE relname IN ('store', 'utterances') AND "
        "relkind = 'r' AND pg_catalog.pg_table_is_visible(oid)",
        {}, [&](const SqlRow& row) { there = row.Integer(0) == 2; });
    return there;
  }

  void Initialize(const std::string& header) override {
    Begin(true);
    try {
      if (!initialized()) {
        RunAll(kSchema);
        MakeTemplates();
        Run("INSERT INTO store VALUES (1, $1, $2, 0, 0, 0, 0)",
            {std::int64_t{kStoreVersion}, header}, {});
      }
      Commit();
    } catch (...) {
      Rollback();
      throw;
    }
  }

  void MakeTemplates() override { RunAll(kTemplates); }

  bool HasColumn(const std::string& table, const std::string& column) override {
    return Run(Format("SELECT 1 FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c "
                      "ON a.attrelid = c.oid WHERE pg_catalog.pg_table_is_visible(c.oid) AND "
                      "NOT a.attisdropped AND c.relname = '%s' AND a.attname = '%s'",
                      table.c_str(), column.c_str()),
               {}, {}) > 0;
  }

  void Changed() override { Run(std::string("NOTIFY ") + kChannel, {}, {}); }

  bool HasChanged() override {
    Run("SELECT 1", {}, {});  // fails if the connection is gone, which would never tell of a change
    PQconsumeInput(connection_);
    bool changed = std::exchange(missed_, false);
    while (PGnotify* notification = PQnotifies(connection_)) {
      changed = changed || notification->be_pid != PQbackendPID(connection_);
      PQfreemem(notification);
    }
    return changed;
  }

  // Rewrites the tables; the server's log and copies are its administrator's business. Only their
  // owner may, others' attempts are passed over by the server.
  void Scrub(std::int64_t seen) override {
    try {
      bool owner = false;
      Run("SELECT bool_and(pg_has_role(relowner, 'USAGE'))::int FROM pg_class WHERE oid IN "
          "('audio'::regclass, 'utterances'::regclass, 'templates'::regclass, "
          "'speakers'::regclass, 'store'::regclass)",
          {}, [&](const SqlRow& row) { owner = row.Integer(0) != 0; });
      if (!owner) return;
      // Whoever reads waits behind this, and this for who reads already.
      Run("SET lock_timeout = '3s'", {}, {});
      for (const char* table : {"audio", "utterances", "templates", "speakers", "store"})
        Run(std::string("VACUUM (FULL) ") + table, {}, {});
      Run("UPDATE store SET scrub = 0 WHERE scrub = $1", {seen}, {});
    } catch (const Error&) {
      // Others are reading: the next one that opens the store tries.
    }
    try {
      Run(kLockTimeout, {}, {});
    } catch (const Error&) {
      // The next statement will say that the connection is lost.
    }
  }

  bool overwrites() const override { return false; }
  void CheckIntegrity() override {}

 private:
  static std::string Text(const char* text) { return text == nullptr ? "" : text; }
  void CheckConnected() const {
    if (PQstatus(connection_) != CONNECTION_OK)
      throw Error(ErrorCode::kIo, "cannot reach the database '" + DescribePostgres(where_) +
                                      "': " + WithoutPasswords(where_, Message()));
  }
  void BeginSession() {
    Run(kLockTimeout, {}, {});
    Run(std::string("LISTEN ") + kChannel, {}, {});
  }
  // Whoever ran into the loss was told; the next call finds a server that is there again.
  void ReconnectIfLost() {
    if (PQstatus(connection_) == CONNECTION_OK) return;
    PQreset(connection_);
    CheckConnected();
    missed_ = true;  // nobody told of changes meanwhile
    BeginSession();
  }
  // Else a part of the password would be taken for a host or a database, and shown.
  static const std::string& CheckAddress(const std::string& where) {
    const std::size_t begin = where.find("//") + 2;
    const std::string address = where.substr(begin, where.find('?', begin) - begin);
    const std::size_t at = address.find('@');
    if (at != std::string::npos &&
        (address.find('@', at + 1) != std::string::npos || address.find('/') < at))
      throw Error(ErrorCode::kInvalidArgument,
                  "the address of the database is not clear; in a password write %40 for @ and %2F "
                  "for /");
    // What libpq says of an address that it cannot read quotes it.
    const Conninfo parts = ParseConninfo(where);
    if (parts == nullptr)
      throw Error(ErrorCode::kInvalidArgument,
                  "the address of the database cannot be read; expected "
                  "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, and in its parts %25 for %, %40 "
                  "for @, %2F for /, %3A for :, %3F for ?");
    const std::string_view port = Part(parts, "port");
    if (port.find_first_not_of("0123456789,") != std::string_view::npos)
      throw Error(ErrorCode::kInvalidArgument,
                  "the address of the database is not clear: its port is no number; expected "
                  "postgresql://USER:PASSWORD@HOST:PORT/DATABASE");
    return where;
  }
  std::string Message() const {
    const std::string text = Text(PQerrorMessage(connection_));
    return text.empty() ? "no reason given" : Printable(Lines(text).front());
  }
  // Statements without values.
  void RunAll(const char* statements) {
    if (Result result{PQexec(connection_, statements)};
        PQresultStatus(result.get()) != PGRES_COMMAND_OK)
      throw Error(ErrorCode::kIo, Failed() + Message());
  }

  std::string Failed() const { return "cannot use store '" + Printable(name_) + "': "; }

  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  const std::string where_;
  std::string name_;
  std::unique_ptr<PGconn, Finish> owner_;
  PGconn* connection_;
  bool in_transaction_ = false;
  bool missed_ = false;
};

}  // namespace

std::unique_ptr<SqlConnection> OpenPostgres(const StoreOptions& options) {
  return std::make_unique<Postgres>(options.where);
}

std::string DescribePostgres(const std::string& where) {
  const Conninfo parts = ParseConninfo(where);
  if (parts == nullptr) return "postgresql://...";
  std::string user(Part(parts, "user")), host(Part(parts, "host")), port(Part(parts, "port")),
      database(Part(parts, "dbname"));
  if (!user.empty()) user += "@";
  if (port.find_first_not_of("0123456789,") != std::string::npos) return "postgresql://...";
  if (!port.empty()) port = ":" + port;
  // What no such part has: a password that was not written as it must be.
  if ((host + port + database).find('@') != std::string::npos) return "postgresql://...";
  return Printable("postgresql://" + user + host + port + "/" + database);
}

}  // namespace vpr

extern "C" VPR_API const vpr::PostgresDriver* vpr_postgres() {
  static const vpr::PostgresDriver driver = {vpr::OpenPostgres, vpr::DescribePostgres};
  return &driver;
}
