// The little that is needed of an SQL database, so that the store is written once.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "vpr/base/large_vector.h"
#include "vpr/store/voice_store.h"

namespace vpr {

// A value to bind: a whole number or bytes.
struct SqlValue {
  SqlValue(std::int64_t value) : number(value), is_number(true) {}  // NOLINT: implicit on purpose
  SqlValue(std::string_view value) : bytes(value) {}                // NOLINT
  SqlValue(const std::string& value) : bytes(value) {}              // NOLINT
  std::int64_t number = 0;
  std::string_view bytes;
  bool is_number = false;
};
using SqlValues = std::initializer_list<SqlValue>;

// A row of a result; what it gives lives until the next row.
class SqlRow {
 public:
  virtual ~SqlRow() = default;
  virtual std::int64_t Integer(int column) const = 0;  // 0 for NULL
  virtual std::string_view Bytes(int column) const = 0;
  virtual bool IsNull(int column) const = 0;
};

// Throws vpr::Error for whatever goes wrong. Statements name their values $1, $2 ... in the order
// of their first appearance.
class SqlConnection {
 public:
  virtual ~SqlConnection() = default;

  virtual std::string Describe() const = 0;
  // Calls `use` for every row, which must not run statements itself; returns the number of rows, or
  // of those changed.
  virtual std::int64_t Run(const std::string& sql, SqlValues values = {},
                           const std::function<void(const SqlRow&)>& use = {}) = 0;
  // The data of this block, which must be there: many bytes, copied as few times as can be.
  virtual void ReadTemplates(std::int64_t block, LargeVector<char>& data) = 0;
  // More connections to the same database, to read templates with on as many threads; fewer than
  // `count`, or none, where no more are to be had.
  virtual std::vector<std::unique_ptr<SqlConnection>> Readers(std::size_t count) = 0;
  // Several transactions that write wait for each other.
  virtual void Begin(bool write) = 0;
  virtual void Commit() = 0;
  virtual void Rollback() noexcept = 0;

  // Makes the tables unless they are there, with this header, as one transaction.
  virtual void Initialize(const std::string& header) = 0;
  virtual bool initialized() = 0;

  // For bringing a store of an earlier version to this one: the table of templates, which must not
  // be there, and what there is.
  virtual void MakeTemplates() = 0;
  virtual bool HasColumn(const std::string& table, const std::string& column) = 0;  // names of ours
  virtual bool writable() const { return true; }

  virtual void Changed() {}       // inside a transaction that changes something
  virtual bool HasChanged() = 0;  // by somebody else since the last call
  // Leaves nothing of what was removed, and then sets store.scrub, if it is still `seen`, to 0.
  virtual void Scrub(std::int64_t seen) = 0;
  virtual bool overwrites() const = 0;  // Scrub does, not only frees
  virtual void CheckIntegrity() = 0;
};

std::unique_ptr<SqlConnection> OpenSqlite(const StoreOptions& options);

// Of the tables; docs/formats.md has them. Earlier versions are brought to this one when they are
// opened.
inline constexpr int kStoreVersion = 3;

}  // namespace vpr
