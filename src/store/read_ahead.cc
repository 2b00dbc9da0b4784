#include "store/read_ahead.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>

#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr off_t kLongStretch = 4 << 20;  // from which on it pays
constexpr off_t kAhead = 64 << 20;
constexpr off_t kStep = 2 << 20;   // asked for at once
constexpr off_t kNear = 16 << 20;  // readers of one stretch are no further apart
constexpr std::size_t kAskers = 4;

thread_local ReadAhead* listener = nullptr;

sqlite3_vfs* base = nullptr;
const sqlite3_io_methods* base_methods = nullptr;
sqlite3_vfs told;
sqlite3_io_methods told_methods;

int Read(sqlite3_file* file, void* to, int bytes, sqlite3_int64 offset) {
  if (listener != nullptr) listener->Note(offset, bytes);
  return base_methods->xRead(file, to, bytes, offset);
}

int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* given) {
  const int code = base->xOpen(base, name, file, flags, given);
  if (code != SQLITE_OK || (flags & SQLITE_OPEN_MAIN_DB) == 0) return code;
  static std::once_flag once;
  std::call_once(once, [&] {
    base_methods = file->pMethods;
    told_methods = *base_methods;
    told_methods.iVersion = std::min(told_methods.iVersion, 3);  // all that the header here knows
    told_methods.xRead = Read;
  });
  // One with other methods, on an odd file system, stays as it is.
  if (file->pMethods == base_methods) file->pMethods = &told_methods;
  return code;
}

// Registered beside the others as long as this code is loaded. The name holds an address, since
// this code may be in a process twice.
std::string vfs_name;
struct Unregister {
  ~Unregister() {
    if (!vfs_name.empty()) sqlite3_vfs_unregister(&told);
  }
} unregister;

bool Register() {
  base = sqlite3_vfs_find(nullptr);
  if (base == nullptr) return false;
  told = *base;
  vfs_name = Format("vpr-%p", static_cast<void*>(&told));
  told.zName = vfs_name.c_str();
  told.pNext = nullptr;
  told.xOpen = Open;
  return sqlite3_vfs_register(&told, /*makeDflt=*/0) == SQLITE_OK;
}

}  // namespace

const char* ReadAheadVfs() {
  static const bool registered = Register();
  return registered ? told.zName : nullptr;
}

ReadAhead::ReadAhead(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    const int fd = std::atoi(entry.path().filename().c_str());
    struct stat open {};
    if (::fstat(fd, &open) == 0 && open.st_dev == file.st_dev && open.st_ino == file.st_ino)
      descriptors_.push_back(fd);
  }
}

ReadAhead::~ReadAhead() {
  {
    std::lock_guard lock(mutex_);
    done_ = true;
  }
  changed_.notify_all();
  for (std::thread& asker : askers_) asker.join();
}

ReadAhead::Listener::Listener(ReadAhead* ahead) { listener = ahead; }
ReadAhead::Listener::~Listener() { listener = nullptr; }

// Asking takes as long as the disk is busy with what was asked for before.
void ReadAhead::Ask() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return done_ || asked_ < wanted_; });
    if (done_) return;
    const off_t from = asked_;
    asked_ += kStep;
    lock.unlock();
    ::posix_fadvise(descriptors_.front(), from, kStep, POSIX_FADV_WILLNEED);
    lock.lock();
  }
}

void ReadAhead::Note(off_t offset, int bytes) noexcept {
  if (bytes < 4096 || descriptors_.empty()) return;  // a part of a page
  std::lock_guard lock(mutex_);
  if (offset + kNear < next_ || offset > next_ + kNear) {
    length_ = 0;
    next_ = asked_ = wanted_ = offset;
  }
  length_ += bytes;
  next_ = std::max(next_, offset + bytes);
  if (length_ < kLongStretch) return;
  if (!asking_) {
    asking_ = true;
    try {
      while (askers_.size() < kAskers) askers_.emplace_back([this] { Ask(); });
    } catch (...) {
      // The system gives no more threads, and SQLite, which called this, knows no exceptions.
    }
  }
  asked_ = std::max(asked_, next_);
  wanted_ = next_ + kAhead;
  if (asked_ < wanted_) changed_.notify_all();
}

}  // namespace vpr
