// A store in one SQLite file.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string_view>
#include <thread>
#include <vector>

#include "store/read_ahead.h"
#include "store/sql.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

namespace fs = std::filesystem;

constexpr int kApplicationId = 0x76707231;  // "vpr1"
constexpr int kWaitMilliseconds = 30000;
// Of new stores: a million voiceprints are read in a third less of processor time than in pages of
// 4 KiB, SQLite's default, and a change is written as fast. Every size is read.
constexpr int kPageBytes = 16384;
// Of what reads templates, no page of which is wanted again: few, so that they stay in the
// processor's cache.
constexpr int kReaderPages = 16;
constexpr std::int64_t kMostInMemory = 256 << 20;  // of the copy that compacting makes
constexpr int kLogBytes = 4 << 20;  // from which on the write-ahead log goes into the file

constexpr char kSchema[] = R"(
CREATE TABLE store (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL,
  header BLOB NOT NULL,
  speakers INTEGER NOT NULL,
  utterances INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  scrub INTEGER NOT NULL);
CREATE TABLE speakers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  revision INTEGER NOT NULL UNIQUE,
  key BLOB NOT NULL UNIQUE,
  data BLOB NOT NULL,
  forget_at BIGINT NOT NULL DEFAULT 0);
CREATE INDEX speakers_by_forget_at ON speakers (forget_at) WHERE forget_at > 0;
CREATE TABLE utterances (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  speaker INTEGER NOT NULL REFERENCES speakers (id) ON DELETE CASCADE,
  data BLOB NOT NULL);
CREATE INDEX utterances_by_speaker ON utterances (speaker);
CREATE TABLE audio (
  utterance INTEGER PRIMARY KEY REFERENCES utterances (id) ON DELETE CASCADE,
  data BLOB NOT NULL);
)";

constexpr char kTemplates[] = R"(
CREATE TABLE templates (
  block INTEGER PRIMARY KEY,
  maker BLOB NOT NULL,
  speakers INTEGER NOT NULL,
  data BLOB NOT NULL);
)";

[[noreturn]] void CannotOpen(const std::string& path, const std::string& why) {
  throw Error(ErrorCode::kIo, "cannot open store '" + Printable(path) + "': " + why);
}

// The file itself, behind the links that may be followed, absolute.
std::string FileOf(const std::string& path) {
  const std::string file = PlaceOfWriting(path);
  std::error_code error;
  const fs::path folder = fs::canonical(fs::absolute(file).parent_path(), error);
  if (error) CannotOpen(path, error.message());
  return (folder / fs::path(file).filename()).string();
}

// Of the folder in which a store is made, so that two processes do not make it both. Without a lock
// where the folder may not be read or its file system knows none.
class FolderLock {
 public:
  explicit FolderLock(const std::string& file)
      : fd_(::open(fs::path(file).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    while (fd_ >= 0 && ::flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_;
};

// The store and the files that SQLite keeps beside it.
std::vector<std::string> FilesOf(const std::string& file) {
  return {file, file + "-wal", file + "-shm", file + "-journal"};
}

// What another user may have laid out for us to write voices into, or to read as ours.
void CheckOwners(const std::string& file, const std::string& path) {
  struct stat folder {};
  if (::stat(fs::path(file).parent_path().c_str(), &folder) != 0)
    CannotOpen(path, std::strerror(errno));
  const bool open_to_all = (folder.st_mode & S_IWOTH) != 0;
  for (const std::string& one : FilesOf(file)) {
    struct stat status {};
    if (::lstat(one.c_str(), &status) != 0) continue;
    const bool foreign = status.st_uid != ::geteuid() && status.st_uid != 0;
    if (!S_ISREG(status.st_mode)) CannotOpen(path, "'" + Printable(one) + "' is not a file");
    if (foreign && (open_to_all || status.st_size == 0) && (open_to_all || one == file))
      CannotOpen(path, Format("'%s' belongs to another user (%ld)%s; take another place with --db",
                              Printable(one).c_str(), static_cast<long>(status.st_uid),
                              open_to_all ? ", in a folder that everybody may write to"
                                          : " and is no store yet"));
  }
}

// Whether the file's own header has our number (SQLite's file format, 1.3: 4 bytes at 68). One that
// is being made may not have it yet; it gets its permissions when it is made.
bool IsStore(const std::string& file) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  std::array<char, 72> header{};
  std::ifstream in(file, std::ios::binary);
  if (!in.read(header.data(), header.size())) return false;
  std::uint32_t number = 0;
  for (int i = 68; i < 72; ++i) number = number << 8 | static_cast<unsigned char>(header[i]);
  return std::string_view(header.data(), kMagic.size()) == kMagic && number == kApplicationId;
}

// Voices are for their owner, or for a group that was given them, but not for every user. Copies
// get such permissions easily. Files that are no stores stay as they are.
void CheckPermissions(const std::string& file, const std::string& path,
                      const std::function<void(const std::string&)>& warn) {
  if (!IsStore(file)) return;
  for (const std::string& one : FilesOf(file)) {
    struct stat status {};
    if (::lstat(one.c_str(), &status) != 0 || (status.st_mode & S_IRWXO) == 0) continue;
    const bool mended = ::chmod(one.c_str(), 0600) == 0;
    if (!warn || one != file) continue;
    warn(Format(
        "every user of this machine could open the store '%s' (mode %04o); %s",
        Printable(path).c_str(), static_cast<unsigned>(status.st_mode & 07777),
        mended ? "now only its owner can (0600)" : "its owner should change that: chmod 600"));
  }
}

class Row : public SqlRow {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  std::int64_t Integer(int column) const override {
    return sqlite3_column_int64(statement_, column);
  }
  std::string_view Bytes(int column) const override {
    const void* data = sqlite3_column_blob(statement_, column);
    if (data == nullptr) return "";
    return {static_cast<const char*>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  bool IsNull(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }

 private:
  sqlite3_stmt* statement_;
};

class Sqlite : public SqlConnection {
 public:
  explicit Sqlite(const StoreOptions& options) : path_(options.where) {
    struct stat status {};
    const bool there = ::stat(path_.c_str(), &status) == 0;
    if (!there && errno != ENOENT && errno != ENOTDIR) CannotOpen(path_, std::strerror(errno));
    if (there && !S_ISREG(status.st_mode))
      throw Error(ErrorCode::kInvalidArgument,
                  "'" + Printable(path_) + "' is not a file, so it cannot be a store");
    if (!options.create && (!there || status.st_size == 0))
      throw Error(
          ErrorCode::kNotFound,
          "no voices are enrolled: there is no store '" + Printable(path_) +
              "'; enroll somebody with: vpr enroll NAME FILE..., or name another with --db");
    if (!there) {
      if (const fs::path folder = fs::path(path_).parent_path(); !folder.empty())
        MakeFolders(folder.string(), 0700);
      CheckOwners(FileOf(path_), path_);
      in_memory_ = true;
      Open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, nullptr);
      SetPageSize();
      return;
    }
    if (status.st_size > 0 && status.st_size < 512)
      throw Error(ErrorCode::kCorrupt,
                  Format("cannot use store '%s': its %lld bytes are no store",
                         Printable(path_).c_str(), static_cast<long long>(status.st_size)));
    // An empty file that was there becomes a store: as private as if it had been made.
    if (status.st_size == 0) ::chmod(FileOf(path_).c_str(), 0600);
    OpenFile(options.warn);
  }
  // To read templates with.
  Sqlite(const std::string& path, std::shared_ptr<ReadAhead> ahead)
      : path_(path), ahead_(std::move(ahead)) {
    Connect();
    Execute(Format("PRAGMA cache_size = %d", kReaderPages).c_str());
  }

  void OpenFile(const std::function<void(const std::string&)>& warn) {
    const std::string file = FileOf(path_);
    CheckOwners(file, path_);
    if (::access(file.c_str(), R_OK) != 0) CannotOpen(path_, std::strerror(errno));
    CheckPermissions(file, path_, warn);
    Connect();
    CheckSize();
    SetPageSize();
    Execute(Format("PRAGMA wal_autocheckpoint = %d", kLogBytes / kPageBytes).c_str());
  }

  void SetPageSize() { Execute(Format("PRAGMA page_size = %d", kPageBytes).c_str()); }

  void Connect() {
    // Absolute, since SQLite takes ":memory:" and "file:..." for something else than files, and
    // behind all links, where SQLite keeps its log.
    file_ = FileOf(path_);
    std::string where = file_;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW;
    immutable_ = Unwritable();
    if (immutable_) {
      flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOFOLLOW;
      where = ImmutableUri(where);
    }
    Open(where, flags, ReadAheadVfs());
    ::stat(file_.c_str(), &opened_);
  }

  void Open(const std::string& where, int flags, const char* vfs) {
    const int code = sqlite3_open_v2(where.c_str(), &handle_, flags, vfs);
    owner_.reset(handle_);
    if (code != SQLITE_OK) Fail();
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, kWaitMilliseconds);
    Execute(
        "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;"
        "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
  }

  std::string Describe() const override { return path_; }

  std::int64_t Run(const std::string& sql, SqlValues values,
                   const std::function<void(const SqlRow&)>& use) override {
    auto& prepared = statements_[sql];
    if (prepared == nullptr) {
      sqlite3_stmt* fresh = nullptr;
      if (sqlite3_prepare_v2(handle_, sql.c_str(), -1, &fresh, nullptr) != SQLITE_OK) Fail();
      prepared.reset(fresh);
    }
    sqlite3_stmt* statement = prepared.get();
    struct Reset {
      sqlite3_stmt* statement;
      ~Reset() {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
      }
    } reset{statement};
    int at = 0;
    for (const SqlValue& value : values) {
      ++at;
      const int code = value.is_number ? sqlite3_bind_int64(statement, at, value.number)
                                       : sqlite3_bind_blob64(statement, at, value.bytes.data(),
                                                             value.bytes.size(), SQLITE_STATIC);
      if (code != SQLITE_OK) Fail();
    }
    std::int64_t rows = 0;
    int code = SQLITE_ROW;
    for (; (code = sqlite3_step(statement)) == SQLITE_ROW; ++rows) {
      if (use) use(Row(statement));
    }
    if (code != SQLITE_DONE) Fail();
    return sqlite3_column_count(statement) > 0 ? rows : sqlite3_changes(handle_);
  }

  // A column is put together in memory of SQLite's, a blob where we want it.
  void ReadTemplates(std::int64_t block, LargeVector<char>& data) override {
    const ReadAhead::Listener listener(ahead_.get());
    sqlite3_blob* opened = nullptr;
    const int code = templates_ != nullptr ? sqlite3_blob_reopen(templates_.get(), block)
                                           : sqlite3_blob_open(handle_, "main", "templates", "data",
                                                               block, 0, &opened);
    if (opened != nullptr) templates_.reset(opened);
    if (code != SQLITE_OK) Fail();
    data.resize(static_cast<std::size_t>(sqlite3_blob_bytes(templates_.get())));
    if (sqlite3_blob_read(templates_.get(), data.data(), static_cast<int>(data.size()), 0) !=
        SQLITE_OK)
      Fail();
  }

  std::vector<std::unique_ptr<SqlConnection>> Readers(std::size_t count) override {
    std::vector<std::unique_ptr<SqlConnection>> readers;
    const auto ahead = std::make_shared<ReadAhead>(file_);
    try {
      while (readers.size() < count) readers.push_back(std::make_unique<Sqlite>(file_, ahead));
    } catch (const Error&) {
      // No more open files are allowed.
    }
    return readers;
  }

  void Begin(bool write) override { Execute(write ? "BEGIN IMMEDIATE" : "BEGIN"); }
  void Commit() override {
    templates_.reset();
    Execute("COMMIT");
  }
  void Rollback() noexcept override {
    templates_.reset();
    TryExecute("ROLLBACK");
  }

  bool initialized() override {
    auto ours = [&] { return Pragma("application_id") == kApplicationId; };
    if (ours()) {
      // Such would act on every change, unseen.
      Run("SELECT type, name FROM sqlite_master WHERE type NOT IN ('table', 'index')", {},
          [&](const SqlRow& row) {
            throw Error(ErrorCode::kCorrupt, "cannot use store '" + Printable(path_) +
                                                 "': it has a " + Printable(row.Bytes(0)) + ", '" +
                                                 Printable(row.Bytes(1)) +
                                                 "', which no store of vpr has");
          });
      return true;
    }
    if (Tables() == 0) return false;
    // Another process may have made the store in between, tables and number in one transaction.
    if (!ours())
      throw Error(ErrorCode::kCorrupt, "cannot use store '" + Printable(path_) +
                                           "': it is an SQLite database, but not one of vpr");
    return true;
  }

  void Initialize(const std::string& header) override {
    if (in_memory_) {
      MakeTables(header);
      MakeFile();
      in_memory_ = false;
      statements_.clear();
      OpenFile(nullptr);
      if (initialized()) return;
    }
    // Switching to the write-ahead log does not wait for others by itself.
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(kWaitMilliseconds);
    while (!TryExecute("PRAGMA journal_mode = WAL")) {
      const int code = sqlite3_errcode(handle_) & 0xFF;
      if ((code != SQLITE_BUSY && code != SQLITE_LOCKED) ||
          std::chrono::steady_clock::now() > deadline)
        Fail();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    MakeTables(header);
  }

  // A store that was not there is made in memory, and then is a file at once or not at all.
  void MakeFile() {
    const std::string file = FileOf(path_);
    sqlite3_int64 size = 0;
    const std::unique_ptr<unsigned char, decltype(&sqlite3_free)> image(
        sqlite3_serialize(handle_, "main", &size, 0), sqlite3_free);
    if (image == nullptr) CannotOpen(path_, "out of memory");
    // Bytes 18 and 19 say that changes go into a write-ahead log
    // (https://sqlite.org/fileformat2.html), which a store in memory has none of.
    image.get()[18] = image.get()[19] = 2;
    AtomicFile made(file, AtomicFile::kPrivate);
    made.Write(image.get(), static_cast<std::size_t>(size));
    made.Sync();
    const FolderLock lock(file);
    struct stat status {};
    if (::lstat(file.c_str(), &status) == 0) return;  // another process was first
    made.Rename();
  }

  void MakeTables(const std::string& header) {
    Execute("BEGIN IMMEDIATE");
    try {
      if (!initialized()) {  // another process may have been first
        Execute(kSchema);
        MakeTemplates();
        Run("INSERT INTO store VALUES (1, $1, $2, 0, 0, 0, 0)",
            {std::int64_t{kStoreVersion}, header}, {});
        Execute(Format("PRAGMA application_id = %d", kApplicationId).c_str());
      }
      Execute("COMMIT");
    } catch (...) {
      Rollback();
      throw;
    }
  }

  void MakeTemplates() override { Execute(kTemplates); }

  bool HasColumn(const std::string& table, const std::string& column) override {
    return Run(Format("SELECT name FROM pragma_table_info('%s') WHERE name = '%s'", table.c_str(),
                      column.c_str()),
               {}, {}) > 0;
  }

  bool writable() const override { return !immutable_; }

  bool HasChanged() override {
    struct stat now {};
    if (::stat(file_.c_str(), &now) != 0 || now.st_ino != opened_.st_ino)
      throw Error(ErrorCode::kIo,
                  "store '" + Printable(path_) + "' was removed or replaced while it was in use");
    // SQLite would not notice.
    if (immutable_ && (!Unwritable() || now.st_size != opened_.st_size ||
                       now.st_mtim.tv_sec != opened_.st_mtim.tv_sec ||
                       now.st_mtim.tv_nsec != opened_.st_mtim.tv_nsec))
      throw Error(ErrorCode::kIo, "store '" + Printable(path_) +
                                      "' was changed, and here it may only be read; start again");
    const std::int64_t version = Pragma("data_version");
    const bool changed = version != data_version_;
    data_version_ = version;
    return changed;
  }

  // Deleted content is overwritten as it is deleted (secure_delete), but in the log: it has to get
  // into the file before the file is made shorter. Then the space is given back, and the log cut,
  // which may still hold it. Where another process reads just now, the next one that opens the
  // store does it.
  void Scrub(std::int64_t seen) override {
    sqlite3_busy_timeout(handle_, 3000);
    const auto empty_log = [&] {
      int left = 0, done = 0;
      return sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, &left,
                                       &done) == SQLITE_OK;
    };
    // A copy of the store: a large one not in memory.
    if (Size() > kMostInMemory) TryExecute("PRAGMA temp_store = FILE");
    if (empty_log() && TryExecute("VACUUM") && empty_log())
      TryExecute(
          Format("UPDATE store SET scrub = 0 WHERE scrub = %lld", static_cast<long long>(seen))
              .c_str());
    TryExecute("PRAGMA temp_store = MEMORY");
    sqlite3_busy_timeout(handle_, kWaitMilliseconds);
  }

  bool overwrites() const override { return true; }

  void CheckIntegrity() override {
    Run("PRAGMA integrity_check", {}, [&](const SqlRow& row) {
      if (row.Bytes(0) != "ok")
        throw Error(ErrorCode::kCorrupt, "store '" + Printable(path_) + "' is damaged: " +
                                             Printable(Lines(row.Bytes(0)).front()) +
                                             "; restore it from a copy");
    });
  }

 private:
  // In a folder that may not be written to, SQLite cannot make the files its log needs. Without a
  // log nobody is writing either, so the file can be read as it is.
  bool Unwritable() const {
    std::error_code error;
    return ::access(fs::path(file_).parent_path().c_str(), W_OK) != 0 &&
           !fs::exists(file_ + "-wal", error);
  }
  static std::string ImmutableUri(const std::string& path) {
    std::string uri = "file://";
    for (char c : path) {
      if (c == '%' || c == '?' || c == '#') {
        uri += Format("%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
      } else {
        uri += c;
      }
    }
    return uri + "?immutable=1";
  }

  std::int64_t Size() { return Pragma("page_count") * Pragma("page_size"); }

  // SQLite would only notice what is cut off when it needs it, and write until then.
  void CheckSize() {
    const auto size_of = [](const std::string& path) {
      struct stat status {};
      return ::stat(path.c_str(), &status) == 0 ? static_cast<long long>(status.st_size) : 0;
    };
    const auto log_is_empty = [&] { return size_of(file_ + "-wal") == 0; };
    if (!log_is_empty()) return;  // parts of the file may be there
    const long long size = size_of(file_);
    if (size == 0) return;
    const long long expected = Size();
    if (size >= expected || !log_is_empty() || size_of(file_) != size) return;
    throw Error(ErrorCode::kCorrupt,
                Format("cannot use store '%s': it is damaged: %lld bytes long, %lld are expected; "
                       "restore it from a copy",
                       Printable(path_).c_str(), size, expected));
  }

  void Execute(const char* sql) {
    if (!TryExecute(sql)) Fail();
  }
  bool TryExecute(const char* sql) noexcept {
    return sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
  }
  std::int64_t Pragma(const std::string& name) {
    std::int64_t value = 0;
    Run("PRAGMA " + name, {}, [&](const SqlRow& row) { value = row.Integer(0); });
    return value;
  }
  std::int64_t Tables() {
    std::int64_t count = 0;
    Run("SELECT count(*) FROM sqlite_master", {},
        [&](const SqlRow& row) { count = row.Integer(0); });
    return count;
  }

  [[noreturn]] void Fail() const {
    const int code = handle_ == nullptr ? SQLITE_NOMEM : sqlite3_errcode(handle_);
    const std::string what = handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_);
    const std::string failed = "cannot use store '" + Printable(path_) + "': ";
    switch (code & 0xFF) {
      case SQLITE_CORRUPT:
      case SQLITE_NOTADB:
      case SQLITE_FORMAT:
      case SQLITE_ERROR:  // a table that is not there
        throw Error(ErrorCode::kCorrupt,
                    failed + "it is damaged or no store (" + Printable(what) + ")");
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
        throw Error(ErrorCode::kIo, failed + Format("another program has been using it for %d s",
                                                    kWaitMilliseconds / 1000));
      case SQLITE_READONLY:
      case SQLITE_CANTOPEN:
      case SQLITE_PERM:
        throw Error(ErrorCode::kIo, failed + Printable(what) +
                                        "; are file and folder there, and may they be "
                                        "written to?");
      default:
        throw Error(ErrorCode::kIo, failed + Printable(what));
    }
  }

  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
    void operator()(sqlite3_blob* blob) const { sqlite3_blob_close(blob); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };

  std::string path_;
  std::string file_;  // path_, absolute and without links
  struct stat opened_ {};
  bool immutable_ = false;
  bool in_memory_ = false;  // nothing of it is a file yet
  sqlite3* handle_ = nullptr;
  std::unique_ptr<sqlite3, Close> owner_;  // of handle_
  std::map<std::string, std::unique_ptr<sqlite3_stmt, Close>> statements_;
  std::shared_ptr<ReadAhead> ahead_;                // of a reader
  std::unique_ptr<sqlite3_blob, Close> templates_;  // a row of theirs
  std::int64_t data_version_ = 0;
};

}  // namespace

std::unique_ptr<SqlConnection> OpenSqlite(const StoreOptions& options) {
  return std::make_unique<Sqlite>(options);
}

}  // namespace vpr
